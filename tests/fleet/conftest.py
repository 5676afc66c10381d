"""One plant for all tests of the fleet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet.kit import Fleet


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = str(Path(__file__).parent)
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.guacd)


@pytest.fixture(scope="package")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Ended with the last of these tests: it takes a tenth of a core where nothing happens."""
    with Fleet(tmp_path_factory.mktemp("fleet")) as running:
        yield running


@pytest.fixture(autouse=True)
def all_is_recorded(request: pytest.FixtureRequest, fleet: Fleet) -> Iterator[None]:
    """Whatever a test did, nothing went unrecorded; when it fails, what the brokers said."""
    yield
    for broker in fleet.brokers.values():
        if broker.stopped:  # the test failed half-way: it would count as one that lives
            broker.end()
    fleet.nothing_went_unrecorded()
    fleet.sessions.clear()
    for console in fleet.consoles:
        console.stop()
    fleet.consoles.clear()
    for broker in fleet.brokers.values():
        said = broker.log.read_text(errors="replace")[-4000:]
        if said:
            request.node.add_report_section("call", broker.name, said)
