"""Who is in charge at the plant: by default, by hand-over, by taking it, and when nobody is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.test import Client
from django.utils import timezone

from accessportal.accounts.models import RoleGrant, User
from accessportal.audit.models import AuditEvent
from accessportal.errors import NotAllowed, NotPossible, PortalError, TooLate
from accessportal.notifications.models import Notification
from accessportal.plants.models import Endpoint, Site
from requests.models import MaintenanceWindow
from requests.services.extension import request_extension
from sessions.models import BrokeredSession, ConsoleMessage
from sessions.services.charge import (
    accept_charge,
    decline_charge,
    notice_missing_charge,
    offer_charge,
    take_charge,
)
from sessions.services.console import start_session
from sessions.services.critical_step import declare_critical_step
from tests.cast import make_person, make_window, origin, signed_in
from tests.session_flow.tunnel_kit import Bench

OT = RoleGrant.Role.OT_SUPERVISOR


@pytest.fixture
def otto(north: Site) -> User:
    """Olga's colleague of the next shift."""
    return make_person("Otto Olm", roles=[(OT, north)])


def started(
    window: MaintenanceWindow, endpoint: Endpoint, vera: User
) -> BrokeredSession:
    return start_session(
        window, endpoint, acting_user=vera, origin=origin(), web_session_key="k",
        width=800, height=600,
    )  # fmt: skip


@pytest.fixture
def live(
    window: MaintenanceWindow, filling_hmi: Endpoint, vera: User
) -> BrokeredSession:
    return started(window, filling_hmi, vera)


def told(kind: str) -> list[str]:
    """Whom the outbox tells about a kind."""
    rows = Notification.objects.filter(kind=kind).select_related("recipient")
    return sorted(row.recipient.full_name for row in rows)


def test_who_approved_the_work_is_in_charge_and_told_so(
    live: BrokeredSession, olga: User
) -> None:
    assert live.person_in_charge == olga and live.in_charge_since is not None
    assert told("session.charge.begun") == [olga.full_name]


def test_without_a_role_for_it_the_sponsor_is_in_charge(
    filling_hmi: Endpoint, vera: User, olga: User, cora: User
) -> None:
    live = started(make_window(vera, filling_hmi, decided_by=cora), filling_hmi, vera)
    assert live.person_in_charge == olga  # Fillwerk's sponsor


def test_when_nobody_is_everybody_who_may_is_told_and_anyone_takes_charge(
    filling_hmi: Endpoint, vera: User, olga: User, otto: User, cora: User, ivan: User
) -> None:
    assert vera.vendor is not None
    vera.vendor.sponsor = None
    vera.vendor.save()
    live = started(make_window(vera, filling_hmi, decided_by=cora), filling_hmi, vera)
    assert live.person_in_charge is None
    assert told("session.charge.vacant") == [olga.full_name, otto.full_name]

    with pytest.raises(NotAllowed):
        take_charge(live, acting_user=ivan, origin=origin(), instead_of=None)
    take_charge(live, acting_user=otto, origin=origin(), instead_of=None)
    with pytest.raises(TooLate, match="Otto Olm is in charge"):
        take_charge(live, acting_user=olga, origin=origin(), instead_of=None)
    live.refresh_from_db()
    assert live.person_in_charge == otto


def test_warnings_and_questions_go_to_the_person_in_charge_alone(
    live: BrokeredSession, olga: User, otto: User, vera: User
) -> None:
    request_extension(
        live.window, acting_user=vera, origin=origin(), minutes=30, reason="Valve"
    )
    BrokeredSession.objects.filter(pk=live.pk).update(
        state="active", active_at=timezone.now()
    )
    declare_critical_step(
        live, acting_user=vera, origin=origin(), what="Writing firmware", minutes=12
    )
    assert told("window.extension.requested") == [olga.full_name]
    assert told("session.critical_step.declared") == [olga.full_name]

    take_charge(
        live, acting_user=otto, origin=origin(), instead_of=olga.pk, reason="Gone home"
    )
    assert told("session.charge.accepted") == [olga.full_name]


def test_the_charge_is_handed_over_and_accepted(
    live: BrokeredSession, olga: User, otto: User, omar: User
) -> None:
    with pytest.raises(NotPossible):  # Omar looks after another site
        offer_charge([live], acting_user=olga, origin=origin(), to=omar)
    offer_charge([live], acting_user=olga, origin=origin(), to=otto, note="Valve 3")
    live.refresh_from_db()
    assert (live.person_in_charge, live.charge_offered_to) == (olga, otto)
    with pytest.raises(TooLate):
        accept_charge([live], acting_user=omar, origin=origin())

    accept_charge([live], acting_user=otto, origin=origin())
    live.refresh_from_db()
    assert (live.person_in_charge, live.charge_offered_to) == (otto, None)
    with pytest.raises(TooLate):
        accept_charge([live], acting_user=otto, origin=origin())
    with pytest.raises(TooLate):
        offer_charge([live], acting_user=olga, origin=origin(), to=otto)
    changes = AuditEvent.objects.filter(event="session.charge.changed").order_by("pk")
    assert [one.detail["how"] for one in changes] == ["began", "accepted"]


