"""Asset credentials: sealed at rest, opened only by the broker (promise 8, SR 1.5)."""

from __future__ import annotations

from dataclasses import dataclass, field

from accessportal.keys import key_id_in, seal, symmetric_key, unseal
from accessportal.plants.models import Credential, Endpoint

KEY = "credentials"


@dataclass(frozen=True)
class Secrets:
    """An endpoint's sign-in in plain text; its repr shows nothing."""

    username: str = ""
    password: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    passphrase: str = field(default="", repr=False)


def store_secrets(credential: Credential, secrets: Secrets) -> None:
    """Seal `secrets` into the row (not saved here); needs the row's endpoint to be set."""
    credential.username = secrets.username
    for name in ("password", "private_key", "passphrase"):
        value = getattr(secrets, name)
        envelope = (
            seal(KEY, value.encode(), bound_to=_binding(credential, name))
            if value
            else ""
        )
        setattr(credential, f"{name}_envelope", envelope)


def change_secrets(
    credential: Credential,
    *,
    username: str,
    password: str | None = None,
    private_key: str | None = None,
    passphrase: str | None = None,
) -> list[str]:
    """Seal only what is given into the row (not saved here): None keeps, "" removes.

    Nothing has to be opened for it. Returns the names of what changed.
    """
    changed = ["username"] if credential.username != username else []
    credential.username = username
    given = {"password": password, "private_key": private_key, "passphrase": passphrase}
    for name, value in given.items():
        if value is None or (not value and not getattr(credential, f"{name}_envelope")):
            continue
        envelope = (
            seal(KEY, value.encode(), bound_to=_binding(credential, name))
            if value
            else ""
        )
        setattr(credential, f"{name}_envelope", envelope)
        changed.append(name)
    return changed


def open_secrets(endpoint: Endpoint) -> Secrets:
    """The endpoint's sign-in. Raises `WrongKey` or `KeyMissing`; empty when none is stored."""
    credential = Credential.objects.filter(endpoint=endpoint).first()
    if credential is None:
        return Secrets()
    values = {}
    for name in ("password", "private_key", "passphrase"):
        envelope = getattr(credential, f"{name}_envelope")
        values[name] = (
            unseal(KEY, envelope, bound_to=_binding(credential, name)).decode()
            if envelope
            else ""
        )
    return Secrets(username=credential.username, **values)


def reseal_credentials() -> int:
    """Seal anew what an earlier key sealed; returns how many credentials.

    Each by one conditional UPDATE, so that a password stored meanwhile is not undone. May be
    stopped and run again. Raises `WrongKey` or `KeyMissing` for what cannot be opened.
    """
    current = symmetric_key(KEY)[0]
    resealed = 0
    for credential in Credential.objects.iterator(chunk_size=200):
        before, after = {}, {}
        for name in ("password", "private_key", "passphrase"):
            column = f"{name}_envelope"
            envelope = getattr(credential, column)
            if not envelope or key_id_in(envelope) == current:
                continue
            binding = _binding(credential, name)
            before[column] = envelope
            after[column] = seal(
                KEY, unseal(KEY, envelope, bound_to=binding), bound_to=binding
            )
        if after:
            resealed += Credential.objects.filter(pk=credential.pk, **before).update(
                **after
            )
    return resealed


def credential_key_ids() -> set[str]:
    """The ids of the keys that stored credentials need."""
    rows = Credential.objects.values_list(
        "password_envelope", "private_key_envelope", "passphrase_envelope"
    )
    return {key_id_in(envelope) for row in rows for envelope in row if envelope}


def _binding(credential: Credential, name: str) -> str:
    return f"plants.credential/{credential.endpoint_id}/{name}"
