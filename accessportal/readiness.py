"""“Am I ready?”: everything that will keep a person out one day, before it does.

One list for the page, for the start page and for the monthly mail. A check says how it
stands, when it lapses, and what to do; nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accessportal.accounts.factors import has_factor, recovery_codes_left
from accessportal.accounts.models import User
from accessportal.accounts.notice import NOTICE_VERSION
from accessportal.accounts.parking import parks_at
from accessportal.accounts.services.attestation import attestation_state
from accessportal.accounts.vendor_rights import coordinates
from accessportal.audit.models import AuditEvent


@dataclass(frozen=True)
class LinkTest:
    """What the page tries from the browser itself (static/js/ready.js), and what to do."""

    name: str
    title: str | Promise
    advice: str | Promise


LINK_TESTS = (
    LinkTest(
        "browser",
        gettext_lazy("Browser"),
        gettext_lazy("If something is missing, update it, or take another browser."),
    ),
    LinkTest(
        "socket",
        gettext_lazy("Live connection"),
        gettext_lazy(
            "A proxy that lets no WebSocket through keeps you from every machine."
        ),
    ),
    LinkTest(
        "trip",
        gettext_lazy("There and back"),
        gettext_lazy(
            "Up to 150 ms a machine feels near; above 400 ms work becomes hard."
        ),
    ),
    LinkTest(
        "rate",
        gettext_lazy("Bandwidth"),
        gettext_lazy(
            "A busy screen needs about 1.5 Mbit/s. A phone's hotspot often has more."
        ),
    ),
    LinkTest(
        "clock",
        gettext_lazy("Clock"),
        gettext_lazy(
            "Codes of an authenticator app need a clock that is right to a minute."
        ),
    ),
)

SOON = timedelta(days=45)
PARKS_SOON = timedelta(days=31)
"""A monthly mail has to come before the account parks; whoever works here is never told."""
FEW_CODES = 3


class State(StrEnum):
    READY = "ready"
    SOON = "soon"
    LAPSED = "lapsed"


@dataclass(frozen=True)
class Check:
    """kind: for programs. `moment`: when it lapses. `advice`: what to do, `path`: where."""

    kind: str
    state: State
    title: str
    advice: str = ""
    moment: datetime | None = None
    path: str = ""
    verb: str = ""

    @property
    def ready(self) -> bool:
        return self.state is State.READY


def checks_for(user: User, *, at: datetime) -> list[Check]:
    """All checks, those that need something first."""
    found = list(_contractor(user, at) if user.vendor_id is not None else ())
    found += [_access(user, at), _parking(user, at), *_factors(user)]
    order = [State.LAPSED, State.SOON, State.READY]
    return sorted(found, key=lambda check: order.index(check.state))


def what_lapses(user: User, *, at: datetime) -> list[Check]:
    return [check for check in checks_for(user, at=at) if not check.ready]


def _state(moment: datetime | None, at: datetime, soon: timedelta = SOON) -> State:
    if moment is None or moment >= at + soon:
        return State.READY
    return State.SOON if moment > at else State.LAPSED


def _contractor(user: User, at: datetime) -> Iterator[Check]:
    yield from _plant_asks(user, at)
    yield _training(user, at)
    vendor = user.vendor
    assert vendor is not None
    contract = _state(vendor.contract_ends_at, at)
    yield Check(
        "contract",
        contract,
        _("The contract of your company ends"),
        _("After that nobody of your company can sign in.")
        if contract is not State.READY
        else "",
        vendor.contract_ends_at,
    )
    if vendor.sponsor is None or not vendor.sponsor.is_active:
        yield Check(
            "sponsor",
            State.SOON,
            _("Nobody at the plant answers for your company"),
            _("Without somebody who does, its access ends. Call the plant."),
        )
    yield _notice(user)
    if not user.phone:
        yield Check(
            "phone",
            State.SOON,
            _("The control room has no phone number of you"),
            _("They call you when the line needs you to stop."),
            path=reverse("accounts:profile"),
            verb=_("Add it"),
        )


def _plant_asks(user: User, at: datetime) -> Iterator[Check]:
    """What the plant wants of this company's people beside a training."""
    vendor = user.vendor
    assert vendor is not None
    if user.awaits_sponsor:
        yield Check(
            "sponsor_confirms",
            State.LAPSED,
            _("%(name)s has to confirm you")
            % {"name": vendor.sponsor or _("The plant")},
            _(
                "Until then you can ask for nothing. They have been told; call them if it is "
                "urgent."
            ),
        )
    if user.nda_missing_at(at):
        yield Check(
            "nda",
            State.LAPSED,
            _("No non-disclosure agreement of yours is on record"),
            _("The plant asks for one before you work. Ask your contact at the plant."),
        )
    elif vendor.nda_required and user.nda_expires_at is not None:
        state = _state(user.nda_expires_at, at)
        yield Check(
            "nda",
            state,
            _("Your non-disclosure agreement expires"),
            _("Renew it with your contact at the plant in time.")
            if state is State.SOON
            else "",
            user.nda_expires_at,
        )
    if coordinates(user, vendor) and attestation_state(vendor, at=at).overdue:
        yield Check(
            "attestation",
            State.LAPSED,
            _("The list of your people is to be attested"),
            _("Once a month you say who still works for your company."),
            path=reverse("accounts:company"),
            verb=_("To the list"),
        )


