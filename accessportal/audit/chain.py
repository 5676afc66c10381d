"""The chain over the audit trail: sealing committed rows, signing heads, verifying.

A seal's hash is SHA-256 over the previous seal's hash, the sequence number and the
event's content hash, joined by newlines; the first seal follows 64 zeros. One sealer
per database works at a time (advisory lock on PostgreSQL, the single writer on
SQLite), so that acts never queue behind one another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from accessportal import keys
from accessportal.audit.models import AuditEvent, AuditSeal, SignedHead
from accessportal.audit.recorder import content_hash

GENESIS = "0" * 64
BATCH = 5000
ADVISORY_LOCK = 62443_39
# A row older than this without a seal means that the sealer stands still.
UNSEALED_GRACE = timedelta(minutes=2)


def link_hash(previous_hash: str, seq: int, event_hash: str) -> str:
    return hashlib.sha256(f"{previous_hash}\n{seq}\n{event_hash}".encode()).hexdigest()


def head_message(seq: int, hash: str) -> bytes:
    """The bytes a signed head's signature covers."""
    return f"accessportal audit head\n{seq}\n{hash}".encode()


def seal_committed_events() -> int:
    """Chain the events that have no seal yet and sign the new head; returns how many."""
    with transaction.atomic():
        if not _only_sealer():
            return 0
        last = AuditSeal.objects.order_by("-seq").first()
        seq, previous = (last.seq, last.hash) if last else (0, GENESIS)
        seals = []
        events = AuditEvent.objects.filter(seal__isnull=True).order_by("id")[:BATCH]
        for pk, event_hash in events.values_list("pk", "content_hash"):
            seq += 1
            digest = link_hash(previous, seq, event_hash)
            seals.append(
                AuditSeal(seq=seq, event_id=pk, previous_hash=previous, hash=digest)
            )
            previous = digest
        if not seals:
            return 0
        AuditSeal.objects.bulk_create(seals, batch_size=500)
        key_id, signature = keys.sign(head_message(seq, previous))
        SignedHead(seq=seq, hash=previous, key_id=key_id, signature=signature).save()
        return len(seals)


def _only_sealer() -> bool:
    if connection.vendor != "postgresql":
        return True  # BEGIN IMMEDIATE: this transaction is the only writer
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [ADVISORY_LOCK])
        return bool(cursor.fetchone()[0])


@dataclass
class ChainReport:
    """What verification found; `problems` are (sequence number or None, sentence)."""

    events: int = 0
    sealed: int = 0
    heads: int = 0
    head_hash: str = GENESIS
    problems: list[tuple[int | None, str]] = field(default_factory=list)

    @property
    def intact(self) -> bool:
        return not self.problems


def verify_chain() -> ChainReport:
    """Walk the whole trail; names edited, missing, re-ordered, unsealed and unsigned rows."""
    report = ChainReport()
    expected, previous = 1, GENESIS
    heads = {head.seq: head for head in SignedHead.objects.iterator()}
    for seal in _seals_in_order():
        event = seal.event
        report.sealed += 1
        if seal.seq != expected:
            last_gone = seal.seq - 1
            gone = (
                f"row {expected}"
                if expected == last_gone
                else f"rows {expected} to {last_gone}"
            )
            report.problems.append((expected, f"missing: {gone}"))
        if seal.previous_hash != previous:
            report.problems.append(
                (seal.seq, "broken link: does not follow the row before")
            )
        if content_hash(event) != event.content_hash:
            report.problems.append(
                (seal.seq, f"edited: {event.event} of {event.recorded_at}")
            )
        elif link_hash(seal.previous_hash, seal.seq, event.content_hash) != seal.hash:
            report.problems.append(
                (seal.seq, "re-ordered or edited: the seal does not fit")
            )
        head = heads.pop(seal.seq, None)
        if head is not None:
            report.heads += 1
            _verify_head(head, seal, report)
        expected, previous = seal.seq + 1, seal.hash
    report.head_hash = previous
    report.events = AuditEvent.objects.count()
    _verify_ends(report, heads, expected)
    return report


def _seals_in_order() -> Iterator[AuditSeal]:
    return (
        AuditSeal.objects.select_related("event")
        .order_by("seq")
        .iterator(chunk_size=2000)
    )


def _verify_head(head: SignedHead, seal: AuditSeal, report: ChainReport) -> None:
    if head.hash != seal.hash:
        report.problems.append((seal.seq, "edited: the signed head says another hash"))
    elif not keys.signature_is_valid(
        head_message(head.seq, head.hash), head.signature, head.key_id
    ):
        report.problems.append((seal.seq, "the signature of the head is not valid"))


def _verify_ends(
    report: ChainReport, unseen_heads: dict[int, SignedHead], expected: int
) -> None:
    for seq in sorted(unseen_heads):
        report.problems.append((seq, "missing: a signed head names a row that is gone"))
    overdue = AuditEvent.objects.filter(
        seal__isnull=True, recorded_at__lt=timezone.now() - UNSEALED_GRACE
    ).count()
    if overdue:
        report.problems.append(
            (None, f"unsealed: {overdue} events wait for the sealer")
        )
    newest_head = SignedHead.objects.order_by("-seq").first()
    if report.sealed and (newest_head is None or newest_head.seq < expected - 1):
        report.problems.append(
            (expected - 1, "unsigned: the last rows have no signed head")
        )
