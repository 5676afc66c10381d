"""Where somebody is signed in: one's own devices, other people's, and for how long still."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accessportal.accounts import factors
from accessportal.accounts.access import (
    device_of_person,
    factor_reset_of,
    own_device,
    person_minded_by,
)
from accessportal.accounts.models import Passkey, User
from accessportal.accounts.renewal import renewal_closes_at, renewal_is_over
from accessportal.accounts.services.devices import revoke_all_devices, revoke_device
from accessportal.accounts.services.factor_resets import (
    ask_factor_reset,
    confirm_factor_reset,
    withdraw_factor_reset,
)
from accessportal.accounts.stepup import require_fresh_factor
from accessportal.accounts.web_sessions import (
    note_use,
    web_session_key,
    web_session_of,
)
from accessportal.origin import origin_of

PAST_SHOWN = 10


# --- This web session ---------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "POST"])
def web_session(request: HttpRequest) -> JsonResponse:
    """Seconds until this web session ends by itself. POST: somebody is here, count anew."""
    found = web_session_of(request)
    assert found is not None  # the middleware lets nobody in without
    if request.method == "POST":
        note_use(found, at_once=True)
    now = timezone.now()
    return JsonResponse(
        {
            "idle_in": _seconds(now, found.idle_at),
            "ends_in": _seconds(now, found.expires_at),
        }
    )


def _seconds(now: datetime, moment: datetime) -> int:
    return max(0, int((moment - now).total_seconds()))


# --- One's own ----------------------------------------------------------------------


@require_POST
def revoke_own(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign one of the own devices out. No fresh factor: stopping must be fast."""
    user: User = request.user  # type: ignore[assignment]
    device = own_device(user, pk)
    revoke_device(acting_user=user, web_session=device, origin=origin_of(request))
    messages.success(request, _("That device is signed out."))
    return redirect("accounts:profile")


@require_POST
def revoke_own_others(request: HttpRequest) -> HttpResponse:
    """Sign out everywhere else."""
    user: User = request.user  # type: ignore[assignment]
    count = revoke_all_devices(
        acting_user=user,
        person=user,
        origin=origin_of(request),
        except_key=web_session_key(request),
    )
    _say_how_many(request, count)
    return redirect("accounts:profile")


def _say_how_many(request: HttpRequest, count: int) -> None:
    messages.success(
        request,
        ngettext(
            "%(count)d device is signed out.",
            "%(count)d devices are signed out.",
            count,
        )
        % {"count": count},
    )


# --- Other people's -----------------------------------------------------------------


@require_GET
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """How somebody signs in and where they are signed in, for who has to end that."""
    user: User = request.user  # type: ignore[assignment]
    found = person_minded_by(user, pk)
    context = {
        "person": found,
        "own": found.pk == user.pk,
        "device": factors.totp_device_of(found),
        "passkeys": Passkey.objects.filter(user=found),
        "codes_left": factors.recovery_codes_left(found),
        "resettable": factors.has_factor(found) or renewal_is_over(found),
        "renewal_closes_at": renewal_closes_at(found),
        "renewal_over": renewal_is_over(found),
        "renewal_hours": settings.FACTOR_RENEWAL_HOURS,
        "devices": found.web_sessions.alive(),
        "past": found.web_sessions.filter(ended_at__isnull=False).select_related(
            "ended_by"
        )[:PAST_SHOWN],
        "asked": found.factor_resets.open().select_related("asked_by").first(),
    }
    return render(request, "accounts/person.html", context)


@require_POST
def revoke_of_person(request: HttpRequest, pk: int, device_pk: int) -> HttpResponse:
    """Sign one device of somebody out. No fresh factor: stopping must be fast."""
    user: User = request.user  # type: ignore[assignment]
    revoke_device(
        acting_user=user,
        web_session=device_of_person(user, pk, device_pk),
        origin=origin_of(request),
    )
    messages.success(request, _("That device is signed out."))
    return redirect("accounts:person_signing", pk=pk)


@require_POST
def revoke_all_of_person(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign somebody out everywhere (not this browser, when it is oneself)."""
    found = person_minded_by(request.user, pk)  # type: ignore[arg-type]
    count = revoke_all_devices(
        acting_user=request.user,  # type: ignore[arg-type]
        person=found,
        origin=origin_of(request),
        except_key=web_session_key(request),
    )
    _say_how_many(request, count)
    return redirect("accounts:person_signing", pk=pk)


@require_POST
@require_fresh_factor
def ask_reset(request: HttpRequest, pk: int) -> HttpResponse:
    """A lost phone: ask that the second factor be taken away."""
    found = person_minded_by(request.user, pk)  # type: ignore[arg-type]
    ask_factor_reset(
        acting_user=request.user,  # type: ignore[arg-type]
        person=found,
        reason=request.POST.get("reason", ""),
        origin=origin_of(request),
    )
    messages.success(
        request, _("Asked for. Somebody else has to confirm it; they have been told.")
    )
    return redirect("accounts:person_signing", pk=pk)


@require_POST
@require_fresh_factor
def confirm_reset(request: HttpRequest, pk: int, reset_pk: int) -> HttpResponse:
    """The second person says yes."""
    user: User = request.user  # type: ignore[assignment]
    found = confirm_factor_reset(
        acting_user=user,
        asked=factor_reset_of(user, pk, reset_pk),
        origin=origin_of(request),
    )
    messages.success(
        request,
        ngettext(
            "%(person)s has %(hours)d hour to set up a new second factor at a sign-in.",
            "%(person)s has %(hours)d hours to set up a new second factor at a sign-in.",
            settings.FACTOR_RENEWAL_HOURS,
        )
        % {"person": found.full_name, "hours": settings.FACTOR_RENEWAL_HOURS},
    )
    return redirect("accounts:person_signing", pk=pk)


@require_POST
def withdraw_reset(request: HttpRequest, pk: int, reset_pk: int) -> HttpResponse:
    """It is not needed any more, or was wrong."""
    user: User = request.user  # type: ignore[assignment]
    withdraw_factor_reset(
        acting_user=user,
        asked=factor_reset_of(user, pk, reset_pk),
        origin=origin_of(request),
    )
    messages.success(request, _("Withdrawn. The second factor stays as it is."))
    return redirect("accounts:person_signing", pk=pk)
