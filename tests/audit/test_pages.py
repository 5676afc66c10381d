"""Who may read the trail, finds what they look for; reading leaves a trace."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accessportal import audit
from accessportal.accounts.models import RoleGrant
from accessportal.audit.chain import seal_committed_events
from accessportal.audit.models import AuditEvent
from tests.cast import Plant

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]


def names(response: Any) -> list[str]:
    return [event.event for event in response.context["events"]]


def exported(response: Any) -> str:
    """The whole file; the test's client is a synchronous one, which Django warns of."""
    with pytest.warns(Warning, match="StreamingHttpResponse"):
        return b"".join(response).decode()


@pytest.fixture
def trail(plant: Plant) -> None:
    audit.record("auth.login.succeeded", acting_user=plant.vera, subject=plant.vera)
    audit.record(
        "asset.changed", acting_user=plant.olga, subject=plant.north, site=plant.north
    )
    audit.record(
        "asset.changed", acting_user=plant.omar, subject=plant.south, site=plant.south
    )


@pytest.fixture
def cora_reads(plant: Plant, browser_of: SignIn) -> Client:
    return browser_of(plant.cora)


def test_the_newest_event_comes_first(trail: None, cora_reads: Client) -> None:
    response = cora_reads.get(reverse("audit:event_list"))
    assert names(response) == ["asset.changed", "asset.changed", "auth.login.succeeded"]
    assert b"Vera Vogt" in response.content


def test_opening_the_trail_is_an_event(
    trail: None, cora_reads: Client, plant: Plant
) -> None:
    cora_reads.get(reverse("audit:event_list"), {"q": "Olga"})
    viewed = AuditEvent.objects.get(event="audit.viewed")
    assert viewed.actor_id == plant.cora.pk
    assert viewed.detail["filter"] == {"q": "Olga"}


def test_no_way_of_reading_the_trail_goes_unnoticed(
    trail: None, cora_reads: Client
) -> None:
    path = reverse("audit:event_list")
    newest = AuditEvent.objects.order_by("-pk").first()
    assert newest is not None
    cora_reads.get(path, {"before": str(newest.pk)})
    cora_reads.get(path, headers={"hx-request": "true"})
    cora_reads.get(reverse("audit:event_detail", args=[newest.event_id]))
    viewed = AuditEvent.objects.filter(event="audit.viewed").order_by("pk")
    assert [one.detail.get("filter") for one in viewed] == [
        {},
        {},
        {"event_id": str(newest.event_id)},
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "olga"}, 1),
        ({"area": "auth"}, 1),
        ({"event": "asset.changed"}, 2),
        ({"result": "denied"}, 0),
        ({"since": "2999-01-01"}, 0),
        ({"until": "2999-01-01"}, 3),
        ({"q": "%"}, 0),
    ],
)
def test_the_trail_is_searched(
    trail: None, cora_reads: Client, query: dict[str, str], found: int
) -> None:
    assert len(names(cora_reads.get(reverse("audit:event_list"), query))) == found


def test_a_filter_that_makes_no_sense_is_said_and_not_applied(
    trail: None, cora_reads: Client
) -> None:
    response = cora_reads.get(reverse("audit:event_list"), {"since": "yesterday"})
    assert response.status_code == 200
    assert response.context["form"].errors["since"]
    assert len(names(response)) == 3


def test_older_events_are_one_click_away(trail: None, cora_reads: Client) -> None:
    for turn in range(60):
        audit.record("system.started", turn=turn)
    first = cora_reads.get(reverse("audit:event_list"))
    assert len(names(first)) == 50
    second = cora_reads.get(
        reverse("audit:event_list"), {"before": first.context["older_than"]}
    )
    assert names(second)[-1] == "auth.login.succeeded"
    assert second.context["older_than"] is None


def test_a_reader_of_one_site_sees_that_site_only(
    trail: None, plant: Plant, browser_of: SignIn
) -> None:
    RoleGrant.objects.filter(user=plant.cora).update(site=plant.south)
    cora = browser_of(plant.cora)
    response = cora.get(reverse("audit:event_list"))
    assert [event.object_label for event in response.context["events"]] == [
        "Plant South"
    ]
    hidden = AuditEvent.objects.get(object_label="Plant North")
    assert (
        cora.get(reverse("audit:event_detail", args=[hidden.event_id])).status_code
        == 404
    )


def test_one_event_is_shown_whole_with_its_seal(
    trail: None, cora_reads: Client
) -> None:
    seal_committed_events()
    event = AuditEvent.objects.get(event="auth.login.succeeded")
    response = cora_reads.get(reverse("audit:event_detail", args=[event.event_id]))
    assert event.content_hash in response.content.decode()
    assert event.seal.hash in response.content.decode()


def test_a_supervisor_may_not_read_the_trail(plant: Plant, browser_of: SignIn) -> None:
    assert browser_of(plant.olga).get(reverse("audit:event_list")).status_code == 403


def test_the_export_holds_what_the_filter_shows(
    trail: None, cora_reads: Client
) -> None:
    response = cora_reads.post(
        reverse("audit:event_export"), {"event": "asset.changed"}
    )
    lines = exported(response).splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("seq,event_id,recorded_at,event")
    assert AuditEvent.objects.get(event="audit.exported").detail["rows"] == 2


def test_a_name_cannot_become_a_formula(plant: Plant, cora_reads: Client) -> None:
    plant.vera.full_name = "=HYPERLINK(1)"
    audit.record("auth.logout", acting_user=plant.vera)
    response = cora_reads.post(reverse("audit:event_export"))
    assert "'=HYPERLINK(1)" in exported(response)
