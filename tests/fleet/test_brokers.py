"""What a plant with two brokers lives through: crashes, a process that stands still, deploys."""

from __future__ import annotations

import signal
import time

from tests.fleet.kit import TAP, Fleet, until


def show(**seconds: float) -> None:
    """The figures of docs/performance.md, for whoever runs these with `-s`."""
    print(", ".join(f"{name} {value:.2f} s" for name, value in seconds.items()))  # noqa: T201


def test_kill_9_of_a_broker_costs_seconds_and_nothing_else(fleet: Fleet) -> None:
    fleet.brokers_living(2)
    pressed = fleet.hmi["input"]["button_presses"]
    session, console = fleet.session()
    row = fleet.anchored(session)
    holding = fleet.hold_jog(console)
    fleet.hold_key(console)
    until(lambda: len(fleet.stage("row", session)["held_input"]) == 2)

    fleet.brokers[row["broker"]].kill()
    died = time.monotonic()
    holding.stop()
    after = until(lambda: fleet.row_if(session, broker=row["anchor_broker"]))
    until(lambda: not fleet.hmi["jog"]["down"])
    released = time.monotonic()
    live = fleet.press_works(console)
    show(released=released - died, live=live - died)

    assert (after["state"], after["lease_epoch"]) == ("active", 2)
    until(lambda: fleet.hmi["input"]["buttons_down"] == [])
    until(lambda: fleet.hmi["input"]["keys_down"] == [])
    assert fleet.hmi["input"]["button_presses"] > pressed
    assert {"session.adopted", "session.input.released"} <= set(
        fleet.stage("events", session)
    )
    fleet.end(session)
    (gap,) = fleet.evidence(session)["gaps"]
    assert 0 < gap["to_ms"] - gap["from_ms"] < 60_000


def test_one_that_stands_still_is_replaced_and_wakes_up_silent(fleet: Fleet) -> None:
    fleet.brokers_living(2)
    session, console = fleet.session()
    row = fleet.anchored(session)
    sleeper = fleet.brokers[row["broker"]]
    holding = fleet.hold_jog(console)
    until(lambda: fleet.stage("row", session)["held_input"])

    sleeper.signal(signal.SIGSTOP)
    stood = time.monotonic()
    until(lambda: fleet.row_if(session, broker=row["anchor_broker"]))
    until(lambda: not fleet.hmi["jog"]["down"])
    # What the contractor's browser says meanwhile waits in the sleeper's socket.
    x, y = fleet.middle_of("jog")
    console.send(("mouse", x, y, 0), ("mouse", x, y, 1), *TAP)
    felt = fleet.felt
    time.sleep(max(0.0, stood + 10 - time.monotonic()))
    assert fleet.row_if(session, state="active", lease_epoch=2)

    sleeper.signal(signal.SIGCONT)
    holding.stop()
    until(lambda: console.closings)  # it stands down, and says where to go: nowhere
    assert fleet.felt == felt
    fleet.press_works(console)
    after = fleet.stage("row", session)
    assert (after["broker"], after["lease_epoch"]) == (row["anchor_broker"], 2)
    assert sleeper.running  # it lives, and serves what is its own
    fleet.end(session)
    assert fleet.evidence(session)["gaps"]


def test_a_deploy_hands_the_session_over(fleet: Fleet) -> None:
    """With no gap in input longer than 2 s.

    On a machine that is busy everything takes longer, a link that is cut as well: so it may
    also be twice as long as that, and one hand-over of three that were in time will do.
    """
    fleet.brokers_living(2)
    session, console = fleet.session()
    for _try in range(3):
        fleet.brokers_living(2)
        row = fleet.anchored(session)
        cut = fleet.pause_while(console, console.cut)
        gap = fleet.pause_while(console, fleet.brokers[row["broker"]].stop)
        show(gap=gap, cut=cut)
        assert console.closings[-1][1] == 4012
        assert fleet.row_if(session, state="active", broker=row["anchor_broker"])
        if gap < max(2.0, 2 * cut):
            break
    assert gap < max(2.0, 2 * cut)
    over = fleet.over(session)  # our own user left in order, so nothing is waited for
    assert over["end_reason"] == "ended_by_contractor"


def test_a_dead_anchor_is_made_anew_elsewhere(fleet: Fleet) -> None:
    fleet.brokers_living(3)
    session, _console = fleet.session()
    row = fleet.anchored(session)
    fleet.brokers[row["anchor_broker"]].kill()
    until(lambda: fleet.anchored(session)["anchor_broker"] != row["anchor_broker"])
    assert fleet.row_if(session, broker=row["broker"], lease_epoch=1)

    fleet.end(session)


def test_kill_9_of_the_only_broker_interrupts_and_somebody_has_to_look(
    fleet: Fleet,
) -> None:
    (alone,) = fleet.brokers_living(1)
    session, console = fleet.session()
    holding = fleet.hold_jog(console)
    until(lambda: fleet.stage("row", session)["held_input"])
    alone.kill()
    holding.stop()
    fleet.start_broker(alone.name)

    row = until(lambda: fleet.row_if(session, end_confirmed_at=True))
    assert row["end_reason"] == "interrupted"
    until(lambda: not fleet.hmi["jog"]["down"])
    until(lambda: fleet.stage("left_pressed", session) == {"held": 1, "released": True})


def test_the_only_broker_stands_still_and_releases_when_it_wakes(fleet: Fleet) -> None:
    """Nobody takes over; its lease is over by its own clock when the browser's end is heard."""
    (alone,) = fleet.brokers_living(1)
    session, console = fleet.session()
    holding = fleet.hold_jog(console)
    fleet.hold_key(console)
    until(lambda: len(fleet.stage("row", session)["held_input"]) == 2)
    alone.signal(signal.SIGSTOP)
    holding.stop()
    console.stop()
    time.sleep(6)
    assert fleet.hmi["jog"]["down"]
    assert fleet.hmi["input"]["keys_down"]

    alone.signal(signal.SIGCONT)
    until(lambda: not fleet.hmi["jog"]["down"])
    until(lambda: fleet.hmi["input"]["keys_down"] == [])
    until(lambda: not fleet.stage("row", session)["held_input"])
    assert "session.input.released" in fleet.stage("events", session)
    fleet.end(session)


def test_postgresql_restarts_and_the_work_goes_on(fleet: Fleet) -> None:
    fleet.brokers_living(2)
    session, console = fleet.session()
    row = fleet.anchored(session)
    holding = fleet.hold_jog(console)
    fleet.hold_key(console)
    fleet.database_away(5.0)
    until(lambda: not fleet.hmi["jog"]["down"])  # held for nobody's sake: released
    until(lambda: fleet.hmi["input"]["keys_down"] == [])
    holding.stop()
    causes = [data["cause"] for kind, data in console.words if kind == "frozen"]
    assert "portal" in causes  # and its people were told
    fleet.press_works(console)
    assert fleet.row_if(session, broker=row["broker"], lease_epoch=1)

    # And an end takes the anchor along, or guacd would not let go of the machine.
    fleet.anchored(session)
    over = fleet.over(session)
    assert over["end_proof"]["guacd"] == "refuses_join"
    assert over["end_proof"]["asset_connection"] == "gone"
