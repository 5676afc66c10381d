"""What a machine reads, and the two things it may do: end a session, isolate a site."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accessportal.accounts.models import User
from accessportal.accounts.services.api_tokens import make_token
from accessportal.api.app import api
from accessportal.audit.chain import seal_committed_events
from accessportal.audit.models import AuditEvent
from sessions.models import BrokeredSession, StopOrder
from sessions.services.console import start_session
from tests.cast import Plant, make_emergency, make_request, make_window, origin
from tests.guards.matrix import BY_TOKEN

pytestmark = pytest.mark.django_db

EVERYTHING = [
    "sessions:read",
    "requests:read",
    "audit:read",
    "sessions:end",
    "sites:isolate",
]


class Machine:
    """Something with a token."""

    def __init__(self, owner: User, *scopes: str, **fields: Any) -> None:
        fields.setdefault("sites", [])
        self.token, self._text = make_token(
            name="Machine",
            scopes=scopes or EVERYTHING,
            networks=[],
            expires_at=timezone.now() + timedelta(days=1),
            acting_user=owner,
            origin=origin(),
            **fields,
        )

    def get(self, path: str, **query: Any) -> Any:
        return Client().get(f"/api/v1/{path}", query, headers=self._headers)

    def post(self, path: str, body: Any) -> Any:
        return Client().post(
            f"/api/v1/{path}",
            body,
            content_type="application/json",
            headers=self._headers,
        )

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._text}"}


@pytest.fixture
def live(plant: Plant) -> BrokeredSession:
    return start_session(
        make_window(plant.vera, plant.filling_hmi, decided_by=plant.olga),
        plant.filling_hmi,
        acting_user=plant.vera, origin=origin(), web_session_key="w",
        width=800, height=600,
    )  # fmt: skip


def test_the_board_as_data(plant: Plant, live: BrokeredSession) -> None:
    (one,) = Machine(plant.ivan).get("sessions/live").json()["sessions"]
    assert one["number"] == live.number
    assert (one["site"], one["asset"]) == ("north", "Filling line 3")
    assert (one["person"], one["vendor"]) == ("Vera Vogt", "Fillwerk Service")
    assert "192.168.0.10" not in str(one)  # no address of a machine
    only_south = Machine(plant.ivan, sites=[plant.south])
    assert only_south.get("sessions/live").json()["sessions"] == []


def test_past_sessions_requests_and_windows_by_cursor(
    plant: Plant, live: BrokeredSession
) -> None:
    for number in range(5):
        make_request(
            plant.vera, plant.filling_plc, starts_in=timedelta(days=number + 1)
        )
    machine = Machine(plant.ivan)
    seen: list[str] = []
    cursor = ""
    for _page in range(10):
        answer = machine.get("requests", cursor=cursor, limit=2).json()
        seen += [one["number"] for one in answer["requests"]]
        cursor = answer["next"]
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 6
    pending = machine.get("requests", state="pending").json()["requests"]
    assert len(pending) == 5
    (window,) = machine.get("windows").json()["windows"]
    assert window["phase"] == "open"
    assert machine.get("sessions").json() == {"sessions": [], "next": ""}


def test_an_emergency_is_told_apart(plant: Plant, live: BrokeredSession) -> None:
    look = make_emergency(plant.vera, plant.filling_plc, decided_by=plant.olga)
    number = look.access_request.number
    machine = Machine(plant.ivan)
    requests = machine.get("requests").json()["requests"]
    found = {one["number"]: one for one in requests}
    assert found[number]["emergency_reason"] == "The line is down since 03:00"
    assert found[number]["emergency_at"] is not None
    assert [one["emergency_at"] for one in requests].count(None) == 1
    windows = machine.get("windows").json()["windows"]
    assert [one["request"] for one in windows if one["emergency"]] == [number]
    assert len(windows) == 2


@pytest.mark.parametrize(
    "cursor",
    ["x", "2026-01-01~1", "2026-01-01T00:00:00+00:00~x", "9999-99-99~1", "~", "\x00"],
)
def test_a_forged_cursor_is_said(plant: Plant, cursor: str) -> None:
    machine = Machine(plant.ivan)
    for path in ("requests", "windows", "sessions"):
        answer = machine.get(path, cursor=cursor)
        assert (answer.status_code, answer.json()["code"]) == (422, "cursor")


def test_limits_are_limits(plant: Plant) -> None:
    machine = Machine(plant.ivan)
    assert machine.get("requests", limit=201).status_code == 422
    malformed = machine.get("requests", limit="many")
    assert (malformed.status_code, malformed.json()["code"]) == (422, "malformed")


def test_the_trail_is_read_in_order_and_that_is_noted(
    plant: Plant, live: BrokeredSession
) -> None:
    seal_committed_events()
    machine = Machine(plant.ivan, "audit:read")
    first = machine.get("audit/events", limit=1).json()
    assert [one["seq"] for one in first["events"]] == [1]
    rest = machine.get("audit/events", after=first["next_after"]).json()
    assert [one["seq"] for one in rest["events"]] == list(
        range(2, 2 + len(rest["events"]))
    )
    noted = AuditEvent.objects.get(event="audit.viewed")
    assert (noted.actor_type, noted.actor_id) == ("api", plant.ivan.pk)
    assert noted.detail["api_token"] == machine.token.prefix


def test_a_machine_ends_a_session_in_its_owners_name(
    plant: Plant, live: BrokeredSession
) -> None:
    machine = Machine(plant.ivan, "sessions:end")
    empty = machine.post(f"sessions/{live.pk}/end", {"reason": " "})
    assert (empty.status_code, empty.json()["code"]) == (422, "reason_missing")
    answer = machine.post(f"sessions/{live.pk}/end", {"reason": "Gas alarm"})
    assert answer.status_code == 202
    live.refresh_from_db()
    assert live.end_requested_by == plant.ivan
    assert live.end_requested_reason == "ended_by_plant"
    event = AuditEvent.objects.get(event="session.end.requested")
    assert (event.actor_type, event.reason) == ("api", "Gas alarm")
    unknown = machine.post(f"sessions/{plant.vera.pk}/end", {"reason": "x"})
    assert unknown.status_code == 404


def test_a_token_of_another_site_ends_and_isolates_nothing(
    plant: Plant, live: BrokeredSession
) -> None:
    machine = Machine(plant.ivan, sites=[plant.south])
    for path in (f"sessions/{live.pk}/end", "sites/north/isolate"):
        answer = machine.post(path, {"reason": "Gas alarm"})
        assert (answer.status_code, answer.json()["code"]) == (403, "site_not_of_token")
    live.refresh_from_db()
    assert live.end_requested_at is None


def test_a_machine_isolates_a_site_once(plant: Plant, live: BrokeredSession) -> None:
    machine = Machine(plant.ivan, "sites:isolate")
    answer = machine.post("sites/north/isolate", {"reason": "Unknown traffic"})
    assert answer.status_code == 202
    order = StopOrder.objects.get()
    assert answer.json() == {"order": order.number, "sessions": 1}
    assert machine.post("sites/north/isolate", {"reason": "x"}).status_code == 409
    assert machine.post("sites/nowhere/isolate", {"reason": "x"}).status_code == 404
    event = AuditEvent.objects.get(event="site.isolated")
    assert event.actor_type == "api"


def test_what_is_not_as_described_is_said(plant: Plant, live: BrokeredSession) -> None:
    machine = Machine(plant.ivan)
    for body in ({}, {"reason": 7}, {"reason": "a\x00b"}, "{", []):
        answer = machine.post(f"sessions/{live.pk}/end", body)
        assert answer.status_code == 422, body
        assert answer.json()["sentence"]
    assert machine.get("nothing").status_code == 404
    assert machine.get("requests", state="\x00").status_code == 422


def test_the_description_names_every_call(plant: Plant, browser_of: Any) -> None:
    answer = browser_of(plant.olga).get("/api/v1/openapi.json")
    described = answer.json()
    assert described["openapi"].startswith("3.")
    calls = {
        f"{method} {path}"
        for path, methods in described["paths"].items()
        for method in methods
    }
    assert "post /api/v1/sessions/{session_id}/end" in calls
    assert len(calls) == len(BY_TOKEN)
    assert (
        described["components"]["securitySchemes"]["BearerToken"]["scheme"] == "bearer"
    )
    assert all("://" not in str(one) for one in described.get("servers", []))
    assert browser_of(plant.vera).get("/api/v1/openapi.json").status_code == 403
    assert api.docs_url is None  # nothing is fetched from anywhere
