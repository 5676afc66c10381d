"""Attaching a file to a form, taking it off again, and what becomes of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import NotKnown, NotPossible
from accessportal.origin import Origin
from requests.attachment_files import digest_of, drop, fair_name, kind_of, put
from requests.models import AccessRequest, Attachment

MOST_BYTES = 5 * 1024 * 1024
MOST_FILES = 5
MOST_UNSENT = 20
"""Of one person, on all forms that were not sent yet: files must not fill the disk."""

FORGOTTEN = timedelta(days=2)
"""After that a file of a form that was never sent is removed."""


@transaction.atomic
def attach(
    file: UploadedFile[Any], *, submission_key: uuid.UUID, acting_user: User
) -> Attachment:
    """Keep a file for the form with this key. Raises `NotPossible`, with a sentence."""
    User.objects.select_for_update(of=("self",)).get(pk=acting_user.pk)
    typed = (file.name or "")[:200]

    if of_form(submission_key, acting_user).count() >= MOST_FILES:
        raise NotPossible(
            _("At most %(most)d files go with a request.") % {"most": MOST_FILES},
            code="too_many_files",
        )
    if of_person(acting_user).count() >= MOST_UNSENT:
        raise NotPossible(
            _(
                "You attached %(most)d files to forms that you did not send. Send one of "
                "them, or wait: they are forgotten after two days."
            )
            % {"most": MOST_UNSENT},
            code="too_many_files",
        )
    if not file.size or file.size > MOST_BYTES:
        raise NotPossible(
            _("“%(name)s” is empty or larger than %(most)d MB.")
            % {"name": typed, "most": MOST_BYTES // 1024**2},
            code="file_too_large",
        )
    content = file.read()
    kind = kind_of(content)
    if kind is None:
        raise NotPossible(
            _("“%(name)s” is neither a PDF nor a PNG or JPEG picture.")
            % {"name": typed},
            code="file_of_other_kind",
        )

    attachment = Attachment(
        submission_key=submission_key,
        uploaded_by=acting_user,
        name=fair_name(typed, kind),
        kind=kind,
        size=len(content),
        digest=digest_of(content),
    )
    put(attachment, content)
    attachment.save()
    return attachment


def of_form(submission_key: uuid.UUID, person: User) -> QuerySet[Attachment]:
    """What hangs on a form that was not sent yet, of this person alone."""
    return of_person(person).filter(submission_key=submission_key)


def of_person(person: User) -> QuerySet[Attachment]:
    """All that this person attached to forms that were not sent yet."""
    return Attachment.objects.filter(uploaded_by=person, access_request__isnull=True)


@transaction.atomic
def detach(file_id: uuid.UUID, *, acting_user: User) -> None:
    """Take a file off a form that was not sent yet. Raises `NotKnown`."""
    attachment = of_person(acting_user).filter(file_id=file_id).first()
    if attachment is None:
        raise NotKnown

    attachment.delete()
    transaction.on_commit(partial(drop, attachment.place))


def hand_in(
    access_request: AccessRequest, *, acting_user: User, origin: Origin
) -> list[Attachment]:
    """Inside the submission's transaction: what hangs on its form belongs to it now."""
    files = list(of_form(access_request.submission_key, acting_user))
    for attachment in files:
        attachment.access_request = access_request
        attachment.save(update_fields=["access_request"])
        record(
            "request.file.attached",
            acting_user=acting_user,
            subject=access_request,
            origin=origin,
            access_request=access_request,
            name=attachment.name,
            kind=attachment.kind,
            size=attachment.size,
            sha256=attachment.digest,
        )
    return files


@transaction.atomic
def note_opened(attachment: Attachment, *, acting_user: User, origin: Origin) -> None:
    """Reading what came with a request is an act, too."""
    record(
        "request.file.opened",
        acting_user=acting_user,
        subject=attachment.access_request,
        origin=origin,
        access_request=attachment.access_request,
        name=attachment.name,
        sha256=attachment.digest,
    )


def drop_forgotten(*, at: datetime | None = None) -> int:
    """Remove files of forms that were never sent; returns how many."""
    before = (at or timezone.now()) - FORGOTTEN
    forgotten: Iterable[Attachment] = Attachment.objects.filter(
        access_request__isnull=True, uploaded_at__lt=before
    )
    count = 0
    for attachment in forgotten:
        deleted, _each = Attachment.objects.filter(
            pk=attachment.pk, access_request__isnull=True
        ).delete()
        if deleted:
            drop(attachment.place)
            count += 1
    return count
