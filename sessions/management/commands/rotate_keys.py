"""`manage.py rotate_keys NAME`: a new key in place of an old one, and everything under it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accessportal import audit, keys
from accessportal.accounts.factor_keys import (
    ask_for_new_codes,
    recovery_code_key_ids,
    reseal_seeds,
    seed_key_ids,
)
from accessportal.notifications.devices import push_key_ids as devices_know
from accessportal.notifications.webhooks import reseal_webhooks, webhook_key_ids
from accessportal.plants.vault import credential_key_ids, reseal_credentials
from requests.attachment_files import attachment_key_ids, rewrap_attachments
from sessions.services.recording_keys import (
    any_being_written,
    recording_key_ids,
    rewrap_recordings,
)


@dataclass(frozen=True)
class UnderKey:
    """What a key protects: how to put it under the present key, and which keys it needs."""

    reseal: Callable[[], int]
    needed: Callable[[], set[str]]


PROTECTED = {
    "credentials": UnderKey(
        lambda: reseal_credentials() + reseal_webhooks(),
        lambda: credential_key_ids() | webhook_key_ids(),
    ),
    "recordings": UnderKey(
        lambda: rewrap_recordings() + rewrap_attachments(),
        lambda: recording_key_ids() | attachment_key_ids(),
    ),
    "seeds": UnderKey(reseal_seeds, seed_key_ids),
}
CODES = "codes"
NEEDED = {
    **{name: protected.needed for name, protected in PROTECTED.items()},
    CODES: recovery_code_key_ids,
    "push": devices_know,
}

NOTHING_UNDER = ("signing", "push")
"""Nothing has to be sealed anew: the old key stays good for what knows only that one."""


class Command(BaseCommand):
    help = (
        "Puts a new key in place of an old one and everything it protects under it. Stopped "
        "in the middle, it is run again and goes on. Recovery codes are hashes and stay under the "
        "key of their time: their people are asked to make new ones. The old key stays in "
        "retired/ (old back-ups need it); --destroy-retired removes those that nothing here "
        "needs."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", choices=[*NEEDED, "signing", "secret_key"])
        parser.add_argument("--destroy-retired", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        name: str = options["name"]
        try:
            if options["destroy_retired"]:
                self._destroy(name)
            elif name == "secret_key":
                keys.replace_secret_key()
                audit.record("key.rotated", key=name)
                self.stdout.write(
                    "A new secret key is in place. Restart every process."
                )
            elif name in NOTHING_UNDER:
                self._new(name)
            elif name == CODES:
                self._new(name)
                self.stdout.write(
                    f"{ask_for_new_codes()} people are asked to make new recovery codes; "
                    "those they have stay good until then."
                )
            else:
                self._rotate(name, PROTECTED[name])
        except BlockingIOError:
            raise CommandError("Another rotation is running.") from None
        except (keys.KeyMissing, keys.WrongKey) as problem:
            raise CommandError(str(problem)) from problem

    def _rotate(self, name: str, protected: UnderKey) -> None:
        """A new key, unless an earlier run has left something under an old one."""
        if protected.needed() <= {keys.symmetric_key(name)[0]}:
            self._new(name)
        else:
            self.stdout.write("An unfinished rotation is finished first.")
        count = protected.reseal()
        self.stdout.write(f"{count} under the present key now.")

    def _new(self, name: str) -> None:
        old_id, new_id = keys.replace_key(name)
        audit.record("key.rotated", key=name, old_key_id=old_id, new_key_id=new_id)
        self.stdout.write(f"The key {name!r} is {new_id} now; {old_id} is retired.")

    def _destroy(self, name: str) -> None:
        if name not in NEEDED:
            raise CommandError(
                f"What the old {name!r} signed is verified with it: it stays."
            )
        if name == "recordings" and any_being_written():
            raise CommandError(
                "A recording is being written. Try again when it is closed."
            )
        needed = NEEDED[name]()
        for key_id in keys.retired_key_ids(name):
            if key_id in needed:
                first = (
                    "not everybody has made new recovery codes"
                    if name == CODES
                    else "rotate first"
                    if name in PROTECTED
                    else "not every device knows the new one"
                )
                self.stdout.write(f"{key_id} is still needed: {first}.")
                continue
            audit.record("key.destroyed", key=name, key_id=key_id)
            keys.retired_file(name, key_id).unlink()
            self.stdout.write(f"{key_id} is destroyed.")
