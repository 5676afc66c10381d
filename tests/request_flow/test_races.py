"""Two people at the same moment: one is first, the other is told who was."""

from __future__ import annotations

import time
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from accessportal.accounts.models import RoleGrant
from accessportal.audit.models import AuditEvent
from accessportal.errors import NotPossible, TooLate
from accessportal.plants.models import CalendarSource, ProductionFreeze
from accessportal.plants.services.calendars import import_file, remove_source
from accessportal.plants.services.catalogue import change_endpoint
from requests.escortable import guard_window_open
from requests.models import AccessRequest, MaintenanceWindow
from requests.services import escort
from requests.services.approval import approve_request, deny_request
from requests.services.extension import grant_extension, request_extension
from requests.services.giving_back import give_window_back
from requests.services.handover import give_line
from requests.services.later_look import take_look
from requests.services.proposal import accept_changes
from requests.services.submission import (
    expire_request,
    submit_request,
    withdraw_request,
)
from requests.services.substitution import (
    accept_substitution,
    ask_substitution,
    refuse_substitution,
)
from requests.services.window import revoke_window
from tests.cast import make_emergency, make_person, make_window, origin
from tests.request_flow.conftest import ask, seen, wish_for
from tests.request_flow.test_change_request import propose
from tests.request_flow.test_escort import call, enter


def calendar():
    """A file with one event, in a month."""
    day = timezone.now() + timedelta(days=30)
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//tests//EN",
        "BEGIN:VEVENT",
        "UID:break@plant",
        f"DTSTART:{day:%Y%m%d}T050000Z",
        f"DTEND:{day:%Y%m%d}T070000Z",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    )
    return "\r\n".join(lines).encode()


pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def otto(north):
    """A second supervisor at plant North."""
    return make_person("Otto Ohm", roles=[(RoleGrant.Role.OT_SUPERVISOR, north)])


def sorted_out(results, winner_type):
    """(the winner's result, the loser's error): exactly one of each."""
    winners = [result for result in results if not isinstance(result, Exception)]
    losers = [result for result in results if isinstance(result, Exception)]
    assert len(winners) == 1, results
    assert all(isinstance(loser, winner_type) for loser in losers), losers
    return winners[0], losers


def test_two_supervisors_at_once(at_once, pending, olga, otto):
    facts_hash = seen(pending)

    def by(supervisor):
        return lambda: approve_request(
            pending, acting_user=supervisor, origin=origin(), facts_hash=facts_hash
        )

    results = at_once(by(olga), by(otto))

    _window, (loser,) = sorted_out(results, TooLate)
    assert loser.code == "already_closed"
    assert MaintenanceWindow.objects.count() == 1
    assert pending.decisions.count() == 1


def test_the_line_is_given_once(at_once, vera, filling_hmi, olga, otto):
    window = make_window(vera, filling_hmi, decided_by=olga)

    def by(person):
        return lambda: give_line(window, acting_user=person, origin=origin())

    turn, (loser,) = sorted_out(at_once(by(olga), by(otto)), TooLate)
    assert loser.code == "line_given"
    assert window.handovers.get() == turn


def test_given_back_against_revoked(at_once, vera, filling_hmi, olga):
    window = make_window(vera, filling_hmi, decided_by=olga)
    results = at_once(
        lambda: give_window_back(window, acting_user=vera, origin=origin()),
        lambda: revoke_window(
            window, acting_user=olga, origin=origin(), reason="Line is needed"
        ),
    )
    sorted_out(results, TooLate)


def test_the_code_of_an_escort_against_the_end_of_its_window(
    monkeypatch, at_once, vera, filling_hmi, olga, adam
):
    """Let in before the revocation or not at all, however long it is thought about."""
    vera.callback_number, vera.callback_number_by = "+49 40 5550123", adam
    vera.callback_number_at = timezone.now() - timedelta(days=7)
    vera.save()
    window = make_window(vera, filling_hmi, decided_by=olga)
    code = call(window, olga).code

    def and_thinks(*args, **kwargs):
        guard_window_open(*args, **kwargs)
        time.sleep(0.3)

    monkeypatch.setattr(escort, "guard_window_open", and_thinks)
    entered, revoked = at_once(
        lambda: enter(vera, code),
        lambda: revoke_window(
            window, acting_user=olga, origin=origin(), reason="Line is needed"
        ),
    )
    assert not isinstance(revoked, Exception), revoked
    told = AuditEvent.objects.exclude(event="escort.offered").order_by("pk")
    in_order = list(told.values_list("event", flat=True))
    if isinstance(entered, Exception):
        assert entered.code == "window_not_open"
        assert in_order == ["window.revoked", "escort.code.refused"]
    else:
        assert in_order == ["escort.entered", "window.revoked"]


