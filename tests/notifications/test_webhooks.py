"""The plant's own tools are told: signed, tried again, per site, and never more than was wished."""

from __future__ import annotations

import hmac
import json
import threading
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from accessportal import keys
from accessportal.audit.models import AuditEvent
from accessportal.notifications import notify
from accessportal.notifications.models import Webhook, WebhookCall
from accessportal.notifications.tasks import send_due_notifications
from accessportal.notifications.webhook_formats import Said, body_and_headers
from accessportal.notifications.webhooks import reseal_webhooks, webhook_key_ids
from accessportal.plants.models import Site
from requests.services.emergency import Emergency, submit_emergency
from tests.cast import Clock, Plant, make_person, origin

pytestmark = pytest.mark.django_db

PAGE = "/webhooks/"
FACTS = {
    "worker": "Vera Vogt",
    "vendor": "Fillwerk",
    "asset": "Filling line 3",
    "until": "14:00",
    "number": "SES-2026-0001",
}


class Receiver:
    """A tool of the plant. `answers`: the status of each answer, the last one for ever."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers = [200]


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    held = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            held.got.append((dict(self.headers), body))
            many = len(held.answers) > 1
            self.send_response(held.answers.pop(0) if many else held.answers[0])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    settings.OUTWARD_LOOPBACK = True
    settings.WEBHOOK_HOSTS = ["127.0.0.1"]
    held.address = f"http://127.0.0.1:{server.server_address[1]}/hook/secret-part"  # type: ignore[attr-defined]
    yield held
    server.shutdown()
    thread.join()
    server.server_close()


def add(browser: Client, receiver: Any, **fields: Any) -> Any:
    given = {
        "name": "Shift",
        "kind": "generic",
        "groups": ["live"],
        "says": "subject",
        "address": receiver.address,
    }
    return browser.post(f"{PAGE}new/", given | fields)


def tell(plant: Plant, site: Site) -> None:
    notify([plant.olga], "session.started", path="/sessions/", site=site, **FACTS)
    send_due_notifications()


def test_signed_and_told_where_it_happened(
    plant: Plant, receiver: Receiver, browser_of: Callable[..., Client]
) -> None:
    browser = browser_of(plant.adam)
    added = add(browser, receiver, site=plant.north.pk)
    webhook = Webhook.objects.get()
    secret = added.context["secret"]
    assert secret in added.content.decode()
    page = browser.get(PAGE).content.decode()
    assert secret not in page and "secret-part" not in page and "127.0.0.1" in page
    assert "secret-part" not in webhook.address_envelope

    tell(plant, plant.south)
    assert receiver.got == []
    tell(plant, plant.north)
    ((headers, body),) = receiver.got
    told = json.loads(body)
    assert told["title"] == "Vera Vogt works on Filling line 3 now"
    assert (told["kind"], told["site"], told["link"]) == (
        "session.started",
        "Plant North",
        "http://localhost:8000/sessions/",
    )
    signed = f"{headers['Portal-Timestamp']}.".encode() + body
    expected = hmac.new(secret.encode(), signed, "sha256").hexdigest()
    assert headers["Portal-Signature"] == f"v1={expected}"
    assert headers["Portal-Delivery"] == told["id"]

    browser.post(f"{PAGE}{webhook.pk}/retire/")
    tell(plant, plant.north)
    assert len(receiver.got) == 1
    assert browser.post(f"{PAGE}{webhook.pk}/retire/").status_code == 409
    names = AuditEvent.objects.filter(event__startswith="webhook.").order_by("pk")
    assert [row.event for row in names] == ["webhook.added", "webhook.retired"]
    assert "secret-part" not in str([row.detail for row in names])


def test_only_the_number_where_names_are_not_wished(
    plant: Plant, receiver: Receiver, browser_of: Callable[..., Client]
) -> None:
    """And nothing about accounts goes to a channel: it cannot be chosen."""
    browser = browser_of(plant.adam)
    assert add(browser, receiver, groups=["live", "account"]).status_code == 422
    add(browser, receiver, says="number")
    tell(plant, plant.north)
    notify([plant.olga], "account.password_changed", path="/account/")
    send_due_notifications()
    ((_headers, body),) = receiver.got
    assert json.loads(body)["title"] == "Sessions that are running: SES-2026-0001"
    assert Webhook.objects.get().groups == ["live"]


def test_an_emergency_is_said_to_be_one_even_by_number(
    plant: Plant, receiver: Receiver, browser_of: Callable[..., Client]
) -> None:
    browser = browser_of(plant.adam)
    add(browser, receiver, says="number", groups=["requests"], site=plant.north.pk)
    pending = submit_emergency(
        Emergency(
            site=plant.north,
            person=plant.vera,
            endpoint_ids=[plant.filling_plc.pk],
            permission="control",
            reason="Filler stands since 03:00",
            purpose="Find out why",
            minutes=60,
        ),
        acting_user=plant.vera,
        origin=origin(),
        submission_key=uuid.uuid4(),
    )
    send_due_notifications()
    ((_headers, body),) = receiver.got
    told = json.loads(body)
    assert (told["kind"], told["urgent"]) == ("emergency.asked", True)
    assert told["title"] == f"Emergency: {pending.number}"
    assert told["link"].endswith(f"/approvals/{pending.number}/")
    assert "03:00" not in body.decode(), "the reason is not for a channel"


def test_what_does_not_arrive_is_tried_again_and_shown(
    clock: Clock, plant: Plant, receiver: Receiver, browser_of: Callable[..., Client]
) -> None:
    browser = browser_of(plant.adam)
    add(browser, receiver)
    receiver.answers = [503, 200]
    tell(plant, plant.north)
    assert "HTTP 503" in browser.get(PAGE).content.decode()
    assert send_due_notifications() == 0
    clock.forward(minutes=3)
    assert "tried again now" in browser.get(PAGE).content.decode()
    assert send_due_notifications() == 1
    call = WebhookCall.objects.get()
    assert (call.attempts, bool(call.sent_at)) == (1, True)
    ids = {headers["Portal-Delivery"] for headers, _body in receiver.got}
    assert len(ids) == 1  # the same thing, told twice: the receiver can know

    receiver.answers = [404]
    tell(plant, plant.north)
    lost = WebhookCall.objects.first()
    assert lost is not None and lost.given_up_at is not None
    assert "given up" in browser.get(PAGE).content.decode()


def test_a_redirect_is_not_followed_and_the_list_is_held_at_each_try(
    plant: Plant,
    receiver: Receiver,
    browser_of: Callable[..., Client],
    settings: Settings,
) -> None:
    browser = browser_of(plant.adam)
    for address, sentence in (
        ("https://169.254.169.254/latest/", "may not speak to"),
        ("http://chat.example/x", "Only https"),
        ("javascript:alert(1)", "no address"),
    ):
        refused = add(browser, receiver, address=address)
        assert refused.status_code == 422
        (said,) = refused.context["form"].errors["address"]
        assert sentence in said
    add(browser, receiver)
    receiver.answers = [307]
    tell(plant, plant.north)
    assert len(receiver.got) == 1
    assert "HTTP 307" in WebhookCall.objects.get().last_error
    settings.WEBHOOK_HOSTS = ["elsewhere.example"]
    tell(plant, plant.north)
    assert len(receiver.got) == 1
    assert "may not speak" in WebhookCall.objects.first().last_error  # type: ignore[union-attr]


def test_without_an_allowed_server_the_page_says_what_comes_first(
    plant: Plant, browser_of: Callable[..., Client], settings: Settings
) -> None:
    settings.WEBHOOK_HOSTS = []
    page = browser_of(plant.adam).get(PAGE)
    assert "PORTAL_WEBHOOK_HOSTS" in page.text and 'name="address"' not in page.text
    assert "Add one for" not in page.text


def test_who_may_and_for_which_sites(
    plant: Plant, receiver: Receiver, browser_of: Callable[..., Client]
) -> None:
    """An administrator of South reaches neither North's nor those of every site."""
    add(browser_of(plant.adam), receiver, site=plant.north.pk)
    add(browser_of(plant.adam), receiver)
    ada = make_person("Ada South", roles=[("administrator", plant.south)])
    browser = browser_of(ada)
    assert "Shift" not in browser.get(PAGE).content.decode()
    for webhook in Webhook.objects.all():
        assert browser.post(f"{PAGE}{webhook.pk}/retire/").status_code == 404
    assert add(browser, receiver).status_code == 422  # she has to name her site
    assert add(browser, receiver, site=plant.north.pk).status_code == 404
    assert add(browser, receiver, site=plant.south.pk).status_code == 200
    stale = browser_of(plant.adam, factor_age=1000)
    assert add(stale, receiver).status_code in {302, 200, 403}
    assert Webhook.objects.count() == 3
    browser = browser_of(plant.adam)
    browser.post(f"{PAGE}{Webhook.objects.first().pk}/test/")  # type: ignore[union-attr]
    send_due_notifications()
    assert json.loads(receiver.got[-1][1])["title"] == "This is a test"


