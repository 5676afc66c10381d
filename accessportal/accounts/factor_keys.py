"""The keys under which second factors are kept, when one is replaced (`rotate_keys`)."""

from __future__ import annotations

from django.utils import timezone

from accessportal.accounts.models import AuthenticatorApp, RecoveryCodes, User
from accessportal.accounts.models.coded_factors import CODES, SEEDS, seed_binding
from accessportal.keys import key_id_in, seal, symmetric_key, unseal
from accessportal.notifications import notify


def reseal_seeds() -> int:
    """Seal anew what an earlier key sealed; returns how many seeds.

    Each by one conditional UPDATE; may be stopped and run again. Raises `WrongKey` or
    `KeyMissing` for what cannot be opened.
    """
    current, resealed = symmetric_key(SEEDS)[0], 0
    for app in AuthenticatorApp.objects.iterator(chunk_size=200):
        before, binding = app.seed_envelope, seed_binding(app.user_id)
        if key_id_in(before) == current:
            continue
        after = seal(SEEDS, unseal(SEEDS, before, bound_to=binding), bound_to=binding)
        resealed += AuthenticatorApp.objects.filter(
            pk=app.pk, seed_envelope=before
        ).update(seed_envelope=after)
    return resealed


def seed_key_ids() -> set[str]:
    """The ids of the keys that stored seeds need."""
    envelopes = AuthenticatorApp.objects.values_list("seed_envelope", flat=True)
    return {key_id_in(envelope) for envelope in envelopes}


def recovery_code_key_ids() -> set[str]:
    """The ids of the keys that stored recovery codes need."""
    return set(RecoveryCodes.objects.values_list("key_id", flat=True))


def people_with_old_codes() -> list[User]:
    """Whose recovery codes are not under the present key, of those who have access."""
    old = RecoveryCodes.objects.exclude(key_id=symmetric_key(CODES)[0])
    return list(
        User.objects.active(at=timezone.now()).filter(pk__in=old.values("user"))
    )


def ask_for_new_codes() -> int:
    """Ask whoever has recovery codes under an earlier key to make new ones; how many people."""
    people = people_with_old_codes()
    notify(people, "account.recovery_outdated", path="/account/")
    return len(people)
