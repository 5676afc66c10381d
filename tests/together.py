"""Which tests go to the same worker: those of one file, and those that share real machines.

A file's plant, a fleet or a demo is then built once, not once for each worker. xdist's own
groups (`xdist_group`, 3.8) do nothing with pytest 9.2: they change a name that nobody reads.
"""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

SHARE_MACHINES = ("tests/fleet/", "tests/integration/")

TAKE_LONGEST = (
    *SHARE_MACHINES,
    "tests/launcher/test_units.py",
    "tests/launcher/test_run_script.py",
    "tests/guards/test_permission_matrix.py",
    "tests/demo/",
)
"""These begin first, so that no worker is left alone with one of them at the end."""


def place_of(nodeid: str) -> str:
    """What goes to one worker: a file, or the directory whose tests share machines."""
    path = nodeid.partition("::")[0]
    return next((place for place in SHARE_MACHINES if path.startswith(place)), path)


class Together(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return place_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    config.option.loadscopereorder = False  # by number: the longest are few
    return Together(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """After the order was shuffled."""
    items.sort(key=lambda item: turn_of(item.nodeid))


def turn_of(nodeid: str) -> int:
    """Those that share machines come one after the other: the machines end with the last."""
    turns = (n for n, one in enumerate(TAKE_LONGEST) if nodeid.startswith(one))
    return next(turns, len(TAKE_LONGEST))
