"""Changing one's own pending request. What was agreed to falls with a changed fact: who,
what, when, with which permission; a corrected slip of the keys voids nothing."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible
from accessportal.notifications import notify
from accessportal.origin import Origin
from accessportal.plants.models import Endpoint
from requests.access import companions_to_name, endpoints_to_ask_for
from requests.approvers import people_asked
from requests.demanded import demands_at
from requests.facts import companions_of, requested_endpoints
from requests.feasibility import what_stands_against
from requests.models import AccessRequest, RequestedEndpoint, RequestedPerson
from requests.on_shift import ringing_for
from requests.services.anew import begin_anew, outdate_proposals
from requests.services.common import (
    decision_path_of,
    guard_no_emergency,
    guard_nothing_blocks,
    guard_pending,
    lock_endpoints,
    locked_request,
    said_of,
    tell_pages,
)
from requests.services.submission import Wish, facts_of, guard_release
from requests.typing_errors import is_mended_slip


@transaction.atomic
def change_request(
    access_request: AccessRequest, wish: Wish, *, acting_user: User, origin: Origin
) -> list[str]:
    """Make the request say what `wish` says; its site stays. Returns what changed, by name.

    Raises `NotAllowed` for anybody but who asked, `TooLate` once it is closed, and
    `NotPossible` for what cannot work.
    """
    access_request = locked_request(access_request.pk)
    lock_endpoints(access_request)

    if access_request.requested_by_id != acting_user.pk:
        raise NotAllowed
    guard_pending(access_request)
    guard_no_emergency(access_request)
    if wish.site.pk != access_request.site_id:
        raise NotPossible(_("Its site stays: ask anew for another."), code="other_site")
    if access_request.recurrence or wish.recurrence:
        raise NotPossible(
            _("Work that repeats is not changed: withdraw this and ask anew."),
            code="repeats",
        )
    guard_release(wish)
    asked, named = set(wish.endpoint_ids), set(wish.companion_ids)
    endpoints = [
        one for one in endpoints_to_ask_for(acting_user, wish.site) if one.pk in asked
    ]
    companions = [one for one in companions_to_name(acting_user) if one.pk in named]
    demands = demands_at(
        access_request.policy,
        site=wish.site,
        endpoints=endpoints,
        vendor=access_request.vendor,
        permission=wish.permission,
        start=wish.wanted_from,
        end=wish.wanted_until,
    )
    guard_nothing_blocks(
        what_stands_against(
            facts_of(
                wish, endpoints, acting_user, companions, demands, own=access_request
            )
        )
    )

    material, small = _differences(access_request, wish, endpoints, companions)
    _keep(access_request, wish, endpoints, companions)
    voided: list[User] = []
    if material:
        outdate_proposals(access_request)
        voided = begin_anew(access_request)

    record(
        "request.changed",
        acting_user=acting_user,
        subject=access_request,
        origin=origin,
        access_request=access_request,
        changed=[*material, *small],
        material=bool(material),
        voided=[str(person) for person in voided],
    )

    notify(
        [*people_asked(access_request), *voided] if material else [],
        "request.changed",
        path=decision_path_of(access_request),
        ringing=ringing_for(access_request),
        by=acting_user.full_name,
        **said_of(access_request),
    )
    tell_pages(access_request)
    return [*material, *small]


def _differences(
    access_request: AccessRequest,
    wish: Wish,
    endpoints: Sequence[Endpoint],
    companions: Sequence[User],
) -> tuple[list[str], list[str]]:
    """(what makes it another request, what does not), by name."""
    said = {
        "purpose": (access_request.purpose, wish.purpose.strip()),
        "work_order": (access_request.work_order, wish.work_order.strip()),
    }
    facts = {
        "machines": (requested_endpoints(access_request), list(endpoints)),
        "companions": (companions_of(access_request), list(companions)),
        "permission": (access_request.permission, wish.permission),
        "clipboard_in": (access_request.clipboard_in, wish.clipboard_in),
        "clipboard_out": (access_request.clipboard_out, wish.clipboard_out),
        "wanted_from": (access_request.wanted_from, wish.wanted_from),
        "wanted_until": (access_request.wanted_until, wish.wanted_until),
        "on_release": (access_request.on_release_minutes, wish.on_release_minutes),
        "tolerance": (access_request.tolerance_minutes, wish.tolerance_minutes),
    }
    material = [name for name, (before, after) in facts.items() if before != after]
    small: list[str] = []
    for name, (before, after) in said.items():
        if before == after:
            continue
        (small if is_mended_slip(before, after) else material).append(name)
    return material, small


def _keep(
    access_request: AccessRequest,
    wish: Wish,
    endpoints: Sequence[Endpoint],
    companions: Sequence[User],
) -> None:
    fields = {
        "purpose": wish.purpose.strip(),
        "work_order": wish.work_order.strip(),
        "permission": wish.permission,
        "clipboard_in": wish.clipboard_in,
        "clipboard_out": wish.clipboard_out,
        "wanted_from": wish.wanted_from,
        "wanted_until": wish.wanted_until,
        "on_release_minutes": wish.on_release_minutes,
        "tolerance_minutes": wish.tolerance_minutes,
    }
    AccessRequest.objects.filter(pk=access_request.pk).update(**fields)
    for name, value in fields.items():
        setattr(access_request, name, value)
    RequestedEndpoint.objects.filter(access_request=access_request).delete()
    RequestedEndpoint.objects.bulk_create(
        RequestedEndpoint(access_request=access_request, endpoint=endpoint)
        for endpoint in endpoints
    )
    RequestedPerson.objects.filter(access_request=access_request).delete()
    RequestedPerson.objects.bulk_create(
        RequestedPerson(access_request=access_request, user=companion)
        for companion in companions
    )
