"""The directory's page: is it there, what do its groups mean, who is linked, break-glass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.apps import apps
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accessportal import audit
from accessportal.accounts.directory import access
from accessportal.accounts.directory.admission import unlink_identity
from accessportal.accounts.directory.asking import (
    begin_at_provider,
    facts_of,
    look_up,
)
from accessportal.accounts.directory.break_glass import (
    mark_break_glass,
    unmark_break_glass,
)
from accessportal.accounts.directory.configuration import LdapSettings, OpenIdSettings
from accessportal.accounts.directory.mapping import (
    map_group,
    mappings_for,
    unmap_group,
)
from accessportal.accounts.directory.open_id import redirect_uri
from accessportal.accounts.directory.people import (
    DirectoryDown,
    DirectoryPerson,
    DirectoryRefused,
    same_group,
)
from accessportal.accounts.directory.status import directory_is_down
from accessportal.accounts.models import (
    BreakGlassAccount,
    DirectoryIdentity,
    GroupMapping,
    RoleGrant,
    User,
)
from accessportal.accounts.stepup import require_fresh_factor
from accessportal.errors import NotPossible
from accessportal.origin import origin_of

IDENTITIES_SHOWN = 200


class GroupForm(forms.Form):
    group = forms.CharField(
        label=gettext_lazy("Group"),
        max_length=500,
        help_text=gettext_lazy(
            "As the directory writes it: the value in the groups claim, or the distinguished "
            "name (CN=...,OU=...)."
        ),
    )
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=RoleGrant.Role.choices)
    site: Any = forms.ModelChoiceField(
        queryset=None,
        label=gettext_lazy("Site"),
        required=False,
        empty_label=gettext_lazy("Every site"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        site: Any = self.fields["site"]
        site.queryset = apps.get_model("plants", "Site").objects.order_by("name")


class BreakGlassForm(forms.Form):
    person: Any = forms.ModelChoiceField(
        queryset=None,
        label=gettext_lazy("Person"),
        help_text=gettext_lazy(
            "Best an account of its own that exists for this day alone, with its password and "
            "its recovery codes in the safe."
        ),
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=500)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        person: Any = self.fields["person"]
        person.queryset = (
            User.objects.active()
            .plant_people()
            .filter(break_glass__isnull=True)
            .order_by("full_name")
        )


# --- The page and its groups --------------------------------------------------------------


@never_cache
@require_GET
def directory(request: HttpRequest) -> HttpResponse:
    """What is set, what groups mean, who is linked."""
    user: User = request.user  # type: ignore[assignment]
    access.check_may_see(user)
    return show_directory(request, GroupForm())


def show_directory(
    request: HttpRequest, form: GroupForm, status: int = 200, **more: Any
) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    of = settings.DIRECTORY
    context = {
        "form": form,
        "directory": of,
        "by_open_id": isinstance(of, OpenIdSettings),
        "down": directory_is_down(),
        "redirect_uri": redirect_uri(),
        "mappings": GroupMapping.objects.select_related("site", "mapped_by"),
        "identities": DirectoryIdentity.objects.select_related("user").order_by(
            "user__full_name"
        )[:IDENTITIES_SHOWN],
        "break_glass_count": BreakGlassAccount.objects.count(),
        "may_change": access.may_change_directory(user),
        **more,
    }
    return render(request, "accounts/directory.html", context, status=status)


@require_POST
@require_fresh_factor
def add_group(request: HttpRequest) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    access.check_may_change(user)
    form = GroupForm(request.POST)
    if form.is_valid():
        try:
            map_group(acting_user=user, **form.cleaned_data, origin=origin_of(request))
        except NotPossible as error:
            form.add_error("group", str(error.sentence))
        else:
            messages.success(
                request, _("The group has this role from each next sign-in on.")
            )
            return redirect("accounts:directory")
    return show_directory(request, form, status=422)


@require_POST
@require_fresh_factor
def remove_group(request: HttpRequest, pk: int) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    mapping = access.mapping_removable_by(user, pk)
    unmap_group(acting_user=user, mapping=mapping, origin=origin_of(request))
    messages.success(
        request, _("The group means this no more, from each next sign-in on.")
    )
    return redirect("accounts:directory")


@require_POST
@require_fresh_factor
def unlink(request: HttpRequest, pk: int) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    identity = access.identity_unlinkable_by(user, pk)
    unlink_identity(
        acting_user=user,
        identity=identity,
        reason=request.POST.get("reason", ""),
        origin=origin_of(request),
    )
    messages.success(
        request,
        _("%(person)s is not linked any more.") % {"person": identity.user},
    )
    return redirect("accounts:directory")


# --- Testing it -----------------------------------------------------------------------------


@never_cache
@require_POST
def test(request: HttpRequest) -> HttpResponse:
    """What answers now; with a name (LDAP): who that is and which roles it would bring."""
    user: User = request.user  # type: ignore[assignment]
    access.check_may_change(user)
    of = settings.DIRECTORY
    if of is None:
        raise NotPossible(_("No directory is set up."))
    name = request.POST.get("name", "").strip()[:254]
    result: dict[str, Any] = {"tested": True, "name": name}
    try:
        result["facts"] = facts_of(of)
        if name and isinstance(of, LdapSettings):
            result |= trial_of(look_up(of, name))
    except DirectoryDown as error:
        result["cause"] = error.cause
    except DirectoryRefused as error:
        result["refusal"] = str(error.sentence)
    record_test(request, result)
    return show_directory(request, GroupForm(), **result)


@never_cache
@require_GET
def try_at_provider(request: HttpRequest) -> HttpResponse:
    """To the provider and back, to see what it says of an account; nobody is signed in by it."""
    user: User = request.user  # type: ignore[assignment]
    access.check_may_change(user)
    of = settings.DIRECTORY
    if not isinstance(of, OpenIdSettings):
        raise NotPossible(_("The plant's directory is not an OpenID Connect provider."))
    try:
        url, begun = begin_at_provider(of, prompt="login")
    except DirectoryDown as error:
        return show_directory(
            request, GroupForm(), status=503, tested=True, cause=error.cause
        )
    request.session["directory_begun"] = {**begun, "trial_by": user.pk}
    return redirect(url)


def show_trial(
    request: HttpRequest,
    begun: dict[str, Any],
    complete: Callable[[], DirectoryPerson],
) -> HttpResponse:
    """The browser is back from a trial, which belongs to the administrator who began it."""
    user: User = request.user  # type: ignore[assignment]
    if not user.is_authenticated or user.pk != begun["trial_by"]:
        return redirect("accounts:sign_in")
    access.check_may_change(user)
    result: dict[str, Any] = {"tested": True}
    try:
        result |= trial_of(complete())
    except DirectoryDown as error:
        result["cause"] = error.cause
    except DirectoryRefused as error:
        result["refusal"] = f"{error.sentence} ({error.cause})"
    record_test(request, result)
    return show_directory(request, GroupForm(), **result)


def trial_of(found: DirectoryPerson | None) -> dict[str, Any]:
    """Who it is, each group with what it means, and whether it would be let in."""
    if found is None:
        return {"unknown": True}
    meant = mappings_for(found.groups)
    brought = {same_group(mapping.group) for mapping in meant}
    return {
        "found": found,
        "groups": [
            {"name": group, "mapped": same_group(group) in brought}
            for group in found.groups
        ],
        "meant": meant,
        "known": DirectoryIdentity.objects.filter(
            namespace=found.namespace, subject=found.subject
        )
        .select_related("user")
        .first(),
    }


def record_test(request: HttpRequest, result: dict[str, Any]) -> None:
    found = result.get("found")
    audit.record(
        "directory.tested",
        acting_user=request.user,
        origin=origin_of(request),
        result="failed" if "cause" in result or "refusal" in result else "ok",
        reason=result.get("cause", ""),
        name=found.name if found is not None else result.get("name", ""),
    )


# --- Break-glass ---------------------------------------------------------------------------


@never_cache
@require_GET
def break_glass(request: HttpRequest) -> HttpResponse:
    """Who comes in when the directory is down, and when that was last tried."""
    user: User = request.user  # type: ignore[assignment]
    access.check_may_see(user)
    return show_break_glass(request, BreakGlassForm())


def show_break_glass(
    request: HttpRequest, form: BreakGlassForm, status: int = 200
) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    context = {
        "form": form,
        "accounts": BreakGlassAccount.objects.select_related("user", "marked_by"),
        "directory": settings.DIRECTORY,
        "may_change": access.may_change_directory(user),
        "days": BreakGlassAccount.TEST_EVERY.days,
    }
    return render(request, "accounts/break_glass.html", context, status=status)


@require_POST
@require_fresh_factor
def add_break_glass(request: HttpRequest) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    access.check_may_change(user)
    form = BreakGlassForm(request.POST)
    if form.is_valid():
        try:
            account = mark_break_glass(
                acting_user=user, **form.cleaned_data, origin=origin_of(request)
            )
        except NotPossible as error:
            form.add_error("person", str(error.sentence))
        else:
            messages.success(
                request,
                _("%(person)s has a break-glass account. Try it once, soon.")
                % {"person": account},
            )
            return redirect("accounts:break_glass")
    return show_break_glass(request, form, status=422)


@require_POST
@require_fresh_factor
def remove_break_glass(request: HttpRequest, pk: int) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    account = access.break_glass_removable_by(user, pk)
    unmark_break_glass(
        acting_user=user,
        account=account,
        reason=request.POST.get("reason", ""),
        origin=origin_of(request),
    )
    messages.success(
        request,
        _("%(person)s has no break-glass account any more.") % {"person": account},
    )
    return redirect("accounts:break_glass")
