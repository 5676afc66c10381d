"""Past sessions: the rows, the evidence and the review of work captured on demo machines."""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from accessportal.demo.capture import Capture, CaptureFailed, Done, capture
from accessportal.demo.past import Step, origin_of
from accessportal.demo.plant import DemoPlant
from accessportal.demo.stories import Story, span_of, window_of
from accessportal.demo.targets import start_targets
from accessportal.demo.work import WORKS, Work
from accessportal.origin import Origin
from sessions.guacamole.handshake import GuacdAddress
from sessions.models import BrokeredSession, ComplianceReview, Participant, Recording
from sessions.recorder.ledger import NoLedger
from sessions.recorder.order import RecordingOrder
from sessions.recorder.writer import InputRecord, RecordingWriter
from sessions.services import lifecycle
from sessions.services.console import start_session
from sessions.services.recording import open_recording, seal_recording
from sessions.services.recording_check import look_over
from sessions.services.review import complete_review
from sessions.services.tickets import issue_ticket, use_ticket

logger = logging.getLogger(__name__)

CONNECTING = timedelta(seconds=2)
ATTEMPTS = 3
WEB_SESSION = "of-the-demo"
NOTICE = "1"


def capture_work(stories: list[Story], plant: DemoPlant) -> dict[str, Capture]:
    """Do the work of the stories on machines of that day, side by side.

    The machines are started for this and ended after it, so that those of the demo stay
    as they are. Raises `CaptureFailed` or `TargetFailed`.
    """
    offsets = {
        WORKS[story.recording].target: (
            begins_at(story, plant) - datetime.now(UTC)
        ).total_seconds()
        for story in stories
    }
    host, _, port = settings.GUACD_ADDRESS.rpartition(":")
    address = GuacdAddress(host, int(port))

    async def work(facts: dict[str, dict[str, Any]]) -> list[Capture]:
        return await asyncio.gather(
            *(
                capture_patiently(
                    address,
                    facts[WORKS[story.recording].target],
                    list(WORKS[story.recording].script),
                    zone=plant.endpoints[story.machine].asset.zone.site.time_zone,
                )
                for story in stories
            )
        )

    with (
        tempfile.TemporaryDirectory(prefix="portal-demo-") as directory,
        start_targets(directory, only=offsets, clock_offsets=offsets) as targets,
    ):
        described = {facts["key"]: facts for facts in targets.describe()}
        captures = asyncio.run(work(described))
    return {
        story.recording: taken for story, taken in zip(stories, captures, strict=True)
    }


async def capture_patiently(*args: Any, **kwargs: Any) -> Capture:
    """`capture`, tried again: on a busy computer a screen may miss its moment."""
    for _ in range(ATTEMPTS - 1):
        try:
            return await capture(*args, **kwargs)
        except CaptureFailed as problem:
            logger.info("Working on the past once more: %s", problem)
    return await capture(*args, **kwargs)


def begins_at(story: Story, plant: DemoPlant) -> datetime:
    opens_at, _ = span_of(story, plant)
    return opens_at + timedelta(minutes=WORKS[story.recording].minutes_in)


def steps_of_session(story: Story, taken: Capture, plant: DemoPlant) -> list[Step]:
    """The session of a story, from the request to connect to the review."""
    work = WORKS[story.recording]
    asked_at = begins_at(story, plant)
    active_at = asked_at + CONNECTING
    ended_at = active_at + timedelta(seconds=taken.seconds)
    past = _PastSession(story, taken, plant)
    steps = [
        Step(asked_at, past.connect),
        Step(active_at, past.activate),
        Step(ended_at, past.end),
        Step(ended_at + timedelta(milliseconds=400), past.confirm),
        Step(ended_at + timedelta(seconds=1), past.seal),
        Step(ended_at + timedelta(seconds=3), past.look_over),
    ]
    if work.review != ComplianceReview.State.OPEN:
        reviewed_at = ended_at + timedelta(days=work.review_days, hours=1)
        steps.append(Step(reviewed_at, lambda: past.review(work)))
    return steps


