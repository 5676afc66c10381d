"""guapy's own ASGI application, over the same server."""

from __future__ import annotations

import logging

from guapy.models import GuacamoleConfiguration, GuacdEndpoint
from guapy.server import GuacamoleASGIApp

from accessportal.bench.peers.serving import options, serve

if __name__ == "__main__":
    logging.disable(logging.WARNING)
    given = options()
    serve(
        GuacamoleASGIApp(
            endpoint=GuacdEndpoint("127.0.0.1", given.guacd),
            connection=GuacamoleConfiguration(
                protocol="vnc", parameters={"hostname": "127.0.0.1", "port": "5900"}
            ),
        ),
        given.port,
    )
