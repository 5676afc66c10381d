"""`manage.py verify_recordings [NUMBER...]`: is every recording what was written?"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from sessions.models import Recording
from sessions.recorder.findings import sentence
from sessions.services.recording_check import verify_recording


class Command(BaseCommand):
    help = (
        "Reads recordings block by block and checks digests, chains and signatures. "
        "Ends with an error when one is not intact."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "numbers",
            nargs="*",
            help="numbers of sessions (default: every closed recording)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        recordings = Recording.objects.with_session().exclude(
            state=Recording.State.WRITING
        )
        numbers = options["numbers"]
        if numbers:
            recordings = recordings.filter(brokered_session__number__in=numbers)
            found = set(recordings.values_list("brokered_session__number", flat=True))
            if unknown := sorted(set(numbers) - found):
                raise CommandError(f"No closed recording of {', '.join(unknown)}.")
        total = damaged = 0
        for recording in recordings.order_by("started_at").iterator(chunk_size=50):
            total += 1
            damaged += self._verify(recording)
        if damaged:
            raise CommandError(f"{damaged} of {total} recordings are not intact.")
        self.stdout.write(self.style.SUCCESS(f"{total} recordings are intact."))

    def _verify(self, recording: Recording) -> int:
        """0 for an intact recording, 1 for another; says which and why."""
        report = verify_recording(recording=recording)
        number = recording.brokered_session.number
        if report.intact:
            megabytes = report.plain_bytes / 1_000_000
            self.stdout.write(
                f"{number}: intact ({report.segments} segments, {megabytes:.1f} MB)"
            )
            return 0
        self.stdout.write(self.style.ERROR(f"{number}: NOT INTACT"))
        for finding in report.findings:
            self.stdout.write(f"  {sentence(finding)}")
        return 1
