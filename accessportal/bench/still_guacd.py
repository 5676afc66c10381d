"""A scripted guacd with a still screen: a frame every 5 s, for many sessions at little cost.

    python -m accessportal.bench.still_guacd --port PORT --log FILE

Each `disconnect` of an owner appends the moment it was read to FILE, as seconds since 1970.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from pathlib import Path
from uuid import uuid4

from accessportal.bench.replay import ARGS, Line
from sessions.guacamole.instruction import encode

FRAME_SECONDS = 5.0
"""As seldom as guacd says "nop" on a screen where nothing happens."""
PICTURE = (
    encode("size", 0, 1024, 768)
    + encode("img", 1, 14, 0, "image/png", 0, 0)
    + encode("blob", 1, "iVBORw0KGgo=")
    + encode("end", 1)
)


class StillGuacd:
    def __init__(self, log: Path) -> None:
        self._log = log.open("a", buffering=1)
        self._living: set[str] = set()

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        line = Line(reader, writer)
        try:
            await self._converse(line)
        except (EOFError, OSError):
            pass
        finally:
            writer.close()

    async def _converse(self, line: Line) -> None:
        select = (await line.next()).args[0]
        joins = select.startswith("$")
        if joins and select not in self._living:
            return  # guacd's word for an id it does not know
        line.writer.write(ARGS.encode())
        await line.until("connect")
        connection = select if joins else f"${uuid4()}"
        if not joins:
            self._living.add(connection)
        line.writer.write((encode("ready", connection) + PICTURE).encode())
        frames = asyncio.create_task(self._frames(line))
        try:
            await line.until("disconnect")
            if not joins:
                print(time.time(), file=self._log)
                self._living.discard(connection)
        finally:
            frames.cancel()

    async def _frames(self, line: Line) -> None:
        clock = 1_000_000
        while True:
            line.writer.write(encode("sync", clock).encode())
            clock += round(FRAME_SECONDS * 1000)
            await asyncio.sleep(FRAME_SECONDS)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--log", type=Path, required=True)
    options = parser.parse_args()
    guacd = StillGuacd(options.log)
    server = await asyncio.start_server(
        guacd.serve, "127.0.0.1", options.port, backlog=1024
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
