"""A person's passkey: the authenticator that Chromium plays, and how it is set up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.axe import axe_findings


class Authenticator:
    """A phone's fingerprint reader as Chromium plays it: moves from page to page."""

    OPTIONS = {
        "protocol": "ctap2",
        "ctap2Version": "ctap2_1",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }

    def __init__(self) -> None:
        self.credentials: list[dict[str, Any]] = []

    def into(self, page: Page) -> Callable[[], None]:
        """Put it into a page; what is returned takes it out again, with what it learnt."""
        line = page.context.new_cdp_session(page)
        line.send("WebAuthn.enable")
        made = line.send("WebAuthn.addVirtualAuthenticator", {"options": self.OPTIONS})
        name = {"authenticatorId": made["authenticatorId"]}
        for credential in self.credentials:
            line.send("WebAuthn.addCredential", {**name, "credential": credential})

        def out() -> None:
            self.credentials = line.send("WebAuthn.getCredentials", name)["credentials"]
            line.send("WebAuthn.removeVirtualAuthenticator", name)

        return out


def set_up(page: Page, phone: Authenticator, name: str = "Work phone") -> None:
    out = phone.into(page)
    page.goto("/account/passkeys/new/")
    assert axe_findings(page) == []
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Set it up").click()
    expect(page.get_by_text(name, exact=True).first).to_be_visible()
    assert axe_findings(page) == []
    out()
