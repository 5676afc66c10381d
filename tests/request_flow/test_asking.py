"""Asking made short: drafts, what is asked again, files, and who has it now."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from accessportal import keys
from accessportal.audit.models import AuditEvent
from accessportal.errors import NotPossible
from accessportal.notifications.models import Delivery, Notification
from requests.attachment_files import fair_name, kind_of, rewrap_attachments, take
from requests.delivery import usual_wait
from requests.models import AccessRequest, Attachment, SavedWish, WishDraft
from requests.services.attachments import (
    MOST_BYTES,
    MOST_FILES,
    MOST_UNSENT,
    attach,
    drop_forgotten,
)
from tests.cast import Clock, Plant, make_person, make_request, make_window

pytestmark = pytest.mark.django_db

NEW = "/requests/new/"
PDF = b"%PDF-1.7\nwork order 4711\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x00" * 20
JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 30 + b"\xff\xd9"


def pdf(name: str = "WO 4711.pdf", content: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="application/pdf")


def wish(plant: Plant, **fields: Any) -> dict[str, Any]:
    start = (timezone.now() + timedelta(hours=4)).astimezone(plant.north.tz)
    return {
        "site": str(plant.north.pk),
        "endpoints": [str(plant.filling_plc.pk)],
        "permission": "control",
        "purpose": "Adjust the capper torque after the gearbox change",
        "work_order": "WO-4711",
        "start": f"{start:%Y-%m-%dT%H:%M}",
        "duration": "60",
    } | fields


def key_on(page: Any) -> str:
    found = re.search(
        r'name="submission_key" value="([0-9a-f-]{36})"', page.content.decode()
    )
    assert found
    return found[1]


def test_what_is_typed_is_there_again(
    clock: Clock, plant: Plant, browser_of: Callable[..., Client]
) -> None:
    """Kept while it is checked; hers alone; gone once sent, discarded, or after a month."""
    browser = browser_of(plant.vera)
    half = wish(plant, purpose="Only half a sen", on_release="75", tolerance="45")
    half["skip"] = ["2026-12-24", "2026-12-31"]
    browser.post(f"{NEW}check/", half)
    page = browser.get(NEW).content.decode()
    assert re.search(r'name="on_release"[^>]* value="75"', page.replace("\n", " "))
    assert re.search(r'name="tolerance"[^>]* value="45"', page.replace("\n", " "))
    for day in half["skip"]:
        assert f'<input type="hidden" name="skip" value="{day}">' in page
    assert "Only half a sen" in page and "Your draft is here" in page
    assert "Only half" not in browser_of(plant.victor).get(NEW).content.decode()

    browser.post(f"{NEW}draft/discard/")
    assert "Your draft is here" not in browser.get(NEW).content.decode()
    browser.post(f"{NEW}check/", {"site": str(plant.north.pk), "purpose": "  "})
    browser.post(f"{NEW}check/", wish(plant, purpose="x" * 30_000))
    assert not WishDraft.objects.exists()  # nothing worth keeping, and no flood

    key = {"submission_key": key_on(browser.get(NEW))}
    browser.post(f"{NEW}check/", wish(plant, **key))
    assert browser.post(NEW, wish(plant, **key)).status_code == 302
    assert not WishDraft.objects.exists()
    # What was looked at while the form was on its way comes after it, and is no draft.
    browser.post(f"{NEW}check/", wish(plant, **key))
    page = browser.get(NEW)
    assert "Your draft is here" not in page.content.decode()
    assert key_on(page) != key["submission_key"]
    browser.post(f"{NEW}check/", wish(plant))
    clock.forward(days=31)
    assert "Your draft is here" not in browser_of(plant.vera).get(NEW).content.decode()


def test_what_comes_again_is_not_typed_again(
    plant: Plant, browser_of: Callable[..., Client]
) -> None:
    """The last job, one's own templates, and those that a colleague shares."""
    vito = make_person("Vito Vogel", vendor=plant.fillwerk)
    make_request(plant.vera, plant.filling_plc, purpose="Old: change the valve set")
    job = make_request(plant.vera, plant.filling_plc, lasts=timedelta(hours=4))
    browser, colleague = browser_of(plant.vera), browser_of(vito)
    page = browser.get(NEW).content.decode()
    assert f"?again={job.number}" in page and "Usual work:" in page
    again = browser.get(f"{NEW}?again={job.number}").content.decode()
    assert re.search(r'value="240"[^>]*checked', again)

    save = f"/requests/{job.number}/save/"
    assert browser.post(save, {"name": "  "}).status_code == 422
    browser.post(save, {"name": "Torque  check"})
    saved = SavedWish.objects.get()
    assert saved.name == "Torque check"
    assert "Torque check" not in colleague.get(NEW).content.decode()
    assert colleague.get(f"{NEW}?saved={saved.pk}").status_code == 200
    assert job.purpose not in colleague.get(f"{NEW}?saved={saved.pk}").content.decode()
    browser.post(save, {"name": "Torque check", "shared": "on"})
    assert SavedWish.objects.count() == 1
    assert job.purpose in colleague.get(f"{NEW}?saved={saved.pk}").content.decode()
    victor = browser_of(plant.victor)
    assert "Torque check" not in victor.get(NEW).content.decode()
    assert victor.post(f"/requests/saved/{saved.pk}/remove/").status_code == 404
    assert colleague.post(f"/requests/saved/{saved.pk}/remove/").status_code == 403
    browser.post(f"/requests/saved/{saved.pk}/remove/")
    assert not SavedWish.objects.exists()


