"""The plant's list of a vendor's people: who has left is reported as left, with a record."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accessportal.accounts.models import User
from sessions.models import Departure

pytestmark = pytest.mark.django_db


def test_a_leaver_is_reported_from_the_list_and_a_record_stays(
    browser_of: Callable[..., Client], ivan: User, vera: User
) -> None:
    assert vera.vendor is not None
    browser = browser_of(ivan)
    page = browser.get(reverse("accounts:vendor", args=[vera.vendor.slug]))
    content = page.content.decode()
    report = reverse("departures:report", args=[vera.pk])
    assert f'data-open-dialog="leaver-{vera.pk}"' in content and report in content
    # Each button says of whom, to who does not see the row.
    assert 'Report as left<span class="visually-hidden"> Vera Vogt<' in content
    # What leaves no record is not offered here.
    ending = reverse("accounts:disable_person", args=[vera.vendor.slug, vera.pk])
    assert ending not in content
    browser.post(report, {"left_on": ""})
    departure = Departure.objects.get()
    assert (departure.person, departure.reported_by) == (vera, ivan)
    after = browser.get(reverse("accounts:vendor", args=[vera.vendor.slug]))
    assert report not in after.content.decode()


def test_who_only_sees_the_vendor_reports_nobody(
    browser_of: Callable[..., Client], cora: User, olga: User, vera: User
) -> None:
    """Cora reads; Olga is the sponsor of the company."""
    assert vera.vendor is not None
    path = reverse("accounts:vendor", args=[vera.vendor.slug])
    vera.vendor.sponsor = olga
    vera.vendor.save()
    report = reverse("departures:report", args=[vera.pk])
    assert report not in browser_of(cora).get(path).content.decode()
    assert report in browser_of(olga).get(path).content.decode()


def test_the_persons_page_says_what_ending_the_access_leaves_open(
    browser_of: Callable[..., Client], ivan: User, olga: User, vera: User
) -> None:
    assert vera.vendor is not None
    slug = vera.vendor.slug
    path = reverse("accounts:vendor_person", args=[slug, vera.pk])
    ending = reverse("accounts:disable_person", args=[slug, vera.pk])
    content = browser_of(ivan).get(path).content.decode()
    assert ending in content and "no departure is recorded" in content
    assert ending not in browser_of(olga).get(path).content.decode()
    browser_of(ivan).post(ending, {"reason": "on parental leave"})
    vera.refresh_from_db()
    assert not vera.is_active and not Departure.objects.exists()
