"""Keys are files: made once, private, and an envelope opens only where it belongs."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from accessportal import keys


@pytest.fixture
def key_files(tmp_path: Path, settings: Settings) -> Iterator[Path]:
    settings.KEYS_DIR = tmp_path / "keys"
    keys.forget_keys()
    keys.ensure_keys()
    yield settings.KEYS_DIR
    keys.forget_keys()


def test_keys_are_made_once_and_are_private(key_files: Path) -> None:
    before = {path.name: path.read_text() for path in key_files.iterdir()}
    assert keys.ensure_keys() == []
    assert {path.name: path.read_text() for path in key_files.iterdir()} == before
    assert {path.stat().st_mode & 0o777 for path in key_files.iterdir()} == {0o600}


def test_an_envelope_opens_only_for_its_row(key_files: Path) -> None:
    envelope = keys.seal("credentials", b"secret", bound_to="row/1")
    assert keys.unseal("credentials", envelope, bound_to="row/1") == b"secret"
    with pytest.raises(keys.WrongKey):
        keys.unseal("credentials", envelope, bound_to="row/2")


def test_two_envelopes_of_one_secret_differ(key_files: Path) -> None:
    assert keys.seal("credentials", b"x", bound_to="r") != keys.seal(
        "credentials", b"x", bound_to="r"
    )


@pytest.mark.parametrize(
    "envelope", ["", "v1.x", "v1.abc.@@@", "v0.0.AAAA", "not an envelope"]
)
def test_what_is_not_an_envelope_is_refused(key_files: Path, envelope: str) -> None:
    with pytest.raises(keys.WrongKey):
        keys.unseal("credentials", envelope, bound_to="row/1")


def test_a_changed_envelope_is_refused(key_files: Path) -> None:
    version, key_id, body = keys.seal("credentials", b"secret", bound_to="r").split(".")
    raw = bytearray(base64.b64decode(body))
    raw[-1] ^= 1
    changed = f"{version}.{key_id}.{base64.b64encode(bytes(raw)).decode()}"
    with pytest.raises(keys.WrongKey):
        keys.unseal("credentials", changed, bound_to="r")


def test_another_key_says_which_one_is_missing(key_files: Path) -> None:
    envelope = keys.seal("credentials", b"secret", bound_to="r")
    (key_files / "credentials").unlink()
    keys.ensure_keys()
    keys.forget_keys()
    with pytest.raises(keys.WrongKey, match="Sealed with key"):
        keys.unseal("credentials", envelope, bound_to="r")


def test_a_keyed_hash_is_the_same_for_its_key_only(key_files: Path) -> None:
    old, other = (keys.symmetric_key(name)[0] for name in ("codes", "recordings"))
    before = keys.keyed_hash("codes", b"message", key_id=old)
    assert before == keys.keyed_hash("codes", b"message", key_id=old)
    assert before != keys.keyed_hash("codes", b"massage", key_id=old)
    assert before != keys.keyed_hash("recordings", b"message", key_id=other)
    with pytest.raises(keys.WrongKey):
        keys.keyed_hash("codes", b"message", key_id=other)
    _old, new = keys.replace_key("codes")
    assert keys.keyed_hash("codes", b"message", key_id=old) == before
    assert keys.keyed_hash("codes", b"message", key_id=new) != before


def test_a_missing_key_fails_loudly(key_files: Path) -> None:
    (key_files / "recordings").unlink()
    with pytest.raises(keys.KeyMissing, match="recordings"):
        keys.seal("recordings", b"x", bound_to="r")


def test_a_signature_holds_for_its_message_and_key_only(key_files: Path) -> None:
    key_id, signature = keys.sign(b"message")
    assert keys.signature_is_valid(b"message", signature, key_id)
    assert not keys.signature_is_valid(b"massage", signature, key_id)
    assert not keys.signature_is_valid(b"message", signature, "0" * 16)
    assert not keys.signature_is_valid(b"message", "no base64!", key_id)


def test_the_public_key_can_be_handed_out(key_files: Path) -> None:
    assert keys.public_key_pem().startswith("-----BEGIN PUBLIC KEY-----")
