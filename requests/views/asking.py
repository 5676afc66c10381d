"""What makes asking short: files of a form and of a request, the draft, saved wishes."""

from __future__ import annotations

import uuid
from urllib.parse import quote

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accessportal.accounts.models import User
from accessportal.errors import NotPossible, PortalError
from accessportal.keys import KeyMissing, WrongKey
from accessportal.origin import origin_of
from requests.access import (
    asking_person,
    attachment_visible_to,
    request_visible_to,
    saved_wish_of,
)
from requests.attachment_files import take
from requests.forms import WishForm
from requests.services.attachments import attach, detach, note_opened
from requests.services.saved import drop_draft, keep_draft, remove_wish, save_wish


class FileGone(PortalError):
    """409: a file that should be there is not, or was changed."""

    status = 409
    code = "file_not_intact"
    sentence = gettext_lazy(
        "This file is not there any more, or was changed. IT security has to look at it."
    )


def attach_files(request: HttpRequest, form: WishForm, user: User) -> None:
    """Keep the files that came with a form, whatever becomes of it; a refusal is its error."""
    form.is_valid()
    for file in request.FILES.getlist("files"):
        try:
            attach(file, submission_key=form.key, acting_user=user)
        except NotPossible as error:
            form.add_error(None, str(error.sentence))


@never_cache
@require_GET
def attachment(request: HttpRequest, number: str, file_id: uuid.UUID) -> HttpResponse:
    """One file of a request, always as a download: no browser shows it as a page of ours."""
    user: User = request.user  # type: ignore[assignment]
    found = attachment_visible_to(user, number, file_id)
    try:
        content = take(found)
    except (WrongKey, KeyMissing, OSError) as error:
        raise FileGone from error
    note_opened(found, acting_user=user, origin=origin_of(request))
    response = HttpResponse(content, content_type=found.kind)
    response["Content-Disposition"] = (
        f"attachment; filename=\"file\"; filename*=UTF-8''{quote(found.name, safe='')}"
    )
    return response


@require_POST
def remove_file(request: HttpRequest, file_id: uuid.UUID) -> HttpResponse:
    """Take a file off the form. The form is sent along, so that nothing typed is lost."""
    user = asking_person(request.user)  # type: ignore[arg-type]
    keep_draft(request.POST, acting_user=user)
    detach(file_id, acting_user=user)
    return redirect("requests:new")


@require_POST
def discard_draft(request: HttpRequest) -> HttpResponse:
    """Begin with an empty form."""
    drop_draft(acting_user=asking_person(request.user))  # type: ignore[arg-type]
    return redirect("requests:new")


@require_POST
def save(request: HttpRequest, number: str) -> HttpResponse:
    """Save what a request of the company said, under a name."""
    user = asking_person(request.user)  # type: ignore[arg-type]
    saved = save_wish(
        request_visible_to(user, number),
        name=request.POST.get("name", "")[:200],
        shared=request.POST.get("shared") == "on",
        acting_user=user,
    )
    messages.success(
        request, _("“%(name)s” is offered when you ask again.") % {"name": saved}
    )
    return redirect("requests:detail", number)


@require_POST
def remove_saved(request: HttpRequest, pk: int) -> HttpResponse:
    user = asking_person(request.user)  # type: ignore[arg-type]
    saved = saved_wish_of(user, pk)
    remove_wish(saved, acting_user=user)
    messages.success(request, _("“%(name)s” is removed.") % {"name": saved})
    return redirect("requests:new")
