"""What is around the brokers dies: the web, Redis, the way to the database. The work goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.fleet.kit import TAP, Fleet, until
from tests.fleet.severed import SeverableLine


def test_kill_9_of_the_web_goes_unnoticed(fleet: Fleet) -> None:
    """And who loses the link while there is no web is back with the next one."""
    fleet.brokers_living(1)
    webs = [fleet.start_web()]
    session, console = fleet.session(
        lambda session: webs[-1].ticket(session, fleet.cookie)
    )
    fleet.press_works(console)
    webs[-1].kill()
    fleet.press_works(console)
    assert (console.closings, len(console.pictures)) == ([], 1)

    console.cut()
    until(lambda: fleet.row_if(session, frozen_cause="away"))
    webs.append(fleet.start_web())
    try:
        fleet.press_works(console)
        assert len(console.pictures) == 2
        assert fleet.row_if(session, state="active", lease_epoch=1)
        fleet.end(session)
    finally:
        webs[-1].kill()


def test_redis_dies_and_a_broker_with_it(fleet: Fleet) -> None:
    """Nothing but speed hangs on a message: adoption, work and the end come by the tick."""
    fleet.brokers_living(2)
    session, console = fleet.session()
    row = fleet.anchored(session)
    with fleet.redis_away():
        fleet.press_works(console)
        fleet.brokers[row["broker"]].kill()
        until(lambda: fleet.row_if(session, broker=row["anchor_broker"]))
        fleet.press_works(console)
        fleet.end(session)


@pytest.fixture
def line(fleet: Fleet) -> Iterator[SeverableLine]:
    """The way to PostgreSQL for a broker that will be cut off from it, and goes with it."""
    with SeverableLine(urlsplit(fleet.environment["PORTAL_DATABASE_URL"]).port) as line:
        before = set(fleet.brokers)
        yield line
        for name in set(fleet.brokers) - before:
            fleet.brokers[name].end()


def test_a_broker_cut_off_from_the_database_is_replaced(
    fleet: Fleet, line: SeverableLine
) -> None:
    """It lives, and still reaches guacd and the contractor; but it may not act any more."""
    fleet.brokers_living(0)
    url = fleet.environment["PORTAL_DATABASE_URL"]
    port = urlsplit(url).port
    island = fleet.start_broker(
        PORTAL_DATABASE_URL=url.replace(f":{port}/", f":{line.port}/")
    )
    until(lambda: fleet.stage("living") == [island.name])
    session, console = fleet.session()
    other = fleet.start_broker()
    assert fleet.anchored(session)["anchor_broker"] == other.name
    holding = fleet.hold_jog(console)

    with line.severed():
        until(lambda: fleet.row_if(session, broker=other.name, lease_epoch=2))
        until(lambda: not fleet.hmi["jog"]["down"])
        holding.stop()
        x, y = fleet.middle_of("jog")
        felt = fleet.felt
        console.send(("mouse", x, y, 0), ("mouse", x, y, 1), *TAP)
        time.sleep(1.0)
        assert fleet.felt == felt
    until(
        lambda: console.closings
    )  # it hears that it is replaced, and says where to go
    fleet.press_works(console)
    assert fleet.row_if(session, broker=other.name, lease_epoch=2)
    fleet.end(session)
