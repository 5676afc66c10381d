"""`manage.py list_keys`: which keys there are, how old, and what they are for."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from accessportal import keys

ALGORITHMS = {
    "secret_key": "HMAC-SHA256 (web sessions, form tokens)",
    "credentials": "AES-256-GCM (asset credentials)",
    "recordings": "AES-256-GCM (data keys of the recordings)",
    "seeds": "AES-256-GCM (seeds of authenticator apps)",
    "codes": "HMAC-SHA256 (recovery codes)",
    "signing": "Ed25519 (recordings, audit trail)",
}


class Command(BaseCommand):
    help = "Lists the keys: name, id, age in days and algorithm; never a key itself."

    def handle(self, *args: Any, **options: Any) -> None:
        for name, algorithm in ALGORITHMS.items():
            self._line(name, self._id(name), settings.KEYS_DIR / name, algorithm)
            for key_id in keys.retired_key_ids(name):
                path = keys.retired_file(name, key_id)
                self._line(f"{name} (retired)", key_id, path, algorithm)

    def _id(self, name: str) -> str:
        if name in keys.SYMMETRIC_KEYS:
            return keys.symmetric_key(name)[0]
        return keys.sign(b"")[0] if name == "signing" else "-"

    def _line(self, name: str, key_id: str, path: Path, algorithm: str) -> None:
        if not path.exists():
            self.stdout.write(f"{name:<22} is not in {path.parent}")
            return
        made = datetime.fromtimestamp(path.stat().st_mtime, tz=UTC)
        days = (datetime.now(tz=UTC) - made).days
        self.stdout.write(f"{name:<22} {key_id:<16} {days:>5} d  {algorithm}")