def test_yes_against_no(at_once, pending, olga, otto):
    facts_hash = seen(pending)
    results = at_once(
        lambda: approve_request(
            pending, acting_user=olga, origin=origin(), facts_hash=facts_hash
        ),
        lambda: deny_request(
            pending,
            acting_user=otto,
            origin=origin(),
            facts_hash=facts_hash,
            reason="No",
        ),
    )

    sorted_out(results, TooLate)
    pending.refresh_from_db()
    approved = pending.state == AccessRequest.State.APPROVED
    assert MaintenanceWindow.objects.exists() is approved


def test_withdrawal_against_approval(at_once, pending, vera, olga):
    facts_hash = seen(pending)
    results = at_once(
        lambda: withdraw_request(pending, acting_user=vera, origin=origin()),
        lambda: approve_request(
            pending, acting_user=olga, origin=origin(), facts_hash=facts_hash
        ),
    )

    sorted_out(results, TooLate)
    pending.refresh_from_db()
    approved = pending.state == AccessRequest.State.APPROVED
    assert MaintenanceWindow.objects.exists() is approved


def test_two_requests_for_the_last_place(
    at_once, vera, victor, olga, otto, filling_hmi, nordpack
):
    filling_hmi.asset.vendors.add(nordpack)
    first, second = ask(vera, filling_hmi), ask(victor, filling_hmi)
    hashes = {first.pk: seen(first), second.pk: seen(second)}

    results = at_once(
        lambda: approve_request(
            first, acting_user=olga, origin=origin(), facts_hash=hashes[first.pk]
        ),
        lambda: approve_request(
            second, acting_user=otto, origin=origin(), facts_hash=hashes[second.pk]
        ),
    )

    sorted_out(results, (TooLate, NotPossible))
    assert MaintenanceWindow.objects.count() == 1


def test_a_double_click_on_send(at_once, vera, filling_hmi):
    key, wish = uuid.uuid4(), wish_for(filling_hmi)

    def send():
        return submit_request(
            wish, acting_user=vera, origin=origin(), submission_key=key
        )

    first, again = at_once(send, send)
    assert first == again
    assert AccessRequest.objects.count() == 1


def test_many_at_once_get_different_numbers(
    at_once, vera, filling_gateway, filling_plc, filling_hmi
):
    def send(*endpoints):
        return lambda: ask(vera, *endpoints)

    made = at_once(send(filling_gateway), send(filling_plc), send(filling_hmi))
    assert [made for made in made if isinstance(made, Exception)] == []
    assert len({request.number for request in made}) == 3


def test_two_revocations(at_once, vera, olga, ivan, filling_hmi):
    window = make_window(vera, filling_hmi, decided_by=olga)

    def by(person):
        return lambda: revoke_window(
            window, acting_user=person, origin=origin(), reason="Stop"
        )

    results = at_once(by(olga), by(ivan))
    sorted_out(results, TooLate)


def test_revocation_against_extension(at_once, vera, olga, ivan, filling_hmi):
    window = make_window(vera, filling_hmi, decided_by=olga)
    extension = request_extension(
        window, acting_user=vera, origin=origin(), minutes=30, reason="More"
    )

    at_once(
        lambda: revoke_window(window, acting_user=ivan, origin=origin(), reason="Stop"),
        lambda: grant_extension(extension, acting_user=olga, origin=origin()),
    )

    window.refresh_from_db()
    assert window.phase() == MaintenanceWindow.Phase.REVOKED


def test_expiry_against_withdrawal(clock, at_once, plant, vera, filling_hmi):
    access_request = ask(vera, filling_hmi)
    clock.forward(days=1, minutes=1)

    results = at_once(
        lambda: expire_request(access_request),
        lambda: withdraw_request(access_request, acting_user=vera, origin=origin()),
    )

    sorted_out(results, TooLate)
    access_request.refresh_from_db()
    assert access_request.state == AccessRequest.State.EXPIRED


def test_two_second_looks_at_once(at_once, vera, olga, otto, ivan, filling_hmi):
    look = make_emergency(vera, filling_hmi, decided_by=olga)

    def by(person, verdict):
        return lambda: take_look(
            look, acting_user=person, origin=origin(), verdict=verdict, note="Seen"
        )

    results = at_once(by(ivan, "justified"), by(otto, "not_justified"))

    winner, (loser,) = sorted_out(results, TooLate)
    assert loser.code == "already_looked"
    look.refresh_from_db()
    assert (look.looked_by, look.verdict) == (winner.looked_by, winner.verdict)


