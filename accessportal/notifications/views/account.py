"""How one is told: by which way, when not, and on which devices."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from accessportal import keys
from accessportal.accounts.browsers import browser_in_words
from accessportal.accounts.models import User
from accessportal.accounts.shared import is_shared
from accessportal.accounts.web_sessions import web_session_of
from accessportal.errors import NotAllowed, NotPossible
from accessportal.notifications.access import own_push_device
from accessportal.notifications.devices import (
    add_device,
    push_is_possible,
    remove_device,
)
from accessportal.notifications.forms import WishesForm
from accessportal.notifications.outbox import test_push
from accessportal.notifications.push import note_shown
from accessportal.notifications.push_encryption import text_of
from accessportal.notifications.wishes import save_wishes, wishes_of
from accessportal.origin import origin_of
from accessportal.rate_limits import rate_limited


@never_cache
@require_http_methods(["GET", "POST"])
def wishes(request: HttpRequest) -> HttpResponse:
    """Which kinds by which way, the quiet hours, and the devices."""
    user: User = request.user  # type: ignore[assignment]
    held = wishes_of(user)
    form = WishesForm(request.POST or None, wishes=held)
    if request.method == "POST" and form.is_valid():
        try:
            save_wishes(
                acting_user=user,
                chosen=form.chosen(),
                quiet_from=form.cleaned_data["quiet_from"],
                quiet_until=form.cleaned_data["quiet_until"],
                origin=origin_of(request),
            )
        except NotPossible as error:
            form.add_error("quiet_from", str(error))
        else:
            messages.success(request, _("Your wishes are saved."))
            return redirect("notifications:wishes")
    context = {
        "form": form,
        "devices": user.push_devices.all(),
        "push_is_possible": push_is_possible(),
        "on_shared": is_shared(request),
    }
    status = 422 if form.errors else 200
    return render(request, "notifications/wishes.html", context, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
@rate_limited("push-device", times=60, seconds=3600, methods=("POST",))
def device(request: HttpRequest) -> JsonResponse:
    """GET: the key that a browser subscribes with. POST: the subscription it made."""
    if request.method == "POST":
        if is_shared(request):
            raise NotAllowed(
                _("Others use this computer too: nothing is pushed to it.")
            )
        add_device(
            acting_user=request.user,  # type: ignore[arg-type]
            endpoint=request.POST.get("endpoint", ""),
            p256dh=request.POST.get("p256dh", ""),
            auth=request.POST.get("auth", ""),
            key_id=request.POST.get("key_id", ""),
            label=browser_in_words(request.headers.get("User-Agent", "")),
            web_session=web_session_of(request),
            origin=origin_of(request),
        )
    key = keys.uncompressed_point(keys.push_key())
    return JsonResponse({"key": text_of(key), "key_id": keys.key_id_of(key)})


@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Push to this device no more."""
    user: User = request.user  # type: ignore[assignment]
    remove_device(
        own_push_device(user, pk),
        acting_user=user,
        cause="person",
        origin=origin_of(request),
    )
    messages.success(request, _("Nothing is pushed to that device any more."))
    return redirect("notifications:wishes")


@require_POST
@rate_limited("push-test", times=10, seconds=600)
def test(request: HttpRequest, pk: int) -> HttpResponse:
    """Push something that means nothing to one of the own devices."""
    test_push(own_push_device(request.user, pk))  # type: ignore[arg-type]
    messages.success(request, _("A test is on its way to that device."))
    return redirect("notifications:wishes")


@csrf_exempt
@login_not_required
@require_POST
@rate_limited("push-shown", times=120, seconds=60)
def shown(request: HttpRequest) -> HttpResponse:
    """A device has shown a push. It proves nothing and opens nothing: the receipt is a random
    number that was in that push, and whoever sends anything gets the same answer."""
    note_shown(request.POST.get("receipt", "")[:100])
    return HttpResponse(status=204)
