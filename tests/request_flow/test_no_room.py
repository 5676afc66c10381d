"""A full disk under the pages: a sentence, 507, and nothing is lost or left behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from accessportal.accounts.models import User, WebSession
from accessportal.audit.models import AuditEvent
from requests.models import AccessRequest, Attachment
from tests.small_disk import small_disk

PURPOSE = "🔧" * 2000  # 8,000 bytes: more than one page of the database has room for
PDF = b"%PDF-1.7\n" + b"x" * 500_000 + b"\n%%EOF\n"


@contextmanager
def full_database() -> Iterator[None]:
    """SQLite may not grow any more; PostgreSQL says what it says when it cannot."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("CREATE TABLE ballast (filler BLOB)")
            cursor.execute("PRAGMA max_page_count = 1")  # not less than there are
            try:
                for _page in range(10_000):
                    cursor.execute("INSERT INTO ballast VALUES (randomblob(4000))")
            except OperationalError:
                pass
        else:
            cursor.execute(
                "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                " RAISE 'could not extend file' USING ERRCODE = 'disk_full'; END $$"
            )
            for model in (AccessRequest, WebSession):
                cursor.execute(
                    "CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON"
                    f" {model._meta.db_table} EXECUTE FUNCTION no_room()"
                )
        try:
            yield
        finally:
            if connection.vendor == "sqlite":
                cursor.execute("PRAGMA max_page_count = 4294967294")
                cursor.execute("DROP TABLE ballast")
            else:
                cursor.execute("DROP FUNCTION no_room CASCADE")


@pytest.mark.django_db(transaction=True)
def test_a_database_without_room_says_so_and_loses_nothing(
    browser_of: Callable[..., Client], vera: User, form: dict[str, Any]
) -> None:
    browser = browser_of(vera)
    sent = {**form, "purpose": PURPOSE}
    WebSession.objects.update(last_seen_at=timezone.now() - timedelta(minutes=5))
    events = AuditEvent.objects.count()
    with full_database():
        read = browser.get("/requests/")
        refused = browser.post("/requests/new/", sent)
        as_json = browser.post(
            "/requests/new/", sent, headers={"Accept": "application/json"}
        )
    assert read.status_code == 200  # what is there can be read
    assert refused.status_code == as_json.status_code == 507
    page = refused.content.decode()
    assert "no room left on the portal" in page and "Back, with what I typed" in page
    assert as_json.json()["code"] == "no_room"
    assert not AccessRequest.objects.exists()
    assert AuditEvent.objects.count() == events

    assert browser.post("/requests/new/", sent).status_code == 302
    assert AccessRequest.objects.get().purpose == PURPOSE.strip()


@pytest.mark.django_db
def test_half_an_attachment_is_not_left_behind(
    browser_of: Callable[..., Client],
    vera: User,
    form: dict[str, Any],
    tmp_path: Path,
    settings: Any,
) -> None:
    browser = browser_of(vera)
    with small_disk(tmp_path / "disk") as disk:
        place = disk.path / "recordings"
        place.mkdir()
        options = {"location": place}
        recordings = {**settings.STORAGES["recordings"], "OPTIONS": options}
        settings.STORAGES = {**settings.STORAGES, "recordings": recordings}

        def send() -> int:
            plan = SimpleUploadedFile("plan.pdf", PDF)
            return browser.post("/requests/new/", {**form, "files": [plan]}).status_code

        disk.fill()
        assert send() == 507
        assert not Attachment.objects.exists()
        assert not [path for path in place.rglob("*") if path.is_file()]
        disk.empty()
        assert send() == 302
        assert Attachment.objects.get().access_request is not None
