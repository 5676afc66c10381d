"""Webhooks: to add, to try, to retire, and to see what did not arrive."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accessportal.accounts.models import User
from accessportal.accounts.stepup import require_fresh_factor
from accessportal.errors import NotPossible
from accessportal.notifications.access import (
    guard_site_to_tell,
    manages_webhooks,
    webhook_manageable_by,
    webhooks_of,
)
from accessportal.notifications.forms import WebhookForm
from accessportal.notifications.models import Webhook
from accessportal.notifications.webhooks import (
    add_webhook,
    retire_webhook,
    test_webhook,
)
from accessportal.origin import origin_of
from accessportal.rate_limits import rate_limited


@never_cache
@require_GET
def webhook_list(request: HttpRequest) -> HttpResponse:
    user = manages_webhooks(request.user)  # type: ignore[arg-type]
    return _page(request, user, WebhookForm(user=user))


@require_POST
@never_cache
@require_fresh_factor
def add(request: HttpRequest) -> HttpResponse:
    """The answer holds the secret, once: nobody sees it again."""
    user = manages_webhooks(request.user)  # type: ignore[arg-type]
    guard_site_to_tell(user, request.POST.get("site", ""))
    form = WebhookForm(request.POST, user=user)
    if form.is_valid():
        try:
            webhook, secret = add_webhook(
                **form.values(), acting_user=user, origin=origin_of(request)
            )
        except NotPossible as error:
            form.add_error("address", str(error))
        else:
            return _page(
                request, user, WebhookForm(user=user), made=webhook, secret=secret
            )
    return _page(request, user, form)


@require_POST
@rate_limited("webhook-test", times=20, seconds=600)
def test(request: HttpRequest, pk: int) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    webhook = webhook_manageable_by(user, pk)
    test_webhook(webhook, acting_user=user, origin=origin_of(request))
    messages.success(
        request, _("A test is on its way to %(webhook)s.") % {"webhook": webhook}
    )
    return redirect("notifications:webhooks")


@require_POST
def retire(request: HttpRequest, pk: int) -> HttpResponse:
    """No fresh factor: stopping must be fast."""
    user: User = request.user  # type: ignore[assignment]
    webhook = webhook_manageable_by(user, pk)
    retire_webhook(webhook, acting_user=user, origin=origin_of(request))
    messages.success(request, _("%(webhook)s is told no more.") % {"webhook": webhook})
    return redirect("notifications:webhooks")


def _page(
    request: HttpRequest,
    user: User,
    form: WebhookForm,
    *,
    made: Webhook | None = None,
    secret: str = "",
) -> HttpResponse:
    context = {
        "form": form,
        "webhooks": webhooks_of(user),
        "made": made,
        "secret": secret,
        "hosts": settings.WEBHOOK_HOSTS,
    }
    status = 422 if form.errors else 200
    return render(request, "notifications/webhook_list.html", context, status=status)
