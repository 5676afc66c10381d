"""The chain shows what somebody with the database's password did to it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from accessportal import audit
from accessportal.audit.chain import (
    UNSEALED_GRACE,
    seal_committed_events,
    verify_chain,
)
from accessportal.audit.models import AuditEvent, AuditSeal, SignedHead

pytestmark = pytest.mark.django_db


@pytest.fixture
def five_sealed_events() -> list[AuditEvent]:
    events = [audit.record("system.started", turn=turn) for turn in range(5)]
    assert seal_committed_events() == 5
    return events


@contextmanager
def intruder() -> Iterator[None]:
    """Somebody who may drop triggers and constraints."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # What this test wrote is still waiting for its foreign keys to be checked.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
            for table in ("audit_auditevent", "audit_auditseal", "audit_signedhead"):
                cursor.execute(
                    f"ALTER TABLE {table} DISABLE TRIGGER {table}_append_only"
                )
            yield
            return
        for table in ("audit_auditevent", "audit_auditseal", "audit_signedhead"):
            cursor.execute(f"DROP TRIGGER {table}_no_update")
            cursor.execute(f"DROP TRIGGER {table}_no_delete")
        yield


def run(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def problems() -> list[str]:
    return [f"{seq}: {sentence}" for seq, sentence in verify_chain().problems]


def test_an_untouched_trail_is_intact(five_sealed_events: list[AuditEvent]) -> None:
    audit.record("system.started")
    seal_committed_events()
    report = verify_chain()
    assert report.intact
    assert (report.events, report.sealed, report.heads) == (6, 6, 2)


def test_nothing_to_seal_signs_nothing(five_sealed_events: list[AuditEvent]) -> None:
    assert seal_committed_events() == 0
    assert SignedHead.objects.count() == 1


def test_an_empty_trail_is_intact() -> None:
    assert verify_chain().intact


def test_an_edited_row_is_named(five_sealed_events: list[AuditEvent]) -> None:
    with intruder():
        run(
            "UPDATE audit_auditevent SET actor_name = 'Nobody' WHERE id = %s",
            five_sealed_events[2].pk,
        )
    assert len(problems()) == 1
    assert problems()[0].startswith("3: edited: system.started")


def test_an_edited_row_with_a_matching_hash_is_named(
    five_sealed_events: list[AuditEvent],
) -> None:
    from accessportal.audit.recorder import content_hash

    event = five_sealed_events[2]
    event.actor_name = "Nobody"
    with intruder():
        run(
            "UPDATE audit_auditevent SET actor_name = 'Nobody', content_hash = %s WHERE id = %s",
            content_hash(event),
            event.pk,
        )
    assert problems() == ["3: re-ordered or edited: the seal does not fit"]


def test_a_missing_row_is_named(five_sealed_events: list[AuditEvent]) -> None:
    with intruder():
        run("DELETE FROM audit_auditseal WHERE seq = 3")
        run("DELETE FROM audit_auditevent WHERE id = %s", five_sealed_events[2].pk)
    assert "3: missing: row 3" in problems()


def test_rows_missing_at_the_end_are_named(
    five_sealed_events: list[AuditEvent],
) -> None:
    with intruder():
        run("DELETE FROM audit_auditseal WHERE seq >= 4")
        run("DELETE FROM audit_auditevent WHERE id >= %s", five_sealed_events[3].pk)
    assert "5: missing: a signed head names a row that is gone" in problems()


def test_re_ordered_rows_are_named(five_sealed_events: list[AuditEvent]) -> None:
    first, second = five_sealed_events[1].pk, five_sealed_events[2].pk
    with intruder():
        spare = audit.record("system.started").pk
        run("UPDATE audit_auditseal SET event_id = %s WHERE seq = 2", spare)
        run("UPDATE audit_auditseal SET event_id = %s WHERE seq = 3", first)
        run("UPDATE audit_auditseal SET event_id = %s WHERE seq = 2", second)
    assert [problem for problem in problems() if "re-ordered" in problem] == [
        "2: re-ordered or edited: the seal does not fit",
        "3: re-ordered or edited: the seal does not fit",
    ]


def test_a_chain_made_anew_fails_at_the_signature(
    five_sealed_events: list[AuditEvent],
) -> None:
    with intruder():
        run("UPDATE audit_signedhead SET signature = %s", "AAAA")
    assert problems() == ["5: the signature of the head is not valid"]


def test_a_sealer_that_stands_still_is_noticed() -> None:
    event = audit.record("system.started")
    with intruder():
        run(
            "UPDATE audit_auditevent SET recorded_at = %s WHERE id = %s",
            timezone.now() - UNSEALED_GRACE * 2,
            event.pk,
        )
    assert problems() == ["None: unsealed: 1 events wait for the sealer"]


def test_the_command_says_intact_and_leaves_an_event(
    five_sealed_events: list[AuditEvent], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("verify_audit")
    assert "The audit trail is intact." in capsys.readouterr().out
    assert AuditEvent.objects.filter(event="audit.chain.verified", result="ok").exists()


def test_the_command_fails_on_an_edited_row(
    five_sealed_events: list[AuditEvent], capsys: pytest.CaptureFixture[str]
) -> None:
    with intruder():
        run(
            "UPDATE audit_auditevent SET reason = 'x' WHERE id = %s",
            five_sealed_events[0].pk,
        )
    with pytest.raises(CommandError, match="NOT intact"):
        call_command("verify_audit")
    assert "at 1: edited" in capsys.readouterr().out


def test_seals_follow_one_another_without_gap(
    five_sealed_events: list[AuditEvent],
) -> None:
    audit.record("system.started")
    seal_committed_events()
    assert list(AuditSeal.objects.values_list("seq", flat=True)) == [1, 2, 3, 4, 5, 6]
