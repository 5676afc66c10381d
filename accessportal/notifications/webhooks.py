"""Webhooks: what the plant's own tools are told, by administrators, per site and group.

Only what concerns work and security goes there; what a person is told of their own account
does not. An address is held against the installation's list at each try (`accessportal.outward`).
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from accessportal import audit, keys
from accessportal.accounts.authorisation import Action, may, may_everywhere
from accessportal.accounts.models import User
from accessportal.accounts.services.common import guard_fresh_factor
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.notifications.channels import Group, group_of, is_urgent
from accessportal.notifications.models import Webhook, WebhookCall
from accessportal.notifications.webhook_formats import Said, body_and_headers
from accessportal.origin import Origin
from accessportal.outward import Unreachable, guard_address, post

if TYPE_CHECKING:
    from accessportal.plants.models import Site

KEY = "credentials"
OFFERED = (Group.REQUESTS, Group.LIVE, Group.EVIDENCE, Group.SECURITY)


def may_manage_webhooks(user: User, site: Site | int | None) -> bool:
    """Who changes the plant; for every site at once only who does so everywhere."""
    if site is None:
        return may_everywhere(user, Action.PLANT_CHANGE)
    return may(user, Action.PLANT_CHANGE, site)


@transaction.atomic
def add_webhook(
    *,
    name: str,
    kind: str,
    site: Site | None,
    groups: Collection[str],
    says: str,
    address: str,
    acting_user: User,
    origin: Origin,
) -> tuple[Webhook, str]:
    """A webhook, and the secret it signs with ("" for a tool that takes none): the only time
    that anybody sees it. Raises `NotAllowed`, `NotPossible`, `FreshFactorNeeded`."""
    if not may_manage_webhooks(acting_user, site):
        raise NotAllowed
    guard_fresh_factor(origin, acting_user, site)
    name, address = name.strip(), address.strip()
    chosen = [group.value for group in OFFERED if group.value in set(groups)]
    if not name or not chosen or kind not in Webhook.Kind or says not in Webhook.Says:
        raise NotPossible(
            _("Say what it is for, for which tool, and choose at least one subject."),
            code="webhook_incomplete",
        )
    guard_address(address, settings.WEBHOOK_HOSTS)

    key = uuid4().hex
    secret = secrets.token_urlsafe(32) if kind == Webhook.Kind.GENERIC else ""
    webhook = Webhook.objects.create(
        name=name[:120],
        kind=kind,
        site=site,
        groups=chosen,
        says=says,
        language=acting_user.language,
        host=address.split("/")[2].lower()[:255],
        key=key,
        address_envelope=keys.seal(
            KEY, address.encode(), bound_to=_binding(key, "address")
        ),
        secret_envelope=keys.seal(
            KEY, secret.encode(), bound_to=_binding(key, "secret")
        )
        if secret
        else "",
        created_by=acting_user,
    )

    audit.record(
        "webhook.added",
        acting_user=acting_user,
        subject=webhook,
        origin=origin,
        site=site,
        tool=kind,
        groups=chosen,
        says=says,
    )
    return webhook, secret


@transaction.atomic
def retire_webhook(webhook: Webhook, *, acting_user: User, origin: Origin) -> None:
    """Tell it nothing more. Raises `NotAllowed`, `TooLate`."""
    if not may_manage_webhooks(acting_user, webhook.site):
        raise NotAllowed

    changed = (
        Webhook.objects.in_force()
        .filter(pk=webhook.pk)
        .update(retired_at=timezone.now(), retired_by=acting_user)
    )
    if changed != 1:
        raise TooLate

    audit.record(
        "webhook.retired",
        acting_user=acting_user,
        subject=webhook,
        origin=origin,
        site=webhook.site,
    )


@transaction.atomic
def test_webhook(webhook: Webhook, *, acting_user: User, origin: Origin) -> WebhookCall:
    """Tell it what means nothing. Raises `NotAllowed`, `TooLate`."""
    if not may_manage_webhooks(acting_user, webhook.site):
        raise NotAllowed
    if webhook.retired_at is not None:
        raise TooLate

    with override(webhook.language):
        title = _("This is a test")
    call = WebhookCall.objects.create(
        webhook=webhook, kind="push.test", title=title, path="/webhooks/"
    )

    audit.record(
        "webhook.tested",
        acting_user=acting_user,
        subject=webhook,
        origin=origin,
        site=webhook.site,
    )

    send_soon([call])
    return call


# --- Telling ------------------------------------------------------------------------


def tell_webhooks(kind: str, *, path: str, facts: dict[str, Any]) -> None:
    """One call for each webhook that wants this, inside the act's transaction. A fact `site`
    that is a row says where it happened; without, only webhooks for every site are told."""
    from accessportal.notifications.outbox import worded

    group = group_of(kind)
    if group not in OFFERED:
        return
    site = getattr(facts.get("site"), "pk", None)
    wanted = Webhook.objects.in_force().filter(
        models.Q(site__isnull=True) | models.Q(site=site)
        if site is not None
        else models.Q(site__isnull=True)
    )
    about, calls = str(facts.get("number", ""))[:40], []
    for webhook in wanted:
        if group not in webhook.groups:
            continue
        title, _body = worded(kind, facts, language=webhook.language)
        if webhook.says == Webhook.Says.NUMBER:
            with override(webhook.language):
                words = _("Emergency") if "emergency" in kind else group.label
                title = f"{words}: {about}" if about else str(words)
        calls.append(
            WebhookCall.objects.create(
                webhook=webhook, kind=kind, about=about, title=title, path=path
            )
        )
    send_soon(calls)


def call_webhook(call: WebhookCall) -> bool:
    """Try once; notes a failure and when to try again. A retired one is told nothing."""
    webhook = call.webhook
    if webhook.retired_at is not None:
        call.note_failure("retired", for_good=True)
        return False
    with override(webhook.language):
        return _call(call)


def _call(call: WebhookCall) -> bool:
    webhook = call.webhook
    try:
        content, headers = body_and_headers(
            webhook.kind,
            _said(call),
            secret=_opened(webhook, "secret"),
            now=int(time.time()),
            open_words=_("Open in the portal"),
        )
        answer = post(
            _opened(webhook, "address"),
            content=content,
            headers=headers,
            hosts=settings.WEBHOOK_HOSTS,
        )
    except (Unreachable, keys.WrongKey, keys.KeyMissing) as error:
        call.note_failure(str(error))
        return False
    if answer.is_success:
        call.note_sent()
        return True
    # 4xx but for "later" (408, 425, 429): the same again would be refused again.
    later = answer.is_server_error or answer.status_code in {408, 425, 429}
    answered = _("The server answered: HTTP %(status)s.")
    call.note_failure(answered % {"status": answer.status_code}, for_good=not later)
    return False


def _said(call: WebhookCall) -> Said:
    site = call.webhook.site
    return Said(
        call_id=str(call.call_id),
        kind=call.kind,
        about=call.about,
        title=call.title,
        link=settings.PUBLIC_URL + (call.path or "/"),
        at=call.created_at.isoformat(timespec="seconds"),
        site=str(site) if site is not None else "",
        urgent=is_urgent(call.kind),
    )


def send_soon(calls: list[WebhookCall]) -> None:
    from accessportal.notifications.outbox import queue
    from accessportal.notifications.tasks import call_webhooks

    pks = [call.pk for call in calls]
    if pks:
        transaction.on_commit(lambda: queue(call_webhooks, pks))


# --- Secrets ------------------------------------------------------------------------


def reseal_webhooks() -> int:
    """Seal anew what an earlier key sealed; returns how many rows. May be run again."""
    current, resealed = keys.symmetric_key(KEY)[0], 0
    for webhook in Webhook.objects.iterator(chunk_size=200):
        before, after = {}, {}
        for name in ("address", "secret"):
            envelope = getattr(webhook, f"{name}_envelope")
            if not envelope or keys.key_id_in(envelope) == current:
                continue
            before[f"{name}_envelope"] = envelope
            after[f"{name}_envelope"] = keys.seal(
                KEY,
                _opened(webhook, name).encode(),
                bound_to=_binding(webhook.key, name),
            )
        if after:
            resealed += Webhook.objects.filter(pk=webhook.pk, **before).update(**after)
    return resealed


def webhook_key_ids() -> set[str]:
    """The ids of the keys that webhooks need."""
    rows = Webhook.objects.values_list("address_envelope", "secret_envelope")
    return {keys.key_id_in(envelope) for row in rows for envelope in row if envelope}


def _opened(webhook: Webhook, name: str) -> str:
    envelope = getattr(webhook, f"{name}_envelope")
    if not envelope:
        return ""
    return keys.unseal(KEY, envelope, bound_to=_binding(webhook.key, name)).decode()


def _binding(key: str, name: str) -> str:
    return f"notifications.webhook/{key}/{name}"
