"""Every URL of the portal, tried as everybody: who gets in, who is told no, who learns nothing.

A URL without a line here fails, and a line must name every role. `yes`: the guards let the
person through (whatever the verb then says: 200, a redirect, 409 or 422). `no`: 403. `not_known`:
404, the person does not even learn that the thing exists. Somebody who is not signed in
gets a page to sign in, or 401.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accessportal.accounts.models import Invitation
from accessportal.audit import record
from accessportal.plants.models import EndpointCheck
from requests.models import ExtensionRequest
from sessions.models import BrokeredSession, ComplianceReview, Recording
from tests.cast import (
    Plant,
    make_freeze,
    make_person,
    make_request,
    make_window,
    signed_in,
)

# Vera works at plant North; Vito is her colleague; Victor works for another vendor; Omar
# looks after another site. Ivan, Cora and Adam have their roles at every site.
ROLES = ["vera", "vito", "victor", "olga", "omar", "ivan", "cora", "adam"]
CONTRACTORS = "vera vito victor"
PLANT = "olga omar ivan cora adam"
EVERYBODY = f"{CONTRACTORS} {PLANT}"


@dataclass(frozen=True)
class Line:
    """How one URL answers each role. `args`: what it needs from the things that are there."""

    yes: str = ""
    no: str = ""
    not_known: str = ""
    args: str = ""
    method: str = "get"
    data: tuple[tuple[str, str], ...] = ()

    def answers(self) -> dict[str, str]:
        said = {}
        for answer in ("yes", "no", "not_known"):
            for role in getattr(self, answer).split():
                assert role not in said, f"{role} is said twice"
                said[role] = answer
        assert set(said) == set(ROLES), f"say of {set(ROLES) ^ set(said)} too"
        return said


# Those who see what happens at plant North for Fillwerk, and those who must not know of it.
SEE = "vera vito olga ivan cora adam"
NOT_SEE = "victor omar"

# Open to people who are not signed in, on purpose: signing in itself, invitations, language.
PUBLIC = {
    "accounts:sign_in",
    "accounts:sign_in_code",
    "accounts:enrol",
    "accounts:sign_out",
    "accounts:language",
    "accounts:invitation",
}

MATRIX: dict[str, Line] = {
    "home": Line(yes=EVERYBODY),
    # One's own account
    "accounts:confirm": Line(yes=EVERYBODY),
    "accounts:profile": Line(yes=EVERYBODY),
    "accounts:details": Line(yes=EVERYBODY, method="post"),
    "accounts:password": Line(yes=EVERYBODY),
    "accounts:new_authenticator": Line(yes=EVERYBODY),
    "accounts:new_recovery_codes": Line(yes=EVERYBODY, method="post"),
    # Vendors
    "accounts:vendors": Line(yes=PLANT, not_known=CONTRACTORS),
    "accounts:vendor": Line(yes=PLANT, not_known=CONTRACTORS, args="vendor"),
    "accounts:invite": Line(
        yes="olga omar adam", no="ivan cora", not_known=CONTRACTORS, args="vendor"
    ),
    "accounts:revoke_invitation": Line(
        yes="olga omar adam",
        no="ivan cora",
        not_known=CONTRACTORS,
        args="vendor invitation",
        method="post",
    ),
    "accounts:disable_person": Line(
        yes="ivan adam",
        no="olga omar cora",
        not_known=CONTRACTORS,
        args="vendor person",
        method="post",
    ),
    "accounts:reactivate_person": Line(
        yes="ivan adam",
        no="olga omar cora",
        not_known=CONTRACTORS,
        args="vendor person",
        method="post",
    ),
    "accounts:reset_factor": Line(
        yes="ivan adam",
        no="olga omar cora",
        not_known=CONTRACTORS,
        args="vendor person",
        method="post",
    ),
    # Submission
    "requests:list": Line(yes=EVERYBODY),
    "requests:new": Line(yes=CONTRACTORS, no=PLANT),
    "requests:check": Line(yes=CONTRACTORS, no=PLANT, method="post"),
    "requests:detail": Line(yes=SEE, not_known=NOT_SEE, args="request"),
    "requests:withdraw": Line(
        yes="vera",
        no="vito olga ivan cora adam",
        not_known=NOT_SEE,
        args="request",
        method="post",
    ),
    # Approval
    "approvals:queue": Line(yes="olga omar", no=f"{CONTRACTORS} ivan cora adam"),
    "approvals:decide": Line(
        yes="olga", no="vera vito ivan cora adam", not_known=NOT_SEE, args="request"
    ),
    "approvals:approve": Line(
        yes="olga",
        no="vera vito ivan cora adam",
        not_known=NOT_SEE,
        args="request",
        method="post",
    ),
    "approvals:deny": Line(
        yes="olga",
        no="vera vito ivan cora adam",
        not_known=NOT_SEE,
        args="request",
        method="post",
        data=(("reason", "No"),),
    ),
    # Window
    "windows:list": Line(yes=EVERYBODY),
    "windows:revoke": Line(
        yes="olga ivan",
        no="vera vito cora adam",
        not_known=NOT_SEE,
        args="window_number",
        method="post",
        data=(("reason", "Stop"),),
    ),
    "windows:extend": Line(
        yes="vera",
        no="vito olga ivan cora adam",
        not_known=NOT_SEE,
        args="window_number",
        method="post",
        data=(("minutes", "30"), ("reason", "More")),
    ),
    "windows:grant": Line(
        yes="olga",
        no="vera vito ivan cora adam",
        not_known=NOT_SEE,
        args="extension",
        method="post",
    ),
    "windows:refuse": Line(
        yes="olga",
        no="vera vito ivan cora adam",
        not_known=NOT_SEE,
        args="extension",
        method="post",
        data=(("reason", "No"),),
    ),
    # Console
    "sessions:board": Line(yes=EVERYBODY),
    "sessions:console_start": Line(
        yes="vera",
        no="vito olga ivan cora adam",
        not_known=NOT_SEE,
        args="window endpoint",
    ),
    "sessions:detail": Line(
        yes="vera olga ivan cora adam", not_known="vito victor omar", args="session"
    ),
    "sessions:console": Line(
        yes="vera",
        no="olga ivan cora adam",
        not_known="vito victor omar",
        args="session",
    ),
    "sessions:watch": Line(
        yes="olga ivan",
        no="vera cora adam",
        not_known="vito victor omar",
        args="session",
    ),
    "sessions:status": Line(
        yes="vera olga ivan cora adam", not_known="vito victor omar", args="session"
    ),
    "sessions:ticket": Line(
        yes="vera olga ivan",
        no="cora adam",
        not_known="vito victor omar",
        args="session",
        method="post",
    ),
    "sessions:message": Line(
        yes="vera olga ivan",
        no="cora adam",
        not_known="vito victor omar",
        args="session",
        method="post",
        data=(("text", "Hello"),),
    ),
    "sessions:more_time": Line(
        yes="vera",
        no="olga ivan cora adam",
        not_known="vito victor omar",
        args="session",
        method="post",
        data=(("minutes", "30"), ("reason", "More")),
    ),
    "sessions:freeze": Line(
        yes="olga ivan",
        no="vera cora adam",
        not_known="vito victor omar",
        args="session",
        method="post",
        data=(("message", "Stand clear"),),
    ),
    "sessions:unfreeze": Line(
        yes="olga ivan",
        no="vera cora adam",
        not_known="vito victor omar",
        args="session",
        method="post",
    ),
    "sessions:resume": Line(
        yes="vera",
        no="olga ivan cora adam",
        not_known="vito victor omar",
        args="session",
        method="post",
    ),
    "sessions:end": Line(
        yes="vera olga ivan",
        no="cora adam",
        not_known="vito victor omar",
        args="session",
        method="post",
    ),
    # Recording and review
    "recordings:list": Line(yes="olga omar ivan cora", no=f"{CONTRACTORS} adam"),
    # Whoever may see but not play gets the facts beside the recording, without its picture.
    "recordings:player": Line(
        yes="cora olga ivan",
        not_known="vera vito victor omar adam",
        args="recording",
    ),
    "recordings:map": Line(
        yes="cora",
        no="olga ivan",
        not_known="vera vito victor omar adam",
        args="recording",
    ),
    "recordings:segment": Line(
        yes="cora",
        no="olga ivan",
        not_known="vera vito victor omar adam",
        args="recording segment",
    ),
    "recordings:input": Line(
        yes="cora",
        no="olga ivan",
        not_known="vera vito victor omar adam",
        args="recording",
    ),
    "recordings:verify": Line(
        yes="cora",
        no="olga ivan",
        not_known="vera vito victor omar adam",
        args="recording",
        method="post",
    ),
    "reviews:queue": Line(yes="cora", no=f"{CONTRACTORS} olga omar ivan adam"),
    "reviews:complete": Line(
        yes="cora",
        no="olga ivan",
        not_known="vera vito victor omar adam",
        args="recording",
        method="post",
        data=(("outcome", "cleared"),),
    ),
    # Audit
    "audit:event_list": Line(yes="ivan cora adam", no=f"{CONTRACTORS} olga omar"),
    "audit:event_export": Line(
        yes="ivan cora adam", no=f"{CONTRACTORS} olga omar", method="post"
    ),
    "audit:event_detail": Line(
        yes="ivan cora adam", no=f"{CONTRACTORS} olga omar", args="event"
    ),
    # The plant
    "plants:site_list": Line(yes=PLANT, no=CONTRACTORS),
    "plants:site_new": Line(yes="adam", no=f"{CONTRACTORS} olga omar ivan cora"),
    "plants:site_detail": Line(
        yes="olga ivan cora adam", not_known=f"{CONTRACTORS} omar", args="site"
    ),
    "plants:site_edit": Line(
        yes="adam", no="olga ivan cora", not_known=f"{CONTRACTORS} omar", args="site"
    ),
    "plants:zone_new": Line(
        yes="adam", no="olga ivan cora", not_known=f"{CONTRACTORS} omar", args="site"
    ),
    "plants:asset_new": Line(
        yes="adam", no="olga ivan cora", not_known=f"{CONTRACTORS} omar", args="site"
    ),
    "plants:freeze_new": Line(
        yes="adam olga", no="ivan cora", not_known=f"{CONTRACTORS} omar", args="site"
    ),
    "plants:freeze_remove": Line(
        yes="adam olga",
        no="ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="freeze",
        method="post",
    ),
    "plants:asset_detail": Line(
        yes="olga ivan cora adam", not_known=f"{CONTRACTORS} omar", args="asset"
    ),
    "plants:asset_edit": Line(
        yes="adam", no="olga ivan cora", not_known=f"{CONTRACTORS} omar", args="asset"
    ),
    "plants:endpoint_new": Line(
        yes="adam", no="olga ivan cora", not_known=f"{CONTRACTORS} omar", args="asset"
    ),
    "plants:endpoint_edit": Line(
        yes="adam",
        no="olga ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="endpoint",
    ),
    "plants:credential": Line(
        yes="adam",
        no="olga ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="endpoint",
    ),
    "plants:credential_store": Line(
        yes="adam",
        no="olga ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="endpoint",
        method="post",
    ),
    "endpoint_checks:prepare": Line(
        yes="adam",
        no="olga ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="endpoint",
    ),
    "endpoint_checks:start": Line(
        yes="adam",
        no="olga ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="endpoint",
        method="post",
    ),
    "endpoint_checks:unpin": Line(
        yes="adam",
        no="olga ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="endpoint",
        method="post",
    ),
    "endpoint_checks:detail": Line(
        yes="adam", no="olga ivan cora", not_known=f"{CONTRACTORS} omar", args="check"
    ),
    "endpoint_checks:pin": Line(
        yes="adam",
        no="olga ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="check",
        method="post",
    ),
}


# --- The URLs that are there ----------------------------------------------------------


def named_urls(resolver: URLResolver, space: str = "") -> Iterator[str]:
    """`group:name` of every URL; one without a name is given as its pattern."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from named_urls(
                entry, f"{space}{entry.namespace}:" if entry.namespace else space
            )
        elif isinstance(entry, URLPattern):
            yield f"{space}{entry.name or entry.pattern}"


