"""The portal on a home screen: what a browser keeps of it, and what it never does."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from tests.cast import Plant

pytestmark = pytest.mark.django_db


def test_the_manifest_names_icons_that_are_there() -> None:
    answer = Client().get("/app.webmanifest", headers={"Accept-Language": "de"})
    described = answer.json()
    assert answer["Content-Type"] == "application/manifest+json"
    assert (described["lang"], described["display"]) == ("de", "standalone")
    assert {icon["purpose"] for icon in described["icons"]} == {"any", "maskable"}
    for icon in described["icons"]:
        name = Path(icon["src"].removeprefix(settings.STATIC_URL))
        with (settings.BASE_DIR / "static" / name).open("rb") as file:
            head = file.read(24)
        size = int.from_bytes(head[16:20], "big")
        assert head[1:4] == b"PNG" and icon["sizes"] == f"{size}x{size}"


def test_the_worker_keeps_the_shell_and_nothing_else() -> None:
    """It is told of static files and the offline page; in code, it keeps things only there."""
    answer = Client().get("/service-worker.js")
    script = answer.content.decode()
    assert answer["Content-Type"].startswith("text/javascript")
    assert answer["Cache-Control"] == "no-cache"
    assert "worker-src 'self'" in answer["Content-Security-Policy"]
    head, _, rest = script.partition("\n")
    kept = re.findall(r'"(/[^"]*)"', head)
    assert {path for path in kept if not path.startswith("/static/")} == {
        "/offline/",
        "/push/shown/",
    }
    # `cache.put` or `cache.add` anywhere else would keep what a page or the API answered.
    assert re.findall(r"\.(?:put|add|addAll)\(", rest) == [".addAll("]
    assert 'credentials: "omit"' in rest


def test_the_offline_page_is_nobodys(
    plant: Plant, browser_of: Callable[..., Client]
) -> None:
    page = browser_of(plant.olga).get("/offline/").content.decode()
    assert "No connection to the portal" in page
    assert "Olga" not in page and "csrf" not in page


def test_a_shared_computer_gets_no_worker(
    plant: Plant, browser_of: Callable[..., Client]
) -> None:
    """And signing out, anywhere, drops the worker with what it kept."""
    browser = browser_of(plant.olga)
    assert b"data-service-worker" in browser.get("/account/").content
    web_session = browser.session
    web_session["shared_computer"] = True
    web_session.save()
    assert b"data-service-worker" not in browser.get("/account/").content
    device = "/account/notifications/device/"
    refused = browser.post(device, {}, headers={"Accept": "application/json"})
    assert refused.status_code == 403
    assert '"storage"' in browser.post("/accounts/logout/")["Clear-Site-Data"]
