"""The demo's past recordings are real: worked through guacd, written by the recorder."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accessportal.audit.models import AuditEvent
from accessportal.demo.seed import seed_demo
from accessportal.demo.stories import PAST
from accessportal.demo.work import WORKS
from accessportal.launcher.guacd import Guacd
from sessions.models import BrokeredSession, ComplianceReview, Recording
from sessions.recorder.container import INPUT
from sessions.services.recording_check import input_lines, inspect, manifest_entries
from tests.demo.test_seed import TARGETS

pytestmark = [pytest.mark.django_db, pytest.mark.guacd]

SECOND_MS = 1000


@pytest.fixture
def guacd(tmp_path: Path, settings: Any) -> Iterator[None]:
    daemon = Guacd(tmp_path)
    settings.GUACD_ADDRESS = daemon.ensure()
    yield
    daemon.stop()


def test_four_recordings_lie_in_the_past_with_their_reviews_and_are_intact(
    guacd: None,
) -> None:
    seed_demo(TARGETS)

    recordings = list(Recording.objects.with_session().order_by("started_at"))
    assert [one.brokered_session.endpoint.protocol for one in recordings] == [
        "rdp", "ssh", "telnet", "vnc",
    ]  # fmt: skip
    for one in recordings:
        session = one.brokered_session
        assert one.state == Recording.State.SEALED
        assert one.duration_ms > 10 * SECOND_MS
        assert one.started_at == session.requested_at
        assert session.window.opens_at < session.active_at < session.ended_at
        assert session.end_proof["guacd"] == "refuses_join"
        assert session.end_proof["asset_connection"] == "gone"
        assert inspect(one).intact
        assert manifest_entries(one, INPUT)
        assert sum(len(lines) for lines in input_lines(one)) > 20
    assert not BrokeredSession.objects.holding_a_slot().exists()

    reviews = ComplianceReview.objects.order_by("created_at")
    assert [review.state for review in reviews] == [
        "cleared", "cleared", "flagged", "open",
    ]  # fmt: skip
    assert not any(review.is_late() for review in reviews)
    moments = list(
        AuditEvent.objects.order_by("pk").values_list("recorded_at", flat=True)
    )
    assert moments == sorted(moments)
    assert AuditEvent.objects.filter(event="session.end.confirmed").count() == 4


def test_without_guacd_the_plant_is_there_and_the_log_says_what_is_missing(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.GUACD_ADDRESS = "127.0.0.1:1"

    assert len(seed_demo(TARGETS)) == 9

    assert not Recording.objects.exists()
    assert "no past recordings" in caplog.text


def test_every_recorded_story_knows_its_work() -> None:
    assert {story.recording for story in PAST if story.recording} == set(WORKS)
