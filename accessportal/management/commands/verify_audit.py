"""`manage.py verify_audit`: check the whole audit trail; exit status 1 when it is not intact."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accessportal import audit
from accessportal.audit.chain import seal_committed_events, verify_chain


class Command(BaseCommand):
    help = "Verify the audit trail: edited, missing, re-ordered and unsealed rows are named."

    def handle(self, *args: Any, **options: Any) -> None:
        seal_committed_events()
        report = verify_chain()
        self.stdout.write(
            f"{report.events} events, {report.sealed} sealed, {report.heads} signed heads, "
            f"head {report.head_hash[:16]}"
        )
        for seq, problem in report.problems:
            self.stdout.write(
                f"  at {seq if seq is not None else 'the end'}: {problem}"
            )
        audit.record(
            "audit.chain.verified",
            result="ok" if report.intact else "error",
            events=report.events,
            head=report.head_hash,
            problems=len(report.problems),
        )
        if not report.intact:
            raise CommandError(
                f"The audit trail is NOT intact: {len(report.problems)} problems."
            )
        self.stdout.write("The audit trail is intact.")
