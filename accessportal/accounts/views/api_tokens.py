"""API tokens: to make, to see and to revoke."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accessportal.accounts.access import manages_tokens, token_manageable_by, tokens_of
from accessportal.accounts.forms_rights import TokenForm
from accessportal.accounts.models import ApiToken, User
from accessportal.accounts.services.api_tokens import make_token, revoke_token
from accessportal.accounts.stepup import require_fresh_factor
from accessportal.errors import NotPossible
from accessportal.origin import origin_of


@require_GET
@never_cache
def token_list(request: HttpRequest) -> HttpResponse:
    user: User = manages_tokens(request.user)  # type: ignore[arg-type]
    return _page(request, user, TokenForm(user=user))


@require_POST
@never_cache
@require_fresh_factor
def token_new(request: HttpRequest) -> HttpResponse:
    """The answer holds the token, once: it is stored nowhere."""
    user: User = manages_tokens(request.user)  # type: ignore[arg-type]
    form = TokenForm(request.POST, user=user)
    if form.is_valid():
        try:
            token, text = make_token(
                **form.values(), acting_user=user, origin=origin_of(request)
            )
        except NotPossible as error:
            form.add_error(None, str(error))
        else:
            return _page(request, user, TokenForm(user=user), made=token, text=text)
    return _page(request, user, form)


@require_POST
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """No fresh factor: stopping must be fast."""
    user: User = request.user  # type: ignore[assignment]
    token = token_manageable_by(user, pk)
    revoke_token(token, acting_user=user, origin=origin_of(request))
    messages.success(request, _("%(token)s works no more.") % {"token": token})
    return redirect("accounts:api_tokens")


def _page(
    request: HttpRequest,
    user: User,
    form: TokenForm,
    *,
    made: ApiToken | None = None,
    text: str = "",
) -> HttpResponse:
    context = {"form": form, "tokens": tokens_of(user), "made": made, "text": text}
    status = 422 if form.errors else 200
    return render(request, "accounts/api_token_list.html", context, status=status)