def test_an_offer_is_declined_or_taken_back(
    live: BrokeredSession, olga: User, otto: User
) -> None:
    offer_charge([live], acting_user=olga, origin=origin(), to=otto)
    decline_charge([live], acting_user=otto, origin=origin(), reason="I am at line 1")
    assert told("session.charge.declined") == [olga.full_name]
    offer_charge([live], acting_user=olga, origin=origin(), to=otto)
    decline_charge([live], acting_user=olga, origin=origin())
    with pytest.raises(TooLate):
        accept_charge([live], acting_user=otto, origin=origin())
    live.refresh_from_db()
    assert live.person_in_charge == olga


def test_taking_it_from_somebody_needs_a_reason(
    live: BrokeredSession, olga: User, otto: User
) -> None:
    with pytest.raises(NotPossible):
        take_charge(live, acting_user=otto, origin=origin(), instead_of=olga.pk)
    with pytest.raises(TooLate):
        take_charge(live, acting_user=olga, origin=origin(), instead_of=olga.pk)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_take_charge_at_once_one_is_told_who_was_first(
    live: BrokeredSession, olga: User, otto: User
) -> None:
    BrokeredSession.objects.filter(pk=live.pk).update(person_in_charge=None)

    def take(person: User) -> str:
        try:
            take_charge(live, acting_user=person, origin=origin(), instead_of=None)
        except PortalError as error:
            return error.code
        finally:
            connection.close()
        return "taken"

    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(take, [olga, otto]))
    assert sorted(answers) == ["in_charge_already", "taken"]


def test_a_role_taken_away_leaves_nobody_in_charge_and_says_so(
    live: BrokeredSession, olga: User, otto: User
) -> None:
    assert notice_missing_charge() == 0
    olga.role_grants.all().delete()
    assert notice_missing_charge() == 1
    live.refresh_from_db()
    assert live.person_in_charge is None
    assert told("session.charge.vacant") == [otto.full_name]


class TestShiftChange:
    def test_olga_hands_everything_over_in_one_act_and_otto_accepts_it(
        self,
        live: BrokeredSession,
        filling_gateway: Endpoint,
        olga: User,
        otto: User,
        vera: User,
    ) -> None:
        filling_gateway.host_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKx5Zs7Qb1mJ"
        filling_gateway.save()
        second = started(
            make_window(vera, filling_gateway, decided_by=olga), filling_gateway, vera
        )
        ConsoleMessage.objects.create(
            brokered_session=live, sent_by=vera, text="Which valve?"
        )
        at_olgas, at_ottos = signed_in(Client(), olga), signed_in(Client(), otto)

        page = at_olgas.get("/sessions/shift/").content.decode()
        assert live.number in page and second.number in page
        assert "Which valve?" in page and "Hand over all 2 sessions" in page
        at_olgas.post(
            "/sessions/shift/offer/",
            {"session": [live.pk, second.pk], "to": otto.pk, "note": "Valve 3 sticks"},
        )
        assert "hands 2 sessions over to you" in at_ottos.get("/").content.decode()
        page = at_ottos.get("/sessions/shift/").content.decode()
        assert "Take charge of 2 sessions" in page and "Valve 3 sticks" in page

        at_ottos.post("/sessions/shift/accept/", {"session": [live.pk, second.pk]})
        in_charge = BrokeredSession.objects.values_list(
            "person_in_charge__full_name", flat=True
        )
        assert set(in_charge) == {otto.full_name}

    def test_a_session_that_ended_meanwhile_does_not_stop_the_hand_over(
        self, live: BrokeredSession, olga: User, otto: User
    ) -> None:
        offer_charge([live], acting_user=olga, origin=origin(), to=otto)
        BrokeredSession.objects.filter(pk=live.pk).update(
            state="ended", end_reason="ended_by_plant", ended_at=timezone.now()
        )
        with pytest.raises(TooLate):
            accept_charge([live], acting_user=otto, origin=origin())


async def test_the_live_session_says_who_is_in_charge(
    bench: Bench,
    window: MaintenanceWindow,
    filling_hmi: Endpoint,
    vera: User,
    olga: User,
    otto: User,
) -> None:
    live = await bench.start(window, filling_hmi, vera)
    console = await bench.enter(live, vera)
    await console.picture()
    await console.until(
        lambda: [
            word for kind, word in console.words if kind == "plant"
            and word["in_charge"]["name"] == olga.full_name
        ]
    )  # fmt: skip
    await sync_to_async(take_charge)(
        live, acting_user=otto, origin=origin(), instead_of=olga.pk, reason="Shift"
    )
    await console.until(
        lambda: [
            word for kind, word in console.words if kind == "plant"
            and word["in_charge"]["name"] == otto.full_name
        ]
    )  # fmt: skip