def _training(user: User, at: datetime) -> Check:
    expires = user.training_expires_at
    if expires is None:
        return Check(
            "training",
            State.LAPSED if user.training_missing else State.SOON,
            _("No safety training of you is on record"),
            _("Without one you can ask for nothing. Ask your contact at the plant.")
            if user.training_missing
            else _(
                "Whoever decides on your requests sees this. Ask your contact at the plant."
            ),
        )
    state = _state(expires, at)
    if state is State.LAPSED:
        return Check(
            "training",
            state,
            _("Your training has expired"),
            _(
                "Without one you can ask for nothing. Ask your contact at the plant for the "
                "next one."
            ),
            expires,
        )
    advice = _(
        "Work that ends after that day cannot be asked for. Ask your contact at the plant for "
        "the next training."
    )
    return Check(
        "training",
        state,
        _("Your training expires"),
        advice if state is State.SOON else "",
        expires,
    )


def _access(user: User, at: datetime) -> Check:
    if user.expires_at is None:
        return Check("access", State.READY, _("Your access has no last day"))
    state = _state(user.expires_at, at)
    return Check(
        "access",
        state,
        _("Your access ends"),
        _("Ask your contact at the plant to renew it.") if state is State.SOON else "",
        user.expires_at,
    )


def _parking(user: User, at: datetime) -> Check:
    parks = parks_at(user)
    state = _state(parks, at, PARKS_SOON)
    if state is State.LAPSED:
        return Check(
            "parking",
            state,
            _("Your account is parked"),
            _(
                "You can come back at any time: with your second factor, and a code that goes "
                "to your mailbox."
            ),
            parks,
        )
    return Check(
        "parking",
        state,
        _("Unused, your account parks"),
        _(
            "Sign in once before then. Afterwards you need your mailbox besides your second "
            "factor, so see that mail still reaches you."
        )
        if state is State.SOON
        else "",
        parks,
    )


def _factors(user: User) -> Iterator[Check]:
    if not has_factor(user):
        yield Check(
            "factor",
            State.LAPSED,
            _("You have no second factor"),
            _("It is set up at your next sign-in: have your phone at hand."),
        )
        return
    yield Check("factor", State.READY, _("Your second factor is set up"))
    left = recovery_codes_left(user)
    few = left < FEW_CODES
    yield Check(
        "recovery_codes",
        State.SOON if few else State.READY,
        ngettext(
            "Only %(left)s recovery code is left",
            "Only %(left)s recovery codes are left",
            left,
        )
        % {"left": left}
        if few
        else _("%(left)s recovery codes are left") % {"left": left},
        _("Without them a lost phone keeps you out.") if few else "",
        path=reverse("accounts:profile") if few else "",
        verb=_("Make new codes") if few else "",
    )


def _notice(user: User) -> Check:
    """The notice about the recording, as this person last accepted it."""
    last = (
        AuditEvent.objects.filter(actor_id=user.pk, event="notice.accepted")
        .order_by("-recorded_at")
        .only("detail")
        .first()
    )
    if last is None or last.detail.get("version") == NOTICE_VERSION:
        return Check(
            "notice",
            State.READY,
            _("The notice about the recording has not changed")
            if last is not None
            else _(
                "You are shown the notice about the recording when you first connect"
            ),
        )
    return Check(
        "notice",
        State.SOON,
        _("The notice about the recording has changed"),
        _("You read and accept it when you connect next: take a minute for it."),
    )
