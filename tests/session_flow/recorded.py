"""Sessions that were recorded, as rows and as real files, in a time of their own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from asgiref.sync import async_to_sync
from django.utils import timezone

from accessportal.plants.models import Endpoint
from sessions.guacamole.instruction import encode
from sessions.models import BrokeredSession, Recording
from sessions.recorder.order import RecordingOrder
from sessions.recorder.writer import InputRecord, RecordingWriter
from sessions.services.recording import open_recording, seal_recording
from tests.cast import Plant, make_window

_numbers = iter(range(1, 100_000))

Script = Callable[["Tape"], None]


class Tape:
    """A writer whose clock the test moves; guacd's clock runs along with it."""

    BOOT = 5_000_000

    def __init__(self, order: RecordingOrder) -> None:
        self.order = order
        self.at = 0.0
        self.writer = RecordingWriter(order, monotonic=lambda: self.at)

    @property
    def sync(self) -> int:
        return self.BOOT + round(self.at * 1000)

    def picture(self) -> str:
        return (
            encode("size", 0, 640, 480)
            + encode("rect", 0, 0, 0, 640, 480)
            + encode("cfill", 14, 0, 20, 40, 60, 255)
            + encode("sync", self.sync, 1)
        )

    def wait(self, seconds: float) -> None:
        self.at += seconds

    def draw(self, text: str = "") -> None:
        """One frame: a square that moves."""
        x = int(self.at * 10) % 600
        drawn = (
            encode("rect", 0, x, 200, 40, 40)
            + encode("cfill", 14, 0, 200, 120, 40, 255)
            + (encode("name", text) if text else "")
            + encode("sync", self.sync, 1)
        )
        self.writer.append_screen(drawn, [(len(drawn), self.sync)])

    def repeat(self) -> None:
        """A frame with nothing in it, at the same time as the last."""
        text = encode("sync", self.sync, 1)
        self.writer.append_screen(text, [(len(text), self.sync)])

    def mouse(self, user_id: int, x: int, y: int, buttons: int = 0) -> None:
        self.writer.append_input([InputRecord(user_id, "mouse", (x, y, buttons))])

    def key(self, user_id: int, keysym: int) -> None:
        self.writer.append_input([InputRecord(user_id, "key", (keysym, 1))])
        self.writer.append_input([InputRecord(user_id, "key", (keysym, 0))])

    def rotate(self) -> None:
        self.writer.begin_cut()
        self.draw()
        self.writer.rotate(self.picture(), self.sync)


def make_session(
    plant: Plant, endpoint: Endpoint | None = None, **fields: Any
) -> BrokeredSession:
    """An active session of Vera's, approved by Olga (or by Omar at plant South)."""
    endpoint = endpoint or plant.filling_hmi
    site = endpoint.asset.zone.site
    window = make_window(
        fields.pop("started_by", plant.vera),
        endpoint,
        decided_by=plant.olga if site == plant.north else plant.omar,
    )
    fields.setdefault("number", f"SES-{timezone.now().year}-{next(_numbers):04d}")
    fields.setdefault("state", BrokeredSession.State.ACTIVE)
    fields.setdefault("slot", 0)
    return BrokeredSession.objects.create(
        window=window,
        endpoint=endpoint,
        started_by=window.access_request.requested_by,
        permission="control",
        **fields,
    )


def end(brokered_session: BrokeredSession) -> None:
    """Over and proven over, as rows."""
    BrokeredSession.objects.filter(pk=brokered_session.pk).update(
        state="ended",
        ended_at=timezone.now() - timedelta(minutes=1),
        end_reason="ended_by_contractor",
        slot=None,
    )
    brokered_session.refresh_from_db()


def record_session(
    brokered_session: BrokeredSession,
    script: Script | None = None,
    *,
    finish: bool = True,
) -> Recording:
    """Record a session by `script` (default: three segments, 25 s); not sealed yet."""
    order = open_recording(
        brokered_session=brokered_session, acting_user=brokered_session.started_by
    )
    async_to_sync(_run)(
        order, script or (lambda tape: work(tape, brokered_session)), finish
    )
    return Recording.objects.with_session().get(pk=order.recording_id)


def make_recording(
    plant: Plant, script: Script | None = None, **fields: Any
) -> Recording:
    """A session that is over, recorded and sealed. Run it within `committed()`."""
    brokered_session = make_session(plant, **fields)
    recording = record_session(brokered_session, script)
    end(brokered_session)
    seal_recording(recording_id=recording.pk)
    return Recording.objects.with_session().get(pk=recording.pk)


def work(tape: Tape, brokered_session: BrokeredSession) -> None:
    """Vera clicks, types and is watched for a while; two changes of segment."""
    vera = brokered_session.started_by_id
    tape.writer.append_mark("joined", vera, role="owner", name="Vera Vogt")
    for second in range(25):
        tape.wait(1)
        tape.draw()
        tape.mouse(vera, 10 * second, 100, 1 if second % 5 == 0 else 0)
        if second in (3, 4, 5):
            tape.key(vera, 97)
        if second == 7:
            tape.writer.append_mark("joined", 0, role="observer", name="Olga Olsen")
        if second == 12:
            tape.writer.append_mark("frozen", 0, reason="stand clear")
        if second == 14:
            tape.writer.append_mark("unfrozen", 0)
        if second in (9, 18):
            tape.rotate()
        for _ in range(3):  # guacd may say the same time again
            tape.repeat()
    tape.writer.append_mark("ended", None, reason="ended_by_contractor")


def pause(tape: Tape) -> None:
    """A click, 90 s of a picture that goes on by itself, and another click."""
    for second in range(101):
        tape.wait(1)
        tape.draw()
        if second in (4, 95):
            tape.mouse(1, 100, 100, 1)
            tape.mouse(1, 100, 100, 0)


async def _run(order: RecordingOrder, script: Script, finish: bool) -> None:
    tape = Tape(order)
    await tape.writer.open()
    await tape.writer.start(tape.picture(), tape.sync)
    script(tape)
    if finish:
        await tape.writer.finish()
    else:
        await tape.writer.settled()  # what a crash would leave
        await tape.writer.abandon()
