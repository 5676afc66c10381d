"""What was done on the demo machines in the past, as scripts for somebody's hands."""

from __future__ import annotations

from dataclasses import dataclass

from accessportal.demo.hands import Click, Move, Rest, Type
from sessions.models import ComplianceReview

# Places on the screens of accessportal/demo/targets/plant_hmi.
JOG, LOT, ACKNOWLEDGE = (1016, 559), (1092, 667), (1202, 371)
FASTER, SLOWER = (1225, 432), (1049, 432)
RECIPE_118, CELL_STOP, CELL_START = (1040, 197), (1039, 300), (895, 300)
RATE_DOWN = (857, 364)


@dataclass(frozen=True)
class Work:
    """What somebody did on a machine, and what compliance thought of it.

    target: the key of the demo machine. minutes_in: when in the window it began.
    review: open, cleared or flagged, with `notes`, `review_days` later.
    """

    target: str
    minutes_in: int
    script: tuple[Move, ...]
    review: str = ComplianceReview.State.OPEN
    notes: str = ""
    review_days: int = 1


WORKS: dict[str, Work] = {
    "filling": Work(
        target="vnc",
        minutes_in=7,
        script=(
            Rest(1.5), Click(*ACKNOWLEDGE), Rest(1), Click(*LOT),
            Type("L3-2611-0512", backspaces=12), Rest(0.8), Click(*SLOWER),
            Click(*SLOWER), Rest(1.5), Click(*JOG, hold=2.2), Rest(1),
            Click(*JOG, hold=1.1), Rest(1), Click(*FASTER), Rest(1.5),
        ),
    ),
    "palletiser": Work(
        target="rdp",
        minutes_in=11,
        script=(
            Rest(1.5), Click(*CELL_STOP), Rest(1.5), Click(*RECIPE_118), Rest(1.5),
            Click(*RATE_DOWN), Click(*RATE_DOWN), Rest(0.5), Click(*CELL_START), Rest(5),
        ),
        review=ComplianceReview.State.CLEARED,
        notes="Pattern changed as asked, test run seen. Nothing else was touched.",
        review_days=2,
    ),
    "gateway": Work(
        target="ssh",
        minutes_in=4,
        script=(
            Rest(1), Type("status"), Rest(1.5), Type("tail -n 5 logs/gateway.log"), Rest(2),
            Type("grep CP-3 logs/gateway.log network.txt"), Rest(2),
        ),
        review=ComplianceReview.State.CLEARED,
        notes="Log files read only.",
    ),
    "capper": Work(
        target="telnet",
        minutes_in=9,
        script=(
            Rest(1.5), Type("ALARMS"), Rest(1.5), Type("READ DB10"), Rest(1.5),
            Type("TAGS"), Rest(1.5), Type("SET TORQUE_SP 1.72"), Rest(1.5), Type("TAGS"),
            Rest(1),
        ),
        review=ComplianceReview.State.FLAGGED,
        notes="The torque set-point was changed, the request said no change was planned. "
        "Asked Olga Olsen: agreed by phone, but not on the request.",
    ),
}  # fmt: skip