class _PastSession:
    """One session, told by the verbs that its actor would have called."""

    def __init__(self, story: Story, taken: Capture, plant: DemoPlant) -> None:
        self._story = story
        self._taken = taken
        self._plant = plant
        self._person = plant.people[story.person]
        self._row: BrokeredSession
        self._participant: Participant
        self._order: RecordingOrder

    @property
    def _origin(self) -> Origin:
        """Connecting asks for a fresh factor by the clock of that day."""
        now = origin_of(self._story.person)
        return Origin(
            address=now.address,
            factor=now.factor,
            factor_at=timezone.now().timestamp() - 20,
            user_agent=now.user_agent,
        )

    def connect(self) -> None:
        row = start_session(
            window_of(self._story),
            self._plant.endpoints[self._story.machine],
            acting_user=self._person,
            origin=self._origin,
            web_session_key=WEB_SESSION,
            width=1280,
            height=800,
            notice_version=NOTICE,
        )
        claimed = lifecycle.claim_session(row.pk, broker=row.broker)
        assert claimed is not None  # nobody else serves the demo's past
        self._row = claimed
        self._order = open_recording(
            brokered_session=self._row, acting_user=self._person, origin=self._origin
        )
        Recording.objects.filter(brokered_session=row.pk).update(
            started_at=timezone.now()
        )
        lifecycle.check_out_secrets(self._row)
        lifecycle.note_connection(row.pk, self._taken.connection_id)

    def activate(self) -> None:
        asyncio.run(_write_down(self._order, self._taken, self._person.pk))
        lifecycle.mark_active(self._row)
        ticket = issue_ticket(
            self._row,
            acting_user=self._person,
            origin=self._origin,
            web_session_key=WEB_SESSION,
        )
        used = use_ticket(
            ticket.token, acting_user=self._person, web_session_key=WEB_SESSION
        )
        self._participant = lifecycle.participant_joined(used, self._row, self._origin)
        Participant.objects.filter(pk=self._participant.pk).update(
            joined_at=timezone.now()
        )

    def end(self) -> None:
        lifecycle.participant_left(
            self._participant, self._row, reason="left", discarded=0
        )
        lifecycle.end_session(
            self._row,
            reason=BrokeredSession.EndReason.ENDED_BY_CONTRACTOR,
            acting_user=self._person,
            desktop_state=BrokeredSession.DesktopState.LEFT_RUNNING,
        )

    def confirm(self) -> None:
        at = timezone.now().isoformat(timespec="milliseconds")
        lifecycle.confirm_end(self._row, proof={**self._taken.proof, "at": at})

    def seal(self) -> None:
        recording = seal_recording(recording_id=self._order.recording_id)
        ComplianceReview.objects.filter(recording=recording).update(
            created_at=timezone.now()
        )

    def look_over(self) -> None:
        look_over(self._order.recording_id)

    def review(self, work: Work) -> None:
        complete_review(
            ComplianceReview.objects.get(recording=self._order.recording_id),
            verdict=work.review,
            notes=work.notes,
            acting_user=self._plant.people["cora"],
            origin=origin_of("cora"),
        )


async def _write_down(order: RecordingOrder, taken: Capture, user_id: int) -> None:
    """Have the recorder write the capture, on the clock of the capture."""
    began = timezone.now()
    at = 0.0
    # An earlier attempt that was rolled back may have left files behind.
    shutil.rmtree(Path(order.root) / order.folder, ignore_errors=True)
    writer = RecordingWriter(
        # The rows come with the sealing: the loop has no place to wait for them.
        replace(order, ledger=NoLedger()),
        monotonic=lambda: at,
        utc_now=lambda: began + timedelta(seconds=at),
    )
    await writer.open()
    await writer.start(taken.picture, taken.first_sync)
    for event in taken.events:
        at = event.at
        if isinstance(event, Done):
            writer.append_input([InputRecord(user_id, event.kind, event.values)])
        else:
            writer.append_screen(event.text, event.syncs)
    at = taken.seconds
    writer.append_mark("ended")
    await writer.finish()
