"""Adam tests connections of real machines, and pins the host key that he compared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accessportal.accounts.models import User
from accessportal.demo.targets import Targets
from accessportal.plants.host_key import fingerprint
from accessportal.plants.models import Credential, Endpoint, EndpointCheck
from accessportal.plants.vault import Secrets, store_secrets
from sessions.guacamole.handshake import GuacdAddress

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def portal_knows_guacd(settings: Any, guacd: GuacdAddress) -> None:
    settings.GUACD_ADDRESS = f"{guacd.host}:{guacd.port}"


@pytest.fixture
def gateway(filling_gateway: Endpoint, targets: Targets) -> Endpoint:
    """The real SSH machine, stored without its host key."""
    facts = targets["ssh"]
    filling_gateway.host, filling_gateway.port = facts.host, facts.port
    filling_gateway.probe = Endpoint.Probe.FULL
    filling_gateway.save()
    keep(filling_gateway, username=facts.username, private_key=facts.private_key)
    return filling_gateway


def keep(endpoint: Endpoint, **secrets: str) -> None:
    credential = Credential.objects.filter(endpoint=endpoint).first()
    credential = credential or Credential(endpoint=endpoint)
    store_secrets(credential, Secrets(**secrets))
    credential.save()


@pytest.fixture
def tested(browser_of: Callable[..., Client], adam: User, committed: Any) -> Any:
    """Adam presses the button; the check that ran."""
    browser = browser_of(adam)

    def press(endpoint: Endpoint, kind: str = "full") -> EndpointCheck:
        with committed():
            browser.post(
                f"/plants/endpoints/{endpoint.pk}/check/start/", {"kind": kind}
            )
        return EndpointCheck.objects.filter(endpoint=endpoint).latest("id")

    press.browser = browser  # type: ignore[attr-defined]
    return press


def test_from_the_first_test_to_the_pinned_key(
    tested: Any, gateway: Endpoint, targets: Targets
) -> None:
    first = tested(gateway)
    assert (first.state, first.finding) == (
        "passed",
        "Signing in works, and the machine's screen arrives.",
    )
    assert fingerprint(first.learnt_host_key) == fingerprint(targets["ssh"].host_key)

    tested.browser.post(f"/plants/checks/{first.pk}/pin/")
    gateway.refresh_from_db()
    assert gateway.host_key == first.learnt_host_key

    again = tested(gateway)
    assert again.state == "passed"
    assert again.learnt_host_key == ""


def test_the_host_key_without_signing_in(
    tested: Any, gateway: Endpoint, targets: Targets
) -> None:
    keep(gateway, username="nobody", password="wrong")
    check = tested(gateway, "tcp")
    assert check.state == "passed"
    assert fingerprint(check.learnt_host_key) == fingerprint(targets["ssh"].host_key)


def test_a_wrong_password_gets_its_sentence(tested: Any, gateway: Endpoint) -> None:
    facts = gateway.credential
    keep(gateway, username=facts.username, password="wrong")
    check = tested(gateway)
    assert check.state == "failed"
    assert "did not accept the user name, password or key" in check.finding
