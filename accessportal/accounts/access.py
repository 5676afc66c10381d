"""Guarded fetches of people, vendors and invitations: 404 for what one may not know."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accessportal.accounts.authorisation import Action, at_sites_where, may, sites_where
from accessportal.accounts.models import (
    ApiToken,
    FactorReset,
    FactorRule,
    Invitation,
    Passkey,
    PermissionOverride,
    RoleDelegation,
    RoleGrant,
    User,
    Vendor,
    WebSession,
)
from accessportal.accounts.services.factor_rules import may_change_rules
from accessportal.accounts.services.overrides import may_end
from accessportal.accounts.standing import may_everywhere, may_manage, may_mind
from accessportal.accounts.vendor_rights import (
    coordinates,
    may_invite,
    may_report_leaver,
    may_see_vendor,
    may_suspend,
    may_vouch,
)
from accessportal.errors import NotAllowed, NotKnown
from accessportal.known import known

NOT_ALL_SITES = _(
    "This concerns sites at which you have no role, too: somebody who has one there, or "
    "everywhere, has to do it. At your own site you can end sessions and isolate the site."
)


def vendors_visible_to(user: User) -> QuerySet[Vendor]:
    """Every vendor, for people of the plant who may see vendors; a sponsor sees their own."""
    vendors = Vendor.objects.select_related("sponsor").annotate(
        active_people=Count(
            "people", filter=Q(people__disabled_at__isnull=True), distinct=True
        ),
        asset_count=Count(
            "assets",
            filter=at_sites_where(user, Action.PLANT_SEE, "assets__zone__site")
            | Q(sponsor=user),
            distinct=True,
        ),
    )
    if may(user, Action.VENDOR_SEE):
        return vendors
    own = vendors.filter(sponsor=user)
    if user.vendor_id is not None or not user.is_active or not own.exists():
        raise NotKnown
    return own


def vendor_visible_to(user: User, slug: str) -> Vendor:
    return known(vendors_visible_to(user).filter(slug=slug))


def assets_visible_to(user: User, vendor: Vendor) -> QuerySet[Any]:
    """The machines a vendor services, where `user` may see machines; a sponsor sees all."""
    assets = vendor.assets.select_related("zone__site")
    if vendor.sponsor_id != user.pk:
        assets = assets.filter(at_sites_where(user, Action.PLANT_SEE, "zone__site"))
    found: QuerySet[Any] = assets.order_by("zone__site__name", "name")
    return found


def vendor_addable_by(user: User) -> User:
    """Somebody who may add vendors."""
    if not may(user, Action.VENDOR_CHANGE):
        raise NotAllowed
    return user


def vendor_changeable_by(user: User, slug: str) -> Vendor:
    vendor = vendor_visible_to(user, slug)
    if not may(user, Action.VENDOR_CHANGE):
        raise NotAllowed
    return vendor


def vendor_invitable_by(user: User, slug: str) -> Vendor:
    """The vendor, for somebody of the plant who may invite its people."""
    vendor = vendor_visible_to(user, slug)
    if not may_invite(user, vendor):
        raise NotAllowed
    return vendor


def vendor_suspendable_by(user: User, slug: str) -> Vendor:
    """The vendor, for somebody who may suspend it and let it in again."""
    vendor = vendor_visible_to(user, slug)
    if not may_suspend(user, vendor):
        raise NotAllowed(NOT_ALL_SITES if may(user, Action.VENDOR_SUSPEND) else None)
    return vendor


def invitation_revocable_by(user: User, slug: str, pk: int) -> Invitation:
    return _invitation_of(vendor_invitable_by(user, slug), pk)


def person_disablable_by(user: User, slug: str, pk: int) -> User:
    """A person of this vendor, for somebody who may end a person's access."""
    vendor = vendor_visible_to(user, slug)
    if not may_suspend(user, vendor):
        raise NotAllowed(NOT_ALL_SITES if may(user, Action.VENDOR_SUSPEND) else None)
    return _person_of(vendor, pk)


def vendor_person_visible_to(user: User, slug: str, pk: int) -> User:
    """A person of this vendor, for people of the plant who see the vendor."""
    return _person_of(vendor_visible_to(user, slug), pk)