def test_a_file_goes_with_the_request_sealed_and_unharmed(
    plant: Plant, browser_of: Callable[..., Client]
) -> None:
    """A mistake in another field costs nobody the file; who may see it downloads it."""
    browser = browser_of(plant.vera)
    key = key_on(browser.get(NEW))
    first = wish(plant, purpose="", submission_key=key, files=[pdf()])
    page = browser.post(NEW, first)
    assert page.status_code == 422 and "WO 4711.pdf" in page.content.decode()
    done = browser.post(NEW, wish(plant, submission_key=key))
    assert done.status_code == 302
    attachment = Attachment.objects.get()
    number = AccessRequest.objects.get().number
    assert attachment.access_request is not None

    stored = settings.RECORDINGS_DIR / attachment.place
    assert PDF not in stored.read_bytes() and b"4711" not in stored.read_bytes()
    path = f"/requests/{number}/files/{attachment.file_id}/"
    olga = browser_of(plant.olga)
    assert path in olga.get(f"/approvals/{number}/").content.decode()
    answer = olga.get(path)
    assert answer.content == PDF
    assert answer["Content-Disposition"].startswith("attachment;")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer["Cache-Control"]
    for stranger in (plant.victor, plant.omar):
        assert browser_of(stranger).get(path).status_code == 404
    events = AuditEvent.objects.filter(event__startswith="request.file.")
    assert [row.event for row in events.order_by("pk")] == [
        "request.file.attached",
        "request.file.opened",
    ]

    stored.chmod(0o600)
    stored.write_bytes(stored.read_bytes()[:-1] + b"x")
    broken = Client(raise_request_exception=False)
    broken.cookies = olga.cookies
    assert "changed" in broken.get(path).content.decode()


