"""Drafts and saved wishes: nothing typed is lost, and what comes again is not typed again."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.models import User
from accessportal.errors import NotAllowed, NotPossible
from requests.models import AccessRequest, SavedWish, WishDraft

KEPT_FIELDS = (
    "site",
    "endpoints",
    "companions",
    "permission",
    "clipboard_in",
    "clipboard_out",
    "purpose",
    "work_order",
    "start",
    "duration",
    "end",
    "submission_key",
    "repeat",
    "every",
    "weekdays",
    "on_day",
    "ends",
    "times",
    "last_day",
    "skip",
    "extra",
    "on_release",
    "tolerance",
)
MANY = frozenset({"endpoints", "companions", "weekdays", "skip", "extra"})
TICKS = frozenset({"clipboard_in", "clipboard_out"})
DRAFT_LETTERS = 20_000
"""Longer than this is no typing any more, and is not kept."""


def keep_draft(typed: Any, *, acting_user: User) -> None:
    """Keep what the form says now (`typed`: a QueryDict). Nothing worth keeping: nothing."""
    fields: dict[str, Any] = {}
    for name in KEPT_FIELDS:
        # PostgreSQL keeps no null byte, and no form sends one.
        values = [str(value).replace("\x00", "") for value in typed.getlist(name)]
        if name in MANY:
            fields[name] = values[:100]
        elif name in TICKS:
            fields[name] = bool(values)
        else:
            fields[name] = values[-1] if values else ""
    worth = fields["endpoints"] or fields["purpose"].strip() or fields["work_order"]
    if not worth or len(str(fields)) > DRAFT_LETTERS:
        return
    WishDraft.objects.update_or_create(
        person=acting_user, defaults={"fields": fields, "saved_at": timezone.now()}
    )


def draft_of(person: User) -> WishDraft | None:
    """What this person has typed and not sent."""
    draft = WishDraft.objects.filter(person=person).first()
    if draft is None or not draft.is_kept() or _was_sent(draft):
        return None
    return draft


def _was_sent(draft: WishDraft) -> bool:
    """What was typed last is looked at while the form is on its way, and kept after the draft
    was dropped: begun with again, it would be answered with the request that it made."""
    try:
        key = uuid.UUID(str(draft.fields.get("submission_key", "")))
    except ValueError:
        return False
    return AccessRequest.objects.filter(
        requested_by=draft.person_id, submission_key=key
    ).exists()


def drop_draft(*, acting_user: User) -> None:
    WishDraft.objects.filter(person=acting_user).delete()


def initial_of_draft(draft: WishDraft) -> dict[str, Any]:
    """What the form starts with; what is empty is left to the form."""
    fields: Mapping[str, Any] = draft.fields
    return {name: value for name, value in fields.items() if value not in ("", [])}


@transaction.atomic
def save_wish(
    access_request: AccessRequest, *, name: str, shared: bool, acting_user: User
) -> SavedWish:
    """Save what one's own request said under a name; `shared`: for the whole company.

    The same name again replaces what it stood for. Raises `NotAllowed`, `NotPossible`.
    """
    User.objects.select_for_update(of=("self",)).get(pk=acting_user.pk)

    if access_request.vendor_id != acting_user.vendor_id:
        raise NotAllowed
    name = " ".join(name.split())[:80]
    if not name:
        raise NotPossible(_("Give it a name by which you find it."), code="no_name")
    others = SavedWish.objects.filter(owner=acting_user).exclude(name=name)
    if others.count() >= SavedWish.MOST:
        raise NotPossible(
            _("You have %(most)d templates already. Remove one first.")
            % {"most": SavedWish.MOST},
            code="too_many_templates",
        )

    now = timezone.now()
    saved, _created = SavedWish.objects.update_or_create(
        owner=acting_user,
        name=name,
        defaults={
            "vendor": access_request.vendor,
            "access_request": access_request,
            "saved_at": now,
            "shared_at": now if shared else None,
        },
    )
    return saved


@transaction.atomic
def remove_wish(saved: SavedWish, *, acting_user: User) -> None:
    """Only the owner removes it; whoever took over a leaver's work saves it anew."""
    if saved.owner_id != acting_user.pk:
        raise NotAllowed
    saved.delete()