def test_a_new_key_for_credentials_takes_webhooks_along(
    plant: Plant,
    receiver: Receiver,
    browser_of: Callable[..., Client],
    settings: Settings,
    tmp_path: Any,
) -> None:
    settings.KEYS_DIR = tmp_path / "keys"
    keys.ensure_keys()
    add(browser_of(plant.adam), receiver)
    _old, new = keys.replace_key("credentials")
    assert reseal_webhooks() == 1
    assert webhook_key_ids() == {new}
    tell(plant, plant.north)
    assert len(receiver.got) == 1


def test_each_tool_gets_what_it_reads() -> None:
    """What somebody typed formats nothing and links nowhere."""
    said = Said(
        call_id="1",
        kind="session.started",
        about="",
        title="<!channel> [Ü](https://evil.example) *now*",
        link="https://portal.example/sessions/",
        at="2026-03-10T11:00:00+00:00",
        site="Werk Süd",
        urgent=True,
    )

    def made(tool: str) -> tuple[str, dict[str, str]]:
        body, headers = body_and_headers(
            tool, said, secret="s", now=1, open_words="Open"
        )
        return body.decode(), headers

    body, _headers = made("slack")
    assert "&lt;!channel&gt;" in body
    assert "<https://portal.example/sessions/|Open>" in body
    body, _headers = made("teams")
    card = json.loads(body)["attachments"][0]["content"]
    assert card["actions"][0]["url"] == said.link
    assert r"\[Ü\]\(https" in card["body"][1]["text"]
    body, headers = made("ntfy")
    assert (body, headers["Priority"], headers["Click"]) == (
        said.title,
        "high",
        said.link,
    )
    assert headers["Title"].isascii()
    with pytest.raises(KeyError):
        made("pigeon")
