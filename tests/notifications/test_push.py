"""A push reaches one device, says little, opens nothing; and none is lost on the way."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from datetime import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.core import mail
from django.test import Client
from pytest_django.fixtures import Settings

from accessportal import keys
from accessportal.accounts.models import User
from accessportal.accounts.services.people import disable_person
from accessportal.audit.models import AuditEvent
from accessportal.notifications import notify
from accessportal.notifications.models import Delivery, Notification, PushDevice
from accessportal.notifications.push_encryption import CURVE, bytes_of, encrypt
from accessportal.notifications.tasks import send_due_notifications
from tests.cast import Clock, Plant, origin
from tests.notifications.push_service import PushService, push_service

pytestmark = pytest.mark.django_db

DEVICE = "/account/notifications/device/"
FACTS = {
    "number": "REQ-2026-0042",
    "requester": "Vera Vogt",
    "vendor": "Fillwerk",
    "assets": "Filling line 3",
    "site": "Plant North",
    "window": "Tuesday",
    "purpose": "Torque",
}


@pytest.fixture
def service(settings: Settings) -> Iterator[PushService]:
    settings.OUTWARD_LOOPBACK = True
    settings.PUSH_HOSTS = ["127.0.0.1"]
    with push_service() as running:
        yield running


def tell(person: User, kind: str = "request.submitted", **facts: Any) -> Notification:
    path = "/approvals/REQ-2026-0042/"
    (row,) = notify([person], kind, path=path, **FACTS | facts)
    return row


def add(browser: Client, service: PushService, name: str = "phone") -> PushDevice:
    answer = browser.post(DEVICE, service.subscription(name))
    assert answer.status_code == 200, answer.content
    return PushDevice.objects.get(endpoint__endswith=f"/{name}")


def test_what_is_encrypted_is_what_the_rfc_says() -> None:
    """The example of RFC 8291, 5."""
    key = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
    made = encrypt(
        b"When I grow up, I want to be a watermelon",
        p256dh="BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZ"
        "GH6SRpkNtoIAiw4",
        auth="BTBZMqHH6r4Tts7J_aSIgg",
        salt=bytes_of("DGv6ra1nlYgDCS1FRnbzlw"),
        key=ec.derive_private_key(int.from_bytes(bytes_of(key), "big"), CURVE),
    )
    assert base64.urlsafe_b64encode(made).rstrip(b"=") == (
        b"DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vC"
        b"YLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXL"
        b"WyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


def test_from_the_subscription_to_what_the_phone_shows(
    plant: Plant,
    service: PushService,
    browser_of: Callable[..., Client],
    committed: Any,
) -> None:
    """End to end: subscribed, pushed, read by the browser alone, and said to have rung."""
    device = add(browser_of(plant.olga), service)
    with committed():
        row = tell(plant.olga)
    (arrived,) = service.arrived
    told = arrived.told
    receipt = told.pop("receipt")
    assert told == {
        "title": "A request waits for your decision",
        "body": "REQ-2026-0042",
        "path": "/approvals/REQ-2026-0042/",
        "tag": told["tag"],
    }
    # Neither words nor their length are the service's to know.
    assert len(arrived.body) % 256 == (16 + 4 + 1 + 65 + 16 + 1) % 256
    assert (arrived.headers["TTL"], arrived.headers["Urgency"]) == ("86400", "normal")
    assert len(mail.outbox) == 1  # mail is proposed as well

    pushed = row.deliveries.get(channel="push")
    assert (pushed.sent_at is not None, pushed.shown_at) == (True, None)
    for said in ("", "nonsense", receipt, receipt):
        assert Client().post("/push/shown/", {"receipt": said}).status_code == 204
    pushed.refresh_from_db()
    device.refresh_from_db()
    assert pushed.shown_at == device.last_shown_at is not None


def test_what_a_service_answers(
    plant: Plant, service: PushService, browser_of: Callable[..., Client], clock: Clock
) -> None:
    """Away: tried again. Refused for good, or gone: mailed instead, and forgotten if gone."""
    browser = browser_of(plant.olga)
    browser.post("/account/notifications/", {"requests_push": "on"})  # no mail, then
    for answer, tries, mails, devices in (
        (503, 2, 0, 1),
        (400, 1, 1, 1),
        (410, 1, 1, 0),
    ):
        add(browser, service)
        Delivery.objects.all().delete()
        mail.outbox.clear()
        row = tell(plant.olga)
        service.answer = answer
        for _sweep in range(3):
            send_due_notifications()
            clock.forward(minutes=3)
            if answer == 503 and _sweep == 0:
                service.answer = 201
        pushed = row.deliveries.get(channel="push")
        assert pushed.attempts + bool(pushed.sent_at) == tries, answer
        assert len(mail.outbox) == mails, answer
        assert PushDevice.objects.count() == devices, answer
        service.answer = 201
    gone = AuditEvent.objects.filter(event="push.device.removed").get()
    assert gone.detail["cause"] == "gone" and gone.actor_id is None


def test_a_crash_between_the_ways_loses_none(
    plant: Plant, service: PushService, browser_of: Callable[..., Client]
) -> None:
    """Each way has its own row: what one did is not done again, what is left is swept up."""
    add(browser_of(plant.olga), service)
    row = tell(plant.olga)  # and the process dies before the queue has it
    row.deliveries.get(channel="mail").note_sent()
    assert send_due_notifications() == 1
    assert (len(service.arrived), mail.outbox) == (1, [])
    assert send_due_notifications() == 0


def test_quiet_hours_hold_back_what_is_not_urgent(
    clock: Clock, plant: Plant, service: PushService, browser_of: Callable[..., Client]
) -> None:
    """22:00 to 06:00 in her own zone, past midnight; it is 12:00 in Berlin at first."""
    plant.olga.time_zone = "Europe/Berlin"
    plant.olga.save()
    browser = browser_of(plant.olga)
    add(browser, service)
    fields = {"requests_push": "on", "live_push": "on", "quiet_from": "22:00"}
    refused = browser.post("/account/notifications/", fields)
    assert refused.status_code == 422 and b"another end" in refused.content
    done = browser.post("/account/notifications/", fields | {"quiet_until": "06:00"})
    assert done.status_code == 302
    assert plant.olga.notification_wishes.quiet_from == time(22)

    tell(plant.olga)
    send_due_notifications()
    assert len(service.arrived) == 1
    clock.forward(hours=11)  # 23:00
    tell(plant.olga)
    tell(plant.olga, "session.charge.vacant", worker="Vera", asset="Filler", until="3")
    send_due_notifications()
    assert [one.told["title"] for one in service.arrived[1:]] == [
        "Nobody is in charge of a session"
    ]
    tell(
        plant.olga, "emergency.asked",
        emergency="Leak", length="2 h", opened_by="Vera Vogt",
    )  # fmt: skip
    send_due_notifications()
    assert len(service.arrived) == 3
    clock.forward(hours=7, minutes=1)  # 06:01
    send_due_notifications()
    assert len(service.arrived) == 4


def test_a_code_is_never_pushed(
    plant: Plant, service: PushService, browser_of: Callable[..., Client]
) -> None:
    add(browser_of(plant.vera), service)
    (row,) = notify(
        [plant.vera], "account.mailbox_code", code="123 456", days=50, minutes=15
    )
    assert [one.channel for one in row.deliveries.all()] == ["mail"]


def test_a_device_goes_with_the_sign_in_it_belongs_to(
    plant: Plant, service: PushService, browser_of: Callable[..., Client], clock: Clock
) -> None:
    """Signing out takes this browser's; time alone takes none; an access that ends takes all."""
    phone, desk = browser_of(plant.olga), browser_of(plant.olga)
    add(phone, service, "phone")
    add(desk, service, "desk")
    clock.forward(hours=13)
    assert (
        phone.get("/account/").status_code == 302
    )  # it ran out, and rings all the same
    assert PushDevice.objects.count() == 2
    phone = browser_of(plant.olga)
    add(phone, service, "phone")
    assert phone.post("/accounts/logout/").status_code == 302
    assert PushDevice.objects.get().endpoint.endswith("/desk")
    disable_person(
        acting_user=plant.adam, person=plant.olga, reason="Left", origin=origin()
    )
    assert not PushDevice.objects.exists()