ALL_URLS = sorted(set(named_urls(get_resolver())))


def test_every_url_has_a_line():
    assert [
        name for name in ALL_URLS if name not in MATRIX and name not in PUBLIC
    ] == []


def test_every_line_has_a_url():
    assert sorted((set(MATRIX) | PUBLIC) - set(ALL_URLS)) == []


def test_every_line_names_every_role():
    for line in MATRIX.values():
        line.answers()


# --- Things to be reached -------------------------------------------------------------


@pytest.fixture
def things(plant: Plant) -> dict[str, Any]:
    """One of each: a pending request, an open window, a live session, a recording, ..."""
    now = timezone.now()
    pending = make_request(plant.vera, plant.filling_plc, starts_in=timedelta(days=1))
    window = make_window(plant.vera, plant.filling_gateway, decided_by=plant.olga)
    extension = ExtensionRequest.objects.create(
        window=window, minutes=30, reason="More", asked_by=plant.vera
    )
    live = make_session(window, plant, number="SES-2026-9001", state="active", slot=0)
    over = make_session(
        window,
        plant,
        number="SES-2026-9002",
        state="ended",
        ended_at=now,
        end_reason="ended_by_contractor",
        end_confirmed_at=now,
    )
    recording = Recording.objects.create(
        brokered_session=over,
        state="sealed",
        closed_at=now,
        sealed_at=now,
        key_id="0" * 16,
        wrapped_key="v1.x.x",
        manifest={"segments": []},
        manifest_signature="x",
    )
    ComplianceReview.objects.create(
        recording=recording,
        due_at=now + timedelta(days=15),
        worked_by=plant.vera,
        approved_by=plant.olga,
    )
    invitation = Invitation.objects.create(
        email="new@example.test",
        vendor=plant.fillwerk,
        token_hash="0" * 64,
        invited_by=plant.olga,
        expires_at=now + timedelta(days=1),
    )
    check = EndpointCheck.objects.create(
        endpoint=plant.filling_gateway,
        kind="tcp",
        state="passed",
        started_by=plant.adam,
        finished_at=now,
        learnt_host_key="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKx5Zs7Qb1mJ",
    )
    event = record("request.submitted", acting_user=plant.vera, access_request=pending)
    return {
        "request": pending.number,
        "window": window.pk,
        "window_number": window.access_request.number,
        "extension": extension.pk,
        "session": live.pk,
        "recording": over.number,
        "segment": 1,
        "endpoint": plant.filling_gateway.pk,
        "asset": plant.filling_line.slug,
        "site": plant.north.slug,
        "freeze": make_freeze(
            plant.north, starts_in=timedelta(0), lasts=timedelta(1)
        ).pk,
        "check": check.pk,
        "vendor": plant.fillwerk.slug,
        "person": plant.vera.pk,
        "invitation": invitation.pk,
        "event": event.event_id,
    }


