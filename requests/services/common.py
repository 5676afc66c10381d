"""What the verbs of this step share: locks, guards of people, and whom to tell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action, may
from accessportal.accounts.factor_rules import PHISHING_RESISTANT, PasskeyNeeded
from accessportal.accounts.models import User
from accessportal.accounts.services.common import guard_fresh_factor
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.news import site_topic, tell_news, user_topic, vendor_topic
from accessportal.notifications import notify
from accessportal.origin import Origin
from accessportal.plants.models import Endpoint, Site
from requests.approvers import people_of_groups
from requests.facts import companions_of, requested_endpoints
from requests.models import AccessRequest, LaterWish, MaintenanceWindow
from requests.wishes import Finding
from requests.wording import machines_words, moment_words, span_words

__all__ = [
    "guard_four_eyes",
    "guard_fresh_factor",
    "guard_may",
    "guard_no_emergency",
    "guard_nothing_blocks",
    "guard_pending",
    "how_it_ended",
    "how_overdue",
    "later_path_of",
    "lock_endpoints",
    "locked_request",
    "path_of",
    "people_of",
    "said_of",
    "tell_of_window",
    "tell_pages",
]


def locked_request(pk: int) -> AccessRequest:
    """The request, locked until the transaction ends; every verb locks it first.

    PostgreSQL locks the row. SQLite has one writer, and its transactions begin
    IMMEDIATE (settings), so there the whole database is the lock.
    """
    # The row by itself: who waited for an act that put another person in its place would
    # look for that row together with the person of before, and find neither.
    AccessRequest.objects.select_for_update(of=("self",)).only("pk").get(pk=pk)
    return AccessRequest.objects.select_related(
        "site", "vendor", "requested_by__vendor", "closed_by"
    ).get(pk=pk)


def lock_endpoints(access_request: AccessRequest) -> list[Endpoint]:
    """Lock the machines of a request, so that two approvals cannot take the last place."""
    ids = list(access_request.endpoints.order_by("pk").values_list("pk", flat=True))
    return list(
        Endpoint.objects.select_for_update(of=("self",))
        .filter(pk__in=ids)
        .order_by("pk")
    )


def guard_factor(
    access_request: AccessRequest, acting_user: User, origin: Origin
) -> None:
    """A fresh factor that counts at the site, and a passkey where the policy in force when
    the request was sent wants one: for the first yes, and for everything decided after it.

    Raises `FreshFactorNeeded`, or `PasskeyNeeded`.
    """
    guard_fresh_factor(origin, acting_user, access_request.site)
    if factor_too_weak(access_request, origin):
        raise PasskeyNeeded


def factor_too_weak(access_request: AccessRequest, origin: Origin) -> bool:
    """Whether the policy wants a passkey, and another factor was used."""
    wanted = bool(access_request.demands.get("passkey"))
    return wanted and origin.factor not in PHISHING_RESISTANT


def guard_four_eyes(
    access_request: AccessRequest, *, acting_user: User, origin: Origin
) -> None:
    """Never who asked, or opened it for them, nor anybody of a vendor (SR 2.1). The attempt
    is recorded.

    Called before the verb's transaction: the record of the attempt must outlive it.
    """
    if (
        acting_user.pk
        not in (access_request.requested_by_id, access_request.emergency_by_id)
        and acting_user.vendor_id is None
    ):
        return
    record(
        "approval.sod.blocked",
        acting_user=acting_user,
        subject=access_request,
        origin=origin,
        access_request=access_request,
        result="denied",
    )
    raise NotAllowed(
        _(
            "Somebody else must decide on this: never the person who asked, nor a vendor."
        ),
        code="four_eyes",
    )


def guard_may(acting_user: User, action: Action, site: Site) -> None:
    if not may(acting_user, action, site):
        raise NotAllowed


def guard_nothing_blocks(findings: list[Finding]) -> None:
    """Raises `NotPossible` with the first sentence that stands against it."""
    for finding in findings:
        if finding.blocks:
            raise NotPossible(finding.sentence, code=finding.code)


def guard_pending(access_request: AccessRequest) -> None:
    """Raises `TooLate` for a request that is closed, or that only the clock has closed."""
    if access_request.state != AccessRequest.State.PENDING:
        raise TooLate(how_it_ended(access_request), code="already_closed")
    if access_request.is_overdue():
        raise TooLate(how_overdue(access_request), code="overdue")


def guard_no_emergency(access_request: AccessRequest) -> None:
    """Raises `NotPossible` for an emergency: there is no time for changes to and fro."""
    if access_request.emergency_at is not None:
        raise NotPossible(
            _("An emergency begins at once: approve or deny it as it is."),
            code="begins_at_once",
        )


def tell_pages(
    access_request: AccessRequest, *, about: tuple[str, ...] = ("requests",)
) -> None:
    """After the commit, say "look again" to everybody who may see this request."""
    topics = (
        site_topic(access_request.site_id),
        vendor_topic(access_request.vendor_id),
        user_topic(access_request.requested_by_id),
    )

    def tell() -> None:
        members = map(user_topic, people_of_groups(access_request))
        everybody = (*topics, *members)
        for subject in about:
            tell_news(*everybody, about=subject)

    transaction.on_commit(tell)


def tell_of_window(
    window: MaintenanceWindow,
    people: Iterable[User],
    kind: str,
    *,
    about: tuple[str, ...],
    **words: Any,
) -> None:
    """The news of a locked window, after the commit: to these people, and to every page that
    shows what it is `about`."""
    access_request = window.access_request
    notify(
        people,
        kind,
        path=path_of(access_request),
        **words,
        **said_of(access_request),
    )
    tell_pages(access_request, about=about)


def people_of(access_request: AccessRequest) -> list[User]:
    """Who asked, and the named colleagues: whom a decision concerns."""
    return [access_request.requested_by, *companions_of(access_request)]


def path_of(access_request: AccessRequest) -> str:
    return reverse("requests:detail", args=[access_request.number])


def decision_path_of(access_request: AccessRequest) -> str:
    """Where it is decided on: from there an approval is one tap."""
    return reverse("approvals:decide", args=[access_request.number])


def later_path_of(wish: LaterWish) -> str:
    """Where a wish for a wider window is decided on."""
    return reverse("approvals:later", args=[wish.pk])


def said_of(access_request: AccessRequest) -> dict[str, Any]:
    """The facts that messages about a request are worded with.

    The time is a function: it is called in the reader's language.
    """
    site = access_request.site
    window = getattr(access_request, "window", None)
    start = window.opens_at if window else access_request.wanted_from
    end = window.closes_at if window else access_request.wanted_until
    return {
        "number": access_request.number,
        "requester": access_request.requested_by.full_name,
        "vendor": access_request.vendor.name,
        "assets": machines_words(requested_endpoints(access_request)),
        "site": site,  # the row: it also says where it happened
        "purpose": access_request.purpose,
        "window": lambda: span_words(start, end, site.time_zone),
    }


def how_it_ended(access_request: AccessRequest, *, attempted: bool = True) -> str:
    """Why a request can no longer be decided on or withdrawn, and who was first.

    attempted: somebody came too late, and reads that nothing was changed.
    """
    facts = {
        "number": access_request.number,
        "name": str(access_request.closed_by or _("Access Portal")),
        "at": (
            moment_words(access_request.closed_at, access_request.site.time_zone)
            if access_request.closed_at
            else ""
        ),
    }
    sentences = {
        AccessRequest.State.APPROVED: _(
            "%(name)s has already approved %(number)s (%(at)s)."
        ),
        AccessRequest.State.DENIED: _(
            "%(name)s has already denied %(number)s (%(at)s)."
        ),
        AccessRequest.State.WITHDRAWN: _("%(name)s has withdrawn %(number)s (%(at)s)."),
        AccessRequest.State.EXPIRED: _("%(number)s expired undecided (%(at)s)."),
    }
    sentence = sentences[AccessRequest.State(access_request.state)] % facts
    return f"{sentence} {_('Nothing was changed.')}" if attempted else sentence


def how_overdue(access_request: AccessRequest, *, attempted: bool = True) -> str:
    """The same for a request that only the clock has closed so far."""
    if access_request.emergency_at is not None:
        sentence = _("Nobody decided on %(number)s in time, so it has expired.") % {
            "number": access_request.number
        }
        return f"{sentence} {_('Nothing was changed.')}" if attempted else sentence
    sentence = _("The start of %(number)s has passed, so it has expired.") % {
        "number": access_request.number
    }
    return f"{sentence} {_('Nothing was changed.')}" if attempted else sentence