def person_vouchable_by(user: User, slug: str, pk: int) -> User:
    """A person of this vendor, for its sponsor or an administrator."""
    vendor = vendor_visible_to(user, slug)
    if not may_vouch(user, vendor):
        raise NotAllowed
    return _person_of(vendor, pk)


def leaver_reportable_by(user: User, pk: int) -> User:
    """A vendor's person, for whoever may report that they have left.

    The plant's people who see the vendor, and colleagues, know that the person exists.
    """
    person: User | None = (
        User.objects.filter(pk=pk, vendor__isnull=False)
        .select_related("vendor__sponsor")
        .first()
    )
    if person is None or person.vendor is None:
        raise NotKnown
    if user.vendor_id != person.vendor_id and not may_see_vendor(user, person.vendor):
        raise NotKnown
    if not may_report_leaver(user, person.vendor):
        raise NotAllowed
    return person


# --- A company's own page ---------------------------------------------------------------


def company_of(user: User) -> Vendor:
    """The company whose people this coordinator looks after."""
    if user.vendor is None or not coordinates(user, user.vendor):
        raise NotAllowed
    return user.vendor


def own_invitation_revocable_by(user: User, pk: int) -> Invitation:
    """An invitation for the coordinator's own company."""
    return _invitation_of(company_of(user), pk)


def _invitation_of(vendor: Vendor, pk: int) -> Invitation:
    return known(vendor.invitations.filter(pk=pk))


def _person_of(vendor: Vendor, pk: int) -> User:
    return known(vendor.people.select_related("vendor").filter(pk=pk))


# --- Who may do what ------------------------------------------------------------------


def reads_permissions(user: User) -> User:
    """Refuses who may not read the table of permissions and who has them."""
    if not may(user, Action.PERMISSION_SEE):
        raise NotAllowed
    return user


def minds_delegations(user: User) -> User:
    """A person of the plant: who holds a role may lend it, anybody may have one lent."""
    if user.vendor_id is not None:
        raise NotAllowed
    return user


def delegations_of(user: User) -> QuerySet[RoleDelegation]:
    """Those a person gave or received, the newest first."""
    minds_delegations(user)
    return RoleDelegation.objects.filter(
        Q(delegator=user) | Q(delegate=user)
    ).select_related("delegator", "delegate", "site", "ended_by")


def delegation_endable_by(user: User, pk: int) -> RoleDelegation:
    """One's own, given or received; whether it is over is for the verb to say."""
    return known(delegations_of(user).filter(pk=pk))


def minds_overrides(user: User) -> User:
    """Who may grant one or is shown them, and anybody of the plant who has one."""
    if user.vendor_id is None and (
        may(user, Action.OVERRIDE_GRANT)
        or may(user, Action.OVERRIDE_SEE)
        or user.overrides_received.exists()
    ):
        return user
    raise NotAllowed


def overrides_visible_to(user: User) -> QuerySet[PermissionOverride]:
    """Those at the sites where a person may grant or is shown them, and their own."""
    minds_overrides(user)
    sites = sites_where(user, Action.OVERRIDE_GRANT) | sites_where(
        user, Action.OVERRIDE_SEE
    )
    return PermissionOverride.objects.filter(
        Q(site__in=sites) | Q(granted_to=user) | Q(granted_by=user)
    ).select_related("granted_by", "granted_to", "site", "ended_by")


def override_endable_by(user: User, pk: int) -> PermissionOverride:
    """An override that a person sees; whether it may be ended is for the verb to say."""
    override = known(overrides_visible_to(user).filter(pk=pk))
    if not may_end(user, override):
        raise NotAllowed
    return override


def manages_tokens(user: User) -> User:
    if not may(user, Action.TOKEN_MANAGE):
        raise NotAllowed
    return user


def tokens_of(user: User) -> QuerySet[ApiToken]:
    """Every token, for those who mind them: whoever finds a leak must be able to stop it."""
    manages_tokens(user)
    return ApiToken.objects.select_related("owner", "revoked_by").prefetch_related(
        "sites"
    )


def token_manageable_by(user: User, pk: int) -> ApiToken:
    return known(tokens_of(user).filter(pk=pk))


def colleagues_of(user: User) -> QuerySet[User]:
    """To whom a right may be lent: active people of the plant, but oneself."""
    minds_delegations(user)
    colleagues: QuerySet[User] = User.objects.active().plant_people()
    return colleagues.exclude(pk=user.pk).order_by("full_name")