def make_session(window: Any, plant: Plant, **fields: Any) -> BrokeredSession:
    return BrokeredSession.objects.create(
        window=window,
        endpoint=plant.filling_gateway,
        started_by=plant.vera,
        permission="control",
        active_at=timezone.now(),
        **fields,
    )


@pytest.fixture
def people(plant: Plant) -> dict[str, Any]:
    made = {role: getattr(plant, role) for role in ROLES if role != "vito"}
    made["vito"] = make_person("Vito Vogel", vendor=plant.fillwerk)
    return made


def answer_of(client: Client, name: str, line: Line, things: dict[str, Any]) -> str:
    """What the URL says to this browser, in the words of the matrix; nothing is kept."""
    path = reverse(name, args=[things[thing] for thing in line.args.split()])
    with transaction.atomic():
        response = getattr(client, line.method)(path, dict(line.data))
        transaction.set_rollback(True)
    if response.status_code == 401 or response.headers.get("Location", "").startswith(
        reverse("accounts:sign_in")
    ):
        return "sign in"
    words: dict[int, str] = {403: "no", 404: "not_known"}
    if response.status_code in {200, 302, 409, 422, 429}:
        return "yes"
    return words.get(response.status_code, str(response.status_code))


# --- The tests ------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(MATRIX))
def test_who_gets_what(name: str, things: dict[str, Any], people: dict[str, Any]):
    line = MATRIX[name]
    expected = line.answers() | {"nobody": "sign in"}

    answers = {"nobody": answer_of(Client(), name, line, things)}
    for role, person in people.items():
        answers[role] = answer_of(signed_in(Client(), person), name, line, things)

    assert {
        role: (answers[role], answer)
        for role, answer in expected.items()
        if answers[role] != answer
    } == {}


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_public_pages_answer_everybody(name: str, db: None):
    path = reverse(
        name, args=["no-such-token"] if name == "accounts:invitation" else []
    )
    assert Client().get(path).status_code < 500


