"""A key is said to be known to somebody: a new one takes its place, and nothing is lost."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

from accessportal import keys
from accessportal.accounts.factor_keys import recovery_code_key_ids, seed_key_ids
from accessportal.accounts.factors import make_recovery_codes
from accessportal.accounts.models import AuthenticatorApp
from accessportal.audit import record
from accessportal.audit.chain import seal_committed_events, verify_chain
from accessportal.audit.models import AuditEvent
from accessportal.plants import vault
from accessportal.plants.vault import credential_key_ids, open_secrets
from sessions.models import Recording
from sessions.services import recording_keys
from sessions.services.recording import check_recording_key
from sessions.services.recording_check import inspect
from tests.accounts.steps import CODE, sign_in, type_password
from tests.cast import Plant, origin
from tests.session_flow.recorded import make_recording, make_session, record_session


@pytest.fixture(autouse=True)
def own_keys(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.KEYS_DIR = tmp_path / "keys"
    keys.ensure_keys()
    keys.forget_keys()
    yield
    keys.forget_keys()


def rotate(name: str, *options: str) -> str:
    out = StringIO()
    call_command("rotate_keys", name, *options, stdout=out)
    return out.getvalue()


def test_credentials_open_under_the_new_key(plant: Plant) -> None:
    old = keys.symmetric_key("credentials")[0]
    assert "1 under the present key" in rotate("credentials")
    new = keys.symmetric_key("credentials")[0]
    assert new != old
    assert credential_key_ids() == {new}
    assert open_secrets(plant.filling_gateway).password == "asset-password"
    event = AuditEvent.objects.get(event="key.rotated")
    assert event.detail == {"key": "credentials", "old_key_id": old, "new_key_id": new}


def test_seeds_open_under_the_new_key_and_the_apps_go_on(
    plant: Plant, client: Client
) -> None:
    """Nothing of a seed is readable in its row, before and after; the apps notice nothing."""
    app = AuthenticatorApp.objects.get(user=plant.vera)
    seed, old = app.bin_key, keys.symmetric_key("seeds")[0]
    assert "under the present key" in rotate("seeds")
    new = keys.symmetric_key("seeds")[0]
    assert new != old and seed_key_ids() == {new}
    app.refresh_from_db()
    assert app.bin_key == seed
    assert "is destroyed" in rotate("seeds", "--destroy-retired")
    assert sign_in(client, plant.vera).url == "/"
    row = str(AuthenticatorApp.objects.filter(pk=app.pk).values().get()).lower()
    readable = {
        seed.hex(),
        base64.b32encode(seed).decode(),
        base64.b64encode(seed).decode(),
    }
    assert app.key == "sealed" and not any(one.lower() in row for one in readable)
    # Another person's envelope opens nothing, and django-otp's own device verifies nothing.
    AuthenticatorApp.objects.filter(user=plant.victor).update(
        seed_envelope=app.seed_envelope
    )
    with pytest.raises(keys.WrongKey):
        AuthenticatorApp.objects.get(user=plant.victor).bin_key  # noqa: B018
    with pytest.raises(ValueError, match="Non-hexadecimal|Odd-length"):
        TOTPDevice.objects.get(pk=app.pk).verify_token("123456")
    with pytest.raises(IntegrityError), transaction.atomic():
        AuthenticatorApp.objects.filter(pk=app.pk).update(seed_envelope=seed.hex())


def test_recovery_codes_stay_good_until_their_people_make_new_ones(
    plant: Plant,
) -> None:
    """A hash cannot be made anew; the next code of the same set still counts."""
    vera = plant.vera
    first, second, third, *_rest = make_recovery_codes(
        acting_user=vera, origin=origin()
    )
    old = keys.symmetric_key("codes")[0]
    assert "1 people are asked" in rotate("codes")
    assert vera.notifications.filter(kind="account.recovery_outdated").exists()
    for code in (first, second):
        browser = Client()
        type_password(browser, vera)
        assert browser.post(f"{CODE}?recovery", {"code": code}).url == "/"
    assert recovery_code_key_ids() == {old}
    assert "has made new" in rotate("codes", "--destroy-retired")
    assert keys.retired_key_ids("codes") == [old]

    make_recovery_codes(acting_user=vera, origin=origin())
    assert recovery_code_key_ids() == {keys.symmetric_key("codes")[0]} != {old}
    browser = Client()
    type_password(browser, vera)
    assert browser.post(f"{CODE}?recovery", {"code": third}).status_code == 422
    assert f"{old} is destroyed" in rotate("codes", "--destroy-retired")


def test_recordings_play_and_verify_after_a_rotation(
    plant: Plant, committed: Any
) -> None:
    with committed():
        recording = make_recording(plant)
    rotate("recordings")
    rotate("signing")
    recording = Recording.objects.with_session().get(pk=recording.pk)
    assert recording.key_id == keys.symmetric_key("recordings")[0]
    assert inspect(recording).findings == []
    out = StringIO()
    call_command("verify_recordings", stdout=out)
    assert "1 recordings are intact" in out.getvalue()
    # Even without the old key: nothing needs it any more.
    assert "is destroyed" in rotate("recordings", "--destroy-retired")
    assert inspect(recording).findings == []


def test_a_crash_in_the_middle_loses_nothing(
    plant: Plant, committed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The power goes between the manifest's file and the row of the second recording."""
    with committed():
        recordings = [make_recording(plant), make_recording(plant)]
    real, calls = recording_keys.keep_manifest, []

    def crash_at_the_second(recording: Recording) -> None:
        real(recording)
        calls.append(recording)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(recording_keys, "keep_manifest", crash_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        rotate("recordings")
    old, new = (
        keys.retired_key_ids("recordings")[0],
        keys.symmetric_key("recordings")[0],
    )
    assert recording_keys.recording_key_ids() == {old, new}
    for recording in recordings:
        fresh = Recording.objects.with_session().get(pk=recording.pk)
        assert inspect(fresh).findings == []

    monkeypatch.setattr(recording_keys, "keep_manifest", real)
    assert "unfinished" in rotate("recordings")
    assert recording_keys.recording_key_ids() == {new}
    assert keys.retired_key_ids("recordings") == [old]


def test_a_crash_before_the_new_key_leaves_the_old_one(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old key is kept apart first; then the power goes."""
    old = keys.symmetric_key("credentials")[0]
    real = keys.write_private

    def crash(path: Path, text: str) -> None:
        real(path, text)
        raise KeyboardInterrupt

    monkeypatch.setattr(keys, "write_private", crash)
    with pytest.raises(KeyboardInterrupt):
        rotate("credentials")
    assert keys.symmetric_key("credentials")[0] == old
    assert open_secrets(plant.filling_gateway).password == "asset-password"
    monkeypatch.setattr(keys, "write_private", real)
    rotate("credentials")
    assert keys.symmetric_key("credentials")[0] != old
    assert open_secrets(plant.filling_gateway).password == "asset-password"


def test_a_recording_under_way_goes_on(plant: Plant, committed: Any) -> None:
    """Its writer asks before each block whether what it writes could be opened later."""
    with committed():
        recording = record_session(make_session(plant), finish=False)
        asked = recording.key_id
        rotate("recordings")
        check_recording_key(asked)
        recording.refresh_from_db()
        check_recording_key(recording.key_id)
    with pytest.raises(CommandError, match="being written"):
        rotate("recordings", "--destroy-retired")


def test_a_password_stored_meanwhile_is_not_undone(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Adam stores a new one while the rotation holds the old one in its hand."""
    endpoint = plant.filling_gateway
    real = vault.unseal

    def unseal_slowly(name: str, envelope: str, *, bound_to: str) -> bytes:
        plain = real(name, envelope, bound_to=bound_to)
        credential = endpoint.credential
        vault.change_secrets(credential, username="service", password="Adam's new one")
        credential.save()
        return plain

    with monkeypatch.context() as patched:
        patched.setattr(vault, "unseal", unseal_slowly)
        rotate("credentials")
    assert open_secrets(endpoint).password == "Adam's new one"


def test_old_heads_of_the_trail_still_verify(plant: Plant) -> None:
    record("system.started")
    seal_committed_events()
    old = keys.sign(b"")[0]
    rotate("signing")
    assert keys.sign(b"")[0] != old
    seal_committed_events()
    report = verify_chain()
    assert (report.intact, report.heads) == (True, 2)
    with pytest.raises(CommandError, match="stays"):
        rotate("signing", "--destroy-retired")


def test_the_old_signing_key_cannot_sign_any_more(plant: Plant) -> None:
    """Only its public half is kept."""
    private = (keys.settings.KEYS_DIR / "signing").read_text()
    rotate("signing")
    files = [path for path in keys.settings.KEYS_DIR.rglob("*") if path.is_file()]
    assert not any(private.strip() in path.read_text() for path in files)
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_an_id_from_a_row_never_leads_out_of_the_folder(plant: Plant) -> None:
    outside = keys.settings.KEYS_DIR / "retired" / "recordings-.." / "signing"
    outside.parent.mkdir(parents=True)
    outside.write_text("AAAA")
    assert not keys.signature_is_valid(b"x", "AAAA", "../../signing")
    with pytest.raises(keys.WrongKey):
        keys.unseal("credentials", "v1.../signing.AAAA", bound_to="x")


def test_two_rotations_at_once_are_refused(db: None) -> None:
    with keys.rotation_lock(), pytest.raises(CommandError, match="Another rotation"):
        rotate("credentials")


def test_web_sessions_outlive_the_secret_key(db: None) -> None:
    before = (keys.settings.KEYS_DIR / "secret_key").read_text().strip()
    rotate("secret_key")
    fallbacks = (keys.settings.KEYS_DIR / "secret_key_fallbacks").read_text().split()
    assert fallbacks == [before]
    assert (keys.settings.KEYS_DIR / "secret_key").read_text().strip() != before


def test_the_inventory_names_keys_and_shows_none(plant: Plant) -> None:
    rotate("credentials")
    out = StringIO()
    call_command("list_keys", stdout=out)
    assert keys.symmetric_key("credentials")[0] in out.getvalue()
    assert "credentials (retired)" in out.getvalue()
    for path in keys.settings.KEYS_DIR.rglob("*"):
        if path.is_file() and (text := path.read_text().strip()):
            assert text not in out.getvalue()
