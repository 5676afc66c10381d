"""Secrets go in and never come out again (promise 8)."""

from __future__ import annotations

import json
import subprocess

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from accessportal.audit.models import AuditEvent
from accessportal.errors import FreshFactorNeeded, NotAllowed, NotPossible
from accessportal.plants.models import Credential
from accessportal.plants.services.credentials import readable_key, store_credential
from accessportal.plants.vault import open_secrets
from tests.cast import origin

pytestmark = pytest.mark.django_db

Format = serialization.PrivateFormat
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def as_text(key, format, passphrase=b""):
    protection = (
        serialization.BestAvailableEncryption(passphrase)
        if passphrase
        else serialization.NoEncryption()
    )
    return key.private_bytes(serialization.Encoding.PEM, format, protection).decode()


def store(endpoint, adam, **secrets):
    secrets.setdefault("username", "service")
    return store_credential(endpoint, acting_user=adam, origin=origin(), **secrets)


def test_stored_sealed_and_opened_for_the_broker(adam, filling_hmi):
    credential = store(filling_hmi, adam, password="s3cret")
    assert "s3cret" not in json.dumps(
        [str(value) for value in vars(credential).values()]
    )
    assert open_secrets(filling_hmi).password == "s3cret"
    assert credential.changed_by == adam


def test_none_keeps_and_empty_removes(adam, filling_gateway):
    store(filling_gateway, adam, username="other")
    assert open_secrets(filling_gateway).password == "asset-password"
    assert open_secrets(filling_gateway).username == "other"

    store(filling_gateway, adam, password="")
    assert open_secrets(filling_gateway).password == ""


def test_the_trail_says_what_changed_but_not_to_what(adam, filling_gateway):
    store(filling_gateway, adam, username="other", password="s3cret")
    event = AuditEvent.objects.get(event="credential.changed")
    assert event.detail == {"changed": ["username", "password"]}
    assert "s3cret" not in json.dumps(event.detail)


def test_nothing_changed_is_no_event(adam, filling_gateway):
    store(filling_gateway, adam)
    assert not AuditEvent.objects.exists()


def test_it_needs_a_fresh_factor(adam, filling_hmi):
    with pytest.raises(FreshFactorNeeded):
        store_credential(
            filling_hmi, acting_user=adam, origin=origin(factor_age=301), username="x"
        )


@pytest.mark.parametrize("who", ["olga", "ivan", "cora", "vera"])
def test_others_store_nothing(request, who, filling_hmi):
    with pytest.raises(NotAllowed):
        store(filling_hmi, request.getfixturevalue(who), password="x")


class TestPrivateKeys:
    @pytest.mark.parametrize(
        ("format", "passphrase"),
        [
            (Format.TraditionalOpenSSL, ""),
            (Format.TraditionalOpenSSL, "open sesame"),
            (Format.PKCS8, ""),
            (Format.PKCS8, "open sesame"),
            (Format.OpenSSH, ""),
        ],
    )
    def test_any_rsa_format_becomes_what_guacd_reads(self, format, passphrase):
        text = as_text(RSA_KEY, format, passphrase.encode())
        stored = readable_key(text.replace("\n", "\r\n"), passphrase)
        assert stored.startswith("-----BEGIN RSA PRIVATE KEY-----")
        assert "ENCRYPTED" not in stored

    def test_another_kind_of_key_is_refused_with_how_to_make_one(self):
        text = as_text(ed25519.Ed25519PrivateKey.generate(), Format.OpenSSH)
        with pytest.raises(NotPossible) as error:
            readable_key(text)
        assert error.value.code == "key_not_rsa"
        assert "ssh-keygen -t rsa" in str(error.value)

    @pytest.mark.parametrize(
        ("text", "passphrase"),
        [
            ("not a key", ""),
            (
                "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----",
                "",
            ),
            (as_text(RSA_KEY, Format.TraditionalOpenSSL, b"right"), "wrong"),
            (as_text(RSA_KEY, Format.PKCS8, b"right"), ""),
        ],
    )
    def test_what_cannot_be_read(self, text, passphrase):
        with pytest.raises(NotPossible) as error:
            readable_key(text, passphrase)
        assert error.value.code == "key_unreadable"

    def test_openssh_with_a_passphrase_is_told_how_to_convert_it(self, tmp_path):
        subprocess.run(
            [
                "ssh-keygen",
                "-q",
                "-t",
                "rsa",
                "-N",
                "open sesame",
                "-f",
                tmp_path / "key",
            ],
            check=True,
        )
        with pytest.raises(NotPossible) as error:
            readable_key((tmp_path / "key").read_text(), "open sesame")
        assert error.value.code == "key_format"


class TestPages:
    def test_no_page_shows_what_is_stored(
        self, browser_of, adam, filling_gateway, filling_line
    ):
        store(filling_gateway, adam, private_key=as_text(RSA_KEY, Format.PKCS8))
        browser = browser_of(adam)
        credential = Credential.objects.get(endpoint=filling_gateway)
        for path in (
            f"/plants/endpoints/{filling_gateway.pk}/credential/",
            f"/plants/endpoints/{filling_gateway.pk}/edit/",
            f"/plants/assets/{filling_line.slug}/",
        ):
            page = browser.get(path).content.decode()
            assert "asset-password" not in page
            assert "PRIVATE KEY-----" not in page
            assert credential.password_envelope not in page

    def test_a_mistake_does_not_send_the_secret_back(
        self, browser_of, adam, filling_gateway
    ):
        response = browser_of(adam).post(
            f"/plants/endpoints/{filling_gateway.pk}/credential/store/",
            {
                "username": "service",
                "password": "s3cret-typed",
                "private_key": "not a key",
            },
        )
        assert response.status_code == 422
        assert "cannot be read" in response.content.decode()
        assert "s3cret-typed" not in response.content.decode()

    def test_adam_stores_and_removes(self, browser_of, adam, filling_gateway):
        browser = browser_of(adam)
        path = f"/plants/endpoints/{filling_gateway.pk}/credential/store/"
        browser.post(path, {"username": "new", "password": " with spaces "})
        assert open_secrets(filling_gateway).password == " with spaces "

        browser.post(path, {"username": "new", "password": ""})
        assert open_secrets(filling_gateway).password == " with spaces "

        browser.post(path, {"username": "new", "remove_password": "on"})
        assert open_secrets(filling_gateway).password == ""

    def test_a_stale_factor_asks_for_the_code_first(
        self, browser_of, adam, filling_gateway
    ):
        response = browser_of(adam, factor_age=600).post(
            f"/plants/endpoints/{filling_gateway.pk}/credential/store/",
            {"username": "new"},
        )
        assert response.status_code == 403
        assert open_secrets(filling_gateway).username == "service"
