"""Who may do what where: the table, as a page, a print-out and a file."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accessportal import audit
from accessportal.accounts.access import reads_permissions
from accessportal.accounts.models import User
from accessportal.accounts.permission_report import (
    action_rows,
    as_csv,
    delegations_seen_by,
    grants_seen_by,
    overrides_seen_by,
    role_columns,
)
from accessportal.origin import origin_of


@require_GET
@never_cache
def permissions(request: HttpRequest) -> HttpResponse:
    """Roles by actions, who holds which role where, what is lent at the moment."""
    user: User = reads_permissions(request.user)  # type: ignore[arg-type]
    context = {
        "columns": role_columns(),
        "rows": action_rows(),
        "grants": grants_seen_by(user),
        "delegations": delegations_seen_by(user),
        "overrides": overrides_seen_by(user),
        "now": timezone.now(),
    }
    return render(request, "accounts/permission_list.html", context)


@require_POST
def permissions_export(request: HttpRequest) -> HttpResponse:
    """The same as CSV; that it was exported is evidence."""
    user: User = reads_permissions(request.user)  # type: ignore[arg-type]
    text = as_csv(user)
    audit.record(
        "permissions.exported",
        acting_user=user,
        origin=origin_of(request),
        rows=text.count("\n") - 1,
    )
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    name = f"permissions-{timezone.now():%Y%m%dT%H%M%SZ}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response