def test_what_a_file_is_says_its_content_and_its_name_is_only_words(
    plant: Plant, browser_of: Callable[..., Client]
) -> None:
    Kind = Attachment.Kind
    for content, kind in (
        (PDF, Kind.PDF),
        (PNG, Kind.PNG),
        (JPEG, Kind.JPEG),
        (b"<html><script>alert(1)</script>%PDF-1.7 %%EOF", None),
        (b"%PDF-1.7 without an end", None),
        (b"MZ\x90\x00", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        (b"", None),
    ):
        assert kind_of(content) == kind, content
    for typed, name in (
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\temp\\order.PDF", "order.PDF"),
        ("order.pdf.exe", "order.pdf.exe.pdf"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie: x.pdf"),
        ("", "file.pdf"),
        ("ü" * 300 + ".pdf", "ü" * 116 + ".pdf"),
    ):
        assert fair_name(typed, Kind.PDF) == name

    browser = browser_of(plant.vera)
    for file, sentence in (
        (pdf(content=b"MZ\x90\x00"), "neither a PDF nor"),
        (pdf("<b>.pdf", b""), "is empty or larger"),
        (pdf(content=PDF + b"0" * MOST_BYTES), "is empty or larger"),
    ):
        page = browser.post(NEW, wish(plant, files=[file]))
        assert page.status_code == 422 and sentence in page.content.decode()
        assert "<b>.pdf" not in page.content.decode()
    files = [pdf(f"{number}.pdf") for number in range(6)]
    assert (
        "At most 5 files"
        in browser.post(NEW, wish(plant, files=files)).content.decode()
    )
    assert AccessRequest.objects.count() == 0


def test_a_file_is_taken_off_or_forgotten(
    clock: Clock,
    plant: Plant,
    browser_of: Callable[..., Client],
    committed: Any,
) -> None:
    browser = browser_of(plant.vera)
    key = key_on(browser.get(NEW))
    for name in ("one.pdf", "two.pdf"):
        browser.post(
            NEW, wish(plant, purpose="", submission_key=key, files=[pdf(name)])
        )
    one, two = Attachment.objects.all()
    assert (
        browser_of(plant.victor).post(f"{NEW}files/{one.file_id}/remove/").status_code
        == 404
    )
    with committed():
        browser.post(
            f"{NEW}files/{one.file_id}/remove/",
            wish(plant, submission_key=key, purpose="Still here"),
        )
    page = browser.get(NEW).content.decode()
    assert "Still here" in page and "two.pdf" in page and "one.pdf" not in page
    assert not (settings.RECORDINGS_DIR / one.place).exists()
    clock.forward(days=3)
    assert drop_forgotten() == 1
    assert not (settings.RECORDINGS_DIR / two.place).exists()


def test_files_on_forms_that_nobody_sends_do_not_fill_the_disk(plant: Plant) -> None:
    for number in range(MOST_UNSENT):
        form = uuid.UUID(int=number // MOST_FILES)
        attach(pdf(), submission_key=form, acting_user=plant.vera)
    with pytest.raises(NotPossible, match="forms that you did not send"):
        attach(pdf(), submission_key=uuid.uuid4(), acting_user=plant.vera)
    attach(pdf(), submission_key=uuid.uuid4(), acting_user=plant.victor)


def test_a_new_key_for_recordings_takes_files_along(
    plant: Plant,
    browser_of: Callable[..., Client],
    settings: Settings,
    tmp_path: Any,
) -> None:
    settings.KEYS_DIR = tmp_path / "keys"
    keys.ensure_keys()
    browser_of(plant.vera).post(NEW, wish(plant, files=[pdf()]))
    old, _new = keys.replace_key("recordings")
    assert (rewrap_attachments(), rewrap_attachments()) == (1, 0)
    keys.retired_file("recordings", old).unlink()
    assert take(Attachment.objects.get()) == PDF


def test_who_has_it_and_how_long_it_usually_takes(
    clock: Clock, plant: Plant, browser_of: Callable[..., Client], committed: Any
) -> None:
    """Roles and places, never a name; told, rang and seen, each when it first was."""
    for _turn in range(3):
        window = make_window(plant.vera, plant.filling_plc, decided_by=plant.olga)
        decided = window.access_request
        AccessRequest.objects.filter(pk=decided.pk).update(
            submitted_at=decided.decisions.get().decided_at - timedelta(minutes=35)
        )
    browser = browser_of(plant.vera)
    with committed():
        browser.post(NEW, wish(plant))
    number = AccessRequest.objects.first().number  # type: ignore[union-attr]
    page = browser.get(f"/requests/{number}/").content.decode()
    assert "1 person" in page and "not seen yet" in page
    assert "within 35 min" in page

    clock.forward(minutes=2)
    row = Notification.objects.get(about=number, recipient=plant.olga)
    Delivery.objects.create(
        notification=row, channel="push", sent_at=clock.now, shown_at=clock.now
    )
    automatic = {"Portal-Automatic": "1"}
    browser_of(plant.olga).get(f"/approvals/{number}/", headers=automatic)
    assert "not seen yet" in browser.get(f"/requests/{number}/").content.decode()
    clock.forward(minutes=1)
    browser_of(plant.olga).get(f"/approvals/{number}/")
    card = browser.get(f"/requests/{number}/").content.decode()
    card = card[card.index('id="delivery"') :][:1500]
    assert "rang" in card and "12:02" in card
    assert "seen" in card and "12:03" in card
    assert "Olga" not in card


@pytest.mark.parametrize(("seconds", "minutes"), [(0, 1), (61, 2), (600, 10)])
def test_how_long_it_takes_is_said_in_whole_minutes(
    plant: Plant, seconds: int, minutes: int
) -> None:
    """A decision at once, as an approval in advance is, takes no "0 s"."""
    for _turn in range(3):
        decided = make_window(
            plant.vera, plant.filling_plc, decided_by=plant.olga
        ).access_request
        decided.submitted_at = decided.decisions.get().decided_at - timedelta(
            seconds=seconds
        )
        decided.save()
    assert usual_wait(decided) == timedelta(minutes=minutes)


def test_the_link_is_tried_with_bytes_and_a_clock(
    plant: Plant, browser_of: Callable[..., Client]
) -> None:
    browser = browser_of(plant.vera)
    assert b"link-test" in browser.get("/account/ready/").content
    for asked, got in (("1000", 1000), ("999999999", 262_144), ("-1", 0), ("x", 0)):
        answer = browser.get(f"/account/ready/link/?bytes={asked}")
        assert len(answer.content) == got
        assert "no-store" in answer["Cache-Control"]
        assert abs(int(answer["Portal-Time"]) / 1000 - timezone.now().timestamp()) < 60