@pytest.mark.parametrize("name", sorted(name for name in MATRIX if MATRIX[name].args))
def test_forged_ids_lead_nowhere(
    name: str, things: dict[str, Any], people: dict[str, Any]
):
    """An id that belongs to nothing is 404 for everybody, even for those who may see all."""
    forged = {
        **things,
        **dict.fromkeys(
            ("window", "extension", "endpoint", "freeze", "check"), 987654321
        ),
        **dict.fromkeys(("site", "asset", "vendor"), "no-such"),
        **dict.fromkeys(("request", "window_number"), "REQ-1999-0001"),
        "recording": "SES-1999-0001",
        "session": uuid.uuid4(),
        "event": uuid.uuid4(),
    }
    line = MATRIX[name]
    for role in line.yes.split():
        answer = answer_of(signed_in(Client(), people[role]), name, line, forged)
        assert answer == "not_known", role


@pytest.mark.parametrize(
    "name", sorted(name for name, line in MATRIX.items() if line.method == "post")
)
def test_acts_are_never_links(
    name: str, things: dict[str, Any], people: dict[str, Any]
):
    """What changes something answers no GET: 405, or a page that only shows."""
    line = MATRIX[name]
    path = reverse(name, args=[things[thing] for thing in line.args.split()])
    for role in line.yes.split()[:1]:
        assert signed_in(Client(), people[role]).get(path).status_code == 405