def test_a_proposal_accepted_while_it_is_withdrawn(at_once, pending, vera, olga):
    """The contractor taps *Accept* on the phone, and *Withdraw* on the laptop."""
    proposal = propose(pending, olga, permission="view")
    results = at_once(
        lambda: accept_changes(proposal, acting_user=vera, origin=origin()),
        lambda: withdraw_request(pending, acting_user=vera, origin=origin()),
    )
    sorted_out(results, TooLate)
    pending.refresh_from_db()
    accepted = pending.state == AccessRequest.State.APPROVED
    assert MaintenanceWindow.objects.count() == accepted
    assert accepted or pending.state == AccessRequest.State.WITHDRAWN


def test_a_proposal_accepted_while_another_supervisor_denies(
    at_once, pending, vera, olga, otto
):
    proposal = propose(pending, olga, permission="view")
    facts_hash = seen(pending)
    results = at_once(
        lambda: accept_changes(proposal, acting_user=vera, origin=origin()),
        lambda: deny_request(
            pending,
            acting_user=otto,
            origin=origin(),
            facts_hash=facts_hash,
            reason="No",
        ),
    )
    sorted_out(results, TooLate)
    pending.refresh_from_db()
    accepted = pending.state == AccessRequest.State.APPROVED
    assert MaintenanceWindow.objects.count() == accepted


def test_a_substitution_is_decided_once(at_once, vera, olga, otto, filling_hmi):
    """Two taps of two supervisors, a yes against a no, and a yes while the window is revoked."""
    vito = make_person("Vito Vogel", vendor=vera.vendor)

    def wish():
        window = make_window(vera, filling_hmi, decided_by=olga)
        return ask_substitution(
            window.access_request,
            acting_user=vera,
            origin=origin(),
            leaves=vera,
            comes=vito,
            reason="Ill",
        )

    def yes(asked, by):
        return lambda: accept_substitution(asked, acting_user=by, origin=origin())

    def no(asked, by):
        return lambda: refuse_substitution(
            asked, acting_user=by, origin=origin(), reason="Not known here"
        )

    for others_act in (yes, no):
        asked = wish()
        sorted_out(at_once(yes(asked, olga), others_act(asked, otto)), TooLate)
        asked.refresh_from_db()
        access_request = AccessRequest.objects.get(pk=asked.access_request_id)
        accepted = asked.state == "accepted"
        assert access_request.requested_by == (vito if accepted else vera)
        assert access_request.decisions.count() == 1 + accepted
        MaintenanceWindow.objects.filter(access_request=access_request).delete()

    asked = wish()
    window = MaintenanceWindow.objects.get(access_request=asked.access_request)
    at_once(
        yes(asked, olga),
        lambda: revoke_window(
            window, acting_user=otto, origin=origin(), reason="Line is needed"
        ),
    )
    window.refresh_from_db()
    assert window.phase() == MaintenanceWindow.Phase.REVOKED, "in either order"


def test_two_readings_of_a_calendar_at_once(at_once, north, olga, otto):
    """The same file twice writes each event once; two names are two calendars; a calendar
    that is given up while it is read leaves nothing behind."""

    def read(by, name="Break"):
        return lambda: import_file(
            north,
            name=name,
            kind="freeze",
            content=calendar(),
            acting_user=by,
            origin=origin(),
        )

    results = at_once(read(olga), read(otto))
    assert {one.source.pk for one in results} == {CalendarSource.objects.get().pk}
    assert sorted(one.replaced for one in results) == [0, 1]
    assert ProductionFreeze.objects.count() == 1

    at_once(read(olga, "One"), read(otto, "Two"))
    assert CalendarSource.objects.count() == 3
    assert ProductionFreeze.objects.count() == 3

    source = CalendarSource.objects.get(name="Break")
    results = at_once(
        read(olga),
        lambda: remove_source(source, acting_user=otto, origin=origin()),
    )
    assert not any(isinstance(result, Exception) for result in results), results
    # Removed last, or made anew by who read last.
    left = CalendarSource.objects.filter(name="Break").count()
    assert ProductionFreeze.objects.filter(source__name="Break").count() == left
    assert ProductionFreeze.objects.count() == 2 + left


def test_an_approval_while_the_machine_moves(at_once, pending, olga, adam):
    """Whoever is first: no window stands on a yes to the address of before."""
    facts_hash = seen(pending)
    endpoint = pending.endpoints.get()

    approved, moved = at_once(
        lambda: approve_request(
            pending, acting_user=olga, origin=origin(), facts_hash=facts_hash
        ),
        lambda: change_endpoint(
            endpoint, {"host": "192.168.0.77"}, acting_user=adam, origin=origin()
        ),
    )

    assert moved.host == "192.168.0.77"
    if isinstance(approved, Exception):
        assert isinstance(approved, TooLate), approved
    assert not MaintenanceWindow.objects.not_over().exists()
