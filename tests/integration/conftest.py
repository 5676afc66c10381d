"""A real guacd and the four real machines of the demo, once for all these tests.

They end with the last of them, and do not draw their moving screens beside all that come.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from accessportal.demo.targets import Targets, start_targets
from accessportal.launcher.guacd import Guacd
from sessions.guacamole.handshake import GuacdAddress


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = str(Path(__file__).parent)
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.guacd)


@pytest.fixture(scope="package")
def guacd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuacdAddress]:
    """guacd's address: `GUACD` if that is set, else one just for these tests."""
    daemon = Guacd(tmp_path_factory.mktemp("guacd"))
    host, _, port = daemon.ensure().rpartition(":")
    yield GuacdAddress(host, int(port))
    daemon.stop()


@pytest.fixture(scope="package")
def targets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Targets]:
    """The demo's VNC, RDP, SSH and telnet machines, on loopback."""
    with start_targets(tmp_path_factory.mktemp("targets")) as running:
        yield running
