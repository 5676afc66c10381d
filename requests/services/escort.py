"""The escorted session: the plant calls back, reads out a code, and is there while they work.

`offer_escort` makes the code after a call to the number that the plant holds; `enter_by_code`
takes it, once. What lapsed stays lapsed: the policy decision point is told who escorts, and
nothing about the person changes (decisions 89 and 90).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action, people_who_may
from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import NotPossible, PortalError, TooLate
from accessportal.notifications import notify
from accessportal.origin import Origin
from requests.escortable import (
    bridges_for,
    guard_escortable,
    guard_number,
    guard_window_open,
)
from requests.models import AccessRequest, Escort
from requests.models.later_look import LOOK_DUE_AFTER
from requests.services.common import (
    guard_factor,
    guard_four_eyes,
    guard_may,
    locked_request,
    path_of,
    said_of,
    tell_pages,
)
from requests.wording import moment_words

SIGNS = "ACDEFGHJKMNPQRTUVWXY34679"
"""No two of them look or sound alike: no B and 8, no I, L and 1, no O and 0, S and 5, Z and 2."""

LENGTH = 8
"""25 signs to the power of 8 is 37 bits: five tries find it once in 30 thousand million times."""

LASTS = timedelta(minutes=10)


@dataclass(frozen=True)
class OfferedEscort:
    """The escort and its code in plain text, in two groups: shown once, stored nowhere."""

    escort: Escort
    code: str


def offer_escort(
    access_request: AccessRequest,
    *,
    acting_user: User,
    origin: Origin,
    factor_lost: bool,
    spoken: bool,
    reason: str,
) -> OfferedEscort:
    """Make the code for whoever asked, once somebody of the plant has spoken to them.

    `factor_lost`: the second factor is not at hand, as the person says; that training lapsed
    is on record. Raises `NotAllowed` for who may not, and for who asked or opened the request;
    `NotPossible` for somebody who cannot be escorted, or without need, number, call or
    reason; `TooLate` for a window that is not open; `FreshFactorNeeded`.
    """
    guard_may(acting_user, Action.ESCORT_OFFER, access_request.site)
    guard_four_eyes(access_request, acting_user=acting_user, origin=origin)
    return _offer(
        access_request,
        acting_user=acting_user,
        origin=origin,
        factor_lost=factor_lost,
        spoken=spoken,
        reason=reason.strip(),
    )


@transaction.atomic
def _offer(
    access_request: AccessRequest,
    *,
    acting_user: User,
    origin: Origin,
    factor_lost: bool,
    spoken: bool,
    reason: str,
) -> OfferedEscort:
    access_request = locked_request(access_request.pk)
    person = (
        User.objects.select_for_update(of=("self",))
        .select_related("vendor")
        .get(pk=access_request.requested_by_id)
    )
    now = timezone.now()

    guard_window_open(access_request, at=now)
    guard_escortable(person)
    guard_number(person, at=now)
    bridges = bridges_for(person, factor_lost=factor_lost, at=now)
    if not spoken:
        raise NotPossible(
            _("Call the number first, and say that you have spoken to them."),
            code="not_spoken",
        )
    if not 1 <= len(reason) <= 500:
        raise NotPossible(
            _("Say why it cannot wait, in at most 500 characters."),
            code="reason_missing",
        )
    guard_factor(access_request, acting_user, origin)

    Escort.objects.waiting().filter(person=person).update(
        voided_at=now, void_cause=Escort.Voided.REPLACED
    )
    code = "".join(secrets.choice(SIGNS) for _sign in range(LENGTH))
    escort = Escort.objects.create(
        access_request=access_request,
        person=person,
        bridges=bridges,
        reason=reason,
        offered_by=acting_user,
        offered_at=now,
        called_number=person.callback_number,
        code_hash=code_hash(code, access_request, person),
        expires_at=now + LASTS,
    )

    record(
        "escort.offered",
        acting_user=acting_user,
        subject=access_request,
        origin=origin,
        access_request=access_request,
        reason=reason,
        person=person.full_name,
        bridges=bridges,
        called=person.callback_number,
        expires_at=escort.expires_at.isoformat(),
    )

    tell(escort, "escort.offered", but=acting_user)
    tell_pages(access_request)
    return OfferedEscort(escort, f"{code[:4]} {code[4:]}")


def enter_by_code(
    *,
    acting_user: User,
    code: str,
    origin: Origin,
    web_session_ref: str,
    factor_used: bool,
    bound_to: str = "",
) -> Escort:
    """Take the code that was read out; the escort then counts in that web session.

    `factor_used`: whether they are signed in with their second factor; `bound_to`: the number
    of the request that an earlier escort bound their web session to. A failure is kept (the
    try, the audit trail) before it is raised: `NotPossible` for a wrong code, `TooLate` for
    one that does not count any more.
    """
    typed = "".join(sign for sign in code.upper() if sign.isalnum())[:40]
    with transaction.atomic():
        escort = _last_escort_of(acting_user)
        refusal = _why_not(
            escort, acting_user, typed, factor_used=factor_used, bound_to=bound_to
        )
        if refusal is None and escort is not None:
            refusal = _use(escort, web_session_ref)
        if refusal is None and escort is not None:
            _let_in(escort, acting_user=acting_user, origin=origin)
            return escort
        record(
            "escort.code.refused",
            acting_user=acting_user,
            subject=escort.access_request if escort is not None else acting_user,
            origin=origin,
            access_request=escort.access_request if escort is not None else None,
            result="refused",
            cause=refusal.code if refusal is not None else "",
            tries=escort.attempts if escort is not None else 0,
        )
    raise refusal or TooLate


def _last_escort_of(person: User) -> Escort | None:
    """Under the lock of its request: whoever revokes the window is before or after."""
    escorts = Escort.objects.filter(person=person)
    request_pk = escorts.values_list("access_request_id", flat=True).first()
    if request_pk is None:
        return None
    access_request = locked_request(request_pk)
    escort = (
        escorts.filter(access_request=access_request)
        .select_for_update(of=("self",))
        .select_related("person__vendor", "offered_by")
        .first()
    )
    if escort is not None:
        escort.access_request = access_request
    return escort


def _why_not(
    escort: Escort | None,
    person: User,
    typed: str,
    *,
    factor_used: bool,
    bound_to: str,
) -> PortalError | None:
    """What stands against this code; a wrong one is counted, and the fifth voids it."""
    over = TooLate(
        _(
            "No code counts for you now: it was used, is older than ten minutes, or was "
            "mistyped too often. Have the plant call you again."
        ),
        code="code_over",
    )
    if (
        escort is None
        or escort.access_request.requested_by_id != person.pk
        or bound_to not in ("", escort.access_request.number)
        or not Escort.objects.usable().filter(pk=escort.pk).exists()
    ):
        return over
    try:
        guard_window_open(escort.access_request, at=timezone.now())
        guard_escortable(escort.person)
    except PortalError as error:
        return error
    if factor_used and not escort.bridges_training:
        return NotPossible(
            _("You are signed in with your second factor, so no code is needed."),
            code="not_needed",
        )
    if not factor_used and not escort.bridges_factor:
        return NotPossible(
            _(
                "The plant escorts you over your training only. Sign in with your second "
                "factor first, then type the code."
            ),
            code="factor_needed",
        )
    if constant_time_compare(
        escort.code_hash, code_hash(typed, escort.access_request, person)
    ):
        return None
    return _count_wrong(escort)


def _count_wrong(escort: Escort) -> PortalError:
    Escort.objects.filter(pk=escort.pk).update(attempts=F("attempts") + 1)
    escort.refresh_from_db(fields=["attempts"])
    left = Escort.MAX_ATTEMPTS - escort.attempts
    if left > 0:
        return NotPossible(
            _("That is not the code. Tries that are left: %(left)d") % {"left": left},
            code="code_refused",
        )
    Escort.objects.filter(pk=escort.pk).update(
        voided_at=timezone.now(), void_cause=Escort.Voided.GUESSED
    )
    tell(escort, "escort.voided")
    return TooLate(
        _("That is not the code, for the fifth time. Have the plant call you again."),
        code="code_void",
    )


def _use(escort: Escort, web_session_ref: str) -> PortalError | None:
    """One conditional update: of two at once, one is too late."""
    now = timezone.now()
    changed = (
        Escort.objects.usable(at=now)
        .filter(pk=escort.pk)
        .update(
            used_at=now,
            web_session_ref=web_session_ref,
            look_due_at=now + LOOK_DUE_AFTER,
        )
    )
    if changed != 1:
        return TooLate(code="code_over")
    escort.refresh_from_db(fields=["used_at", "web_session_ref", "look_due_at"])
    return None


def _let_in(escort: Escort, *, acting_user: User, origin: Origin) -> None:
    record(
        "escort.entered",
        acting_user=acting_user,
        subject=escort.access_request,
        origin=origin,
        access_request=escort.access_request,
        bridges=escort.bridges,
        escorted_by=escort.offered_by.full_name,
        look_due_at=escort.look_due_at.isoformat() if escort.look_due_at else "",
    )
    tell(escort, "escort.entered", but=acting_user)
    tell_pages(escort.access_request, about=("requests", "windows"))


# --- Telling --------------------------------------------------------------------------


def tell(escort: Escort, kind: str, *, but: User | None = None) -> None:
    """The person, who escorts, who agreed to the work, and IT security of the site."""
    access_request = escort.access_request
    people = {
        one.pk: one
        for one in people_who_may(Action.EMERGENCY_LOOK, access_request.site)
    }
    for decision in access_request.decisions.select_related("decided_by"):
        people[decision.decided_by_id] = decision.decided_by
    for one in (escort.person, escort.offered_by):
        people[one.pk] = one
    notify(
        [one for one in people.values() if but is None or one.pk != but.pk],
        kind,
        path=path_of(access_request),
        **said_of_escort(escort),
    )


def said_of_escort(escort: Escort) -> dict[str, Any]:
    """The facts that messages about an escort are worded with."""
    zone, due = escort.access_request.site.time_zone, escort.look_due_at
    return {
        **said_of(escort.access_request),
        "by": escort.offered_by.full_name,
        "reason": escort.reason,
        "lapsed": lambda: str(escort.get_bridges_display()),
        "due": lambda: moment_words(due, zone) if due is not None else "",
    }


def code_hash(code: str, access_request: AccessRequest, person: User) -> str:
    """Bound to the request and the person; keyed, since a stolen database alone would yield
    a code of this length by trying all of them."""
    return salted_hmac(
        "requests.escort",
        f"{access_request.number}:{person.pk}:{code}",
        algorithm="sha256",
    ).hexdigest()
