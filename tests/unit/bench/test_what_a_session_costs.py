"""The arithmetic of the benches that run a whole portal."""

from __future__ import annotations

import asyncio

import pytest

from accessportal.bench import __main__ as bench
from accessportal.bench.console import Frames
from accessportal.bench.latency import quantiles
from accessportal.bench.sessions import Cost, Load


def test_a_session_costs_the_difference_for_each_one_more() -> None:
    one = Load(1, 0.05, 0.001, 120.0, 35.0, 0.0, 0.0)
    many = Load(11, 0.15, 0.021, 130.0, 35.0, 0.5, 0.25)
    cost = Cost("busy", one, many)
    assert cost.each("portal_cpu") == pytest.approx(0.01)
    assert cost.each("portal_mb") == pytest.approx(1.0)
    assert cost.each("sent_mb") == pytest.approx(0.05)


def test_the_percentile_is_one_of_the_values() -> None:
    assert quantiles([float(n) for n in range(1, 101)]) == (50.5, 100.0)
    assert quantiles([3.0]) == (3.0, 3.0)


async def test_a_pixel_is_there_with_the_frame_that_follows_it() -> None:
    frames = Frames()
    pixel = frames.expect()
    assert frames.look(b"4.sync,3.100;") == b"4.sync,3.100;"
    assert not pixel.done()  # a frame with nothing in it
    assert frames.look(b"3.img,1.1,2.14,1.0,9.image/png,1.0,1.0;") == b""
    assert not pixel.done()
    frames.look(b"3.end,1.1;4.sync,3.200;")
    await asyncio.wait_for(pixel, 1)


def test_all_runs_each_and_reports_the_worst(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: dict[str, list[str]] = {}

    def stand_in(name: str, status: int):  # type: ignore[no-untyped-def]
        def run(arguments: list[str]) -> int:
            ran[name] = arguments
            return status

        return run

    monkeypatch.setattr(
        bench,
        "BENCHES",
        {name: stand_in(name, name == "relay") for name in bench.BENCHES},
    )
    assert bench.main(["all", "--quick"]) == 1
    assert ran == bench.QUICK
    assert bench.main(["nothing"]) == 2