# --- People ---------------------------------------------------------------------------


def people_visible_to(user: User) -> QuerySet[User]:
    """Vendors' people, and those of the plant at the sites of whoever looks after people.

    Somebody who does so at some sites knows of nobody who works at other sites only.
    """
    if user.vendor_id is not None:
        raise NotKnown
    if not may(user, Action.PEOPLE_SEE):
        raise NotAllowed
    people: QuerySet[User] = User.objects.select_related("vendor").prefetch_related(
        "role_grants__site"
    )
    if may_everywhere(user, Action.PEOPLE_SEE):
        return people
    here = sites_where(user, Action.PEOPLE_SEE)
    roles = RoleGrant.objects.filter(user=OuterRef("pk"))
    return people.filter(
        Q(vendor__isnull=False)
        | Exists(roles.filter(Q(site__in=here) | Q(site__isnull=True)))
        | ~Exists(roles)
    )


def person_visible_to(user: User, pk: int) -> User:
    return known(people_visible_to(user).filter(pk=pk))


def person_manageable_by(user: User, pk: int) -> User:
    """A person whose access this user may end and give back."""
    person = person_visible_to(user, pk)
    if not may_manage(user, person):
        raise NotAllowed
    return person


def person_movable_by(user: User, pk: int) -> User:
    """A person to whom this user may give roles; at which site, the verb decides."""
    person = person_visible_to(user, pk)
    if not may(user, Action.PEOPLE_CHANGE):
        raise NotAllowed
    return person


def grant_revocable_by(user: User, pk: int, grant_pk: int) -> RoleGrant:
    person = person_movable_by(user, pk)
    return known(person.role_grants.select_related("site").filter(pk=grant_pk))


def employees_invitable_by(user: User) -> QuerySet[Invitation]:
    """The invitations of people of the plant, for somebody who may send and take them back."""
    if user.vendor_id is not None:
        raise NotKnown
    if not may(user, Action.PEOPLE_CHANGE):
        raise NotAllowed
    invitations = Invitation.objects.filter(vendor__isnull=True)
    if may_everywhere(user, Action.PEOPLE_CHANGE):
        return invitations
    here = sites_where(user, Action.PEOPLE_CHANGE)
    return invitations.filter(roles__site__in=here).distinct()


def colleague_invitation_revocable_by(user: User, pk: int) -> Invitation:
    return known(employees_invitable_by(user).filter(pk=pk))


# --- Signing in: one's own, and for those who mind it --------------------------------


def person_minded_by(user: User, pk: int) -> User:
    """Somebody of the plant or of a vendor, for who may end devices and factors of people at
    every site that concerns this person."""
    if user.vendor_id is not None:
        raise NotKnown
    if not may(user, Action.VENDOR_SUSPEND):
        raise NotAllowed
    person = person_visible_to(user, pk)
    if person.pk != user.pk and not may_mind(user, person):
        raise NotAllowed(NOT_ALL_SITES)
    return person


def device_of_person(user: User, person_pk: int, pk: int) -> WebSession:
    """A browser in which somebody is signed in, or was, for who may end that."""
    return _device(person_minded_by(user, person_pk), pk)


def own_device(user: User, pk: int) -> WebSession:
    """A browser in which the person themselves is signed in, or was."""
    return _device(user, pk)


def own_passkey(user: User, pk: int) -> Passkey:
    """One of a person's own passkeys."""
    return known(Passkey.objects.filter(user=user, pk=pk))


def factor_reset_of(user: User, person_pk: int, pk: int) -> FactorReset:
    """A wish to take somebody's second factor away, for who may decide on it."""
    person = person_minded_by(user, person_pk)
    return known(
        person.factor_resets.select_related("asked_by", "person").filter(pk=pk)
    )


def _device(person: User, pk: int) -> WebSession:
    return known(person.web_sessions.select_related("user").filter(pk=pk))


def factor_rules_visible_to(user: User) -> QuerySet[FactorRule]:
    """The rules about second factors, for who may change some."""
    if not may(user, Action.FACTOR_RULES):
        raise NotAllowed
    return FactorRule.objects.select_related("site", "set_by")


def factor_rule_changeable_by(user: User, pk: int) -> FactorRule:
    rule = known(factor_rules_visible_to(user).filter(pk=pk))
    if not may_change_rules(user, rule.site):
        raise NotAllowed
    return rule
