"""Coming in, in a real browser: after a long time, and by the plant's own directory."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from accessportal.launcher.ports import free_port
from tests.browser.axe import axe_findings
from tests.browser.conftest import DESK, PHONE_OPTIONS, OpensPages, Stage
from tests.cast import PASSWORD
from tests.directory.conftest import OLGAS_GROUP, claims
from tests.directory.openid import BACK, Provider, running_provider
from tests.staged import NoMachines, staged_portal


@pytest.fixture(scope="module")
def port() -> int:
    """The portal's: its directory sends people back to it only."""
    return free_port(0)


@pytest.fixture(scope="module")
def provider(port: int) -> Iterator[Provider]:
    with running_provider(f"http://localhost:{port}{BACK}") as running:
        yield running


@pytest.fixture(scope="module")
def stage(
    port: int, provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    place, told = tmp_path_factory.mktemp("coming-in"), provider.settings()
    with staged_portal(
        place, "127.0.0.1:4822", NoMachines(), port=port,
        PORTAL_OIDC_ISSUER=told.issuer,
        PORTAL_OIDC_CLIENT_ID=told.client_id,
        PORTAL_OIDC_CLIENT_SECRET=told.client_secret,
        PORTAL_OIDC_SCOPES=told.scopes,
    ) as made:  # fmt: skip
        yield made


def types_code(page: Page, code: str) -> None:
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_a_parked_technician_comes_back_and_the_approver_is_told(
    stage: Stage, stranger: Callable[..., Page], page_of: OpensPages
) -> None:
    stage.unused_for("vera", 61)
    vera, page = stage.people()["vera"], stranger(**PHONE_OPTIONS)
    page.goto("/")
    page.get_by_label("E-mail address").fill(vera)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    types_code(page, stage.code("vera"))

    expect(page.get_by_role("heading", level=1)).to_contain_text("your mailbox")
    expect(page.locator("main")).to_contain_text("not used for 61 days")
    assert axe_findings(page) == []
    code = stage.mailbox_code(vera)
    types_code(page, "0000 0001" if code != "0000 0001" else "0000 0002")
    expect(page.get_by_role("alert")).to_contain_text("not right")
    types_code(page, code)
    expect(page.locator(".live-link")).to_have_text("live", timeout=60_000)

    number = stage.asks("vera", "vnc")
    olga = page_of("olga", phone=True)
    olga.goto(f"/approvals/{number}/")
    expect(olga.locator("main")).to_contain_text("First use in 61 days")


def test_olga_comes_in_by_the_plants_directory_and_her_own_factor(
    stage: Stage, provider: Provider, stranger: Callable[..., Page]
) -> None:
    stage.group_of_supervisors(OLGAS_GROUP)
    provider.knows(olga=claims("olga"), nina=claims("nina", "canteen"))
    page = stranger(viewport=DESK)
    page.goto("/approvals/")
    assert axe_findings(page) == []
    goes_to_the_directory(page, "olga")
    # The directory is the first step; the second factor stays the portal's own.
    assert page.url.startswith(stage.url)
    types_code(page, stage.code("olga"))
    expect(page).to_have_url(re.compile("/approvals/$"))
    expect(page.locator(".live-link")).to_have_text("live", timeout=60_000)

    page = stranger(viewport=DESK)
    page.goto("/")
    goes_to_the_directory(page, "nina")
    expect(page.get_by_role("alert")).to_contain_text("none of your groups has a role")
    assert axe_findings(page) == []


def goes_to_the_directory(page: Page, name: str) -> None:
    page.get_by_role("link", name="Sign in with the plant's account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Provider of the tests")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text(
        "Provider of the tests"
    )