def test_who_may_add_what(
    plant: Plant,
    service: PushService,
    browser_of: Callable[..., Client],
    settings: Settings,
) -> None:
    """Only an allowed push service, with keys that are keys; a browser has one person."""
    browser = browser_of(plant.olga)
    good = service.subscription()
    for wrong, sentence in (
        ({"endpoint": "https://10.0.0.5/internal"}, b"may not speak to 10.0.0.5"),
        ({"endpoint": "http://push.example/x"}, b"Only https"),
        ({"endpoint": "https://a@127.0.0.1/x"}, b"no address"),
        ({"endpoint": "file:///etc/passwd"}, b"no address"),
        ({"p256dh": "AAAA"}, b"cannot be used"),
        ({"auth": "AAAA"}, b"cannot be used"),
        ({"key_id": "../../signing"}, b"cannot be used"),
    ):
        answer = browser.post(
            DEVICE, good | wrong, headers={"Accept": "application/json"}
        )
        assert answer.status_code == 422 and sentence in answer.content, wrong
    add(browser, service)
    assert add(browser_of(plant.ivan), service).user == plant.ivan
    assert PushDevice.objects.count() == 1

    settings.PUSH_HOSTS = []
    page = browser.get("/account/notifications/").content.decode()
    assert "may not speak to any push service" in page


def test_an_old_key_reaches_those_who_know_only_that_one(
    plant: Plant,
    service: PushService,
    browser_of: Callable[..., Client],
    tmp_path: Any,
    settings: Settings,
) -> None:
    settings.KEYS_DIR = tmp_path / "keys"
    keys.ensure_keys()
    browser = browser_of(plant.olga)
    device = add(browser, service)
    old, new = keys.replace_key("push")
    assert (device.key_id, keys.push_key_id()) == (old, new)
    tell(plant.olga)
    send_due_notifications()
    assert len(service.arrived) == 1
    assert browser.get(DEVICE).json()["key_id"] == new

    keys.retired_file("push", old).unlink()
    row = tell(plant.olga)
    send_due_notifications()
    refused = row.deliveries.get(channel="push")
    assert refused.given_up_at is not None and "not kept" in refused.last_error


def test_the_list_of_devices(
    plant: Plant,
    service: PushService,
    browser_of: Callable[..., Client],
    committed: Any,
) -> None:
    browser = browser_of(plant.olga)
    device = add(browser, service)
    with committed():
        browser.post(f"{DEVICE}{device.pk}/test/")
    assert service.arrived[0].told["title"] == "This is a test"
    assert mail.outbox == []
    assert (
        browser_of(plant.omar).post(f"{DEVICE}{device.pk}/remove/").status_code == 404
    )
    browser.post(f"{DEVICE}{device.pk}/remove/")
    assert not PushDevice.objects.exists()
    events = AuditEvent.objects.filter(event__startswith="push.device.")
    assert [row.event.rpartition(".")[2] for row in events.order_by("pk")] == [
        "added",
        "removed",
    ]
