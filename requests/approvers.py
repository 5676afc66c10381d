"""Who is meant by the steps of a request: people by role at its site, or by named group."""

from __future__ import annotations

from collections.abc import Container, Iterable
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import (
    Action,
    at_sites_where,
    lenders_of,
    may,
    people_who_may,
)
from accessportal.accounts.models import RoleGrant, User
from accessportal.accounts.rights import forgotten_with, rights_of
from accessportal.plants.models import Site
from requests.models import (
    AccessRequest,
    ApproverGroup,
    ApproverGroupMember,
    AskedPeople,
    EmergencyLook,
    GroupDelegation,
    LaterStep,
)
from requests.policy.rules import GROUP, IT_SECURITY, OT_SUPERVISOR

ACTIONS = {
    OT_SUPERVISOR: Action.REQUEST_DECIDE,
    IT_SECURITY: Action.REQUEST_AGREE,
}
"""What somebody may do at the site who is asked by role, in their own right or a lent one."""


def steps_for(user: User, *, site: str = "access_request__site") -> Q:
    """The rows of `AskedPeople` whose people `user` is one of, at any site; `site`: the way
    from a row to its site."""
    meant = steps_for_groups(user)
    for who, action in ACTIONS.items():
        meant |= _meant(who=who) & at_sites_where(user, action, site)
    return meant


def steps_for_groups(user: User) -> Q:
    """Those that name a group of which `user` is one."""
    groups = groups_of(user)
    return _meant(who__in=_named(groups)) if groups else Q(pk__in=[])


def skipped_steps_for(user: User) -> Q:
    """The rows of `SkippedStep` whose people `user` is one of, at any site."""
    meant = skipped_steps_for_groups(user)
    for who, action in ACTIONS.items():
        there = at_sites_where(user, action, "look__access_request__site")
        meant |= Q(who=who) & there
    return meant


def skipped_steps_for_groups(user: User) -> Q:
    """Those that name a group of which `user` is one."""
    groups = groups_of(user)
    return Q(who__in=_named(groups)) if groups else Q(pk__in=[])


def places_for(user: User, steps: Iterable[AskedPeople], site: Site) -> frozenset[str]:
    """The steps, by their `who`, a place of which `user` may fill."""
    return frozenset(
        step.who
        for step in steps
        if any(is_one_of(user, who, site) for who in whos_of(step))
    )


def whos_of(step: AskedPeople) -> list[str]:
    """The step's people, and the deputy once called."""
    called = step.deputy and step.escalated_at is not None
    return [step.who, step.deputy] if called else [step.who]


def may_agree_somewhere(user: User) -> bool:
    """Whether a request can ask this person at all."""
    if user.vendor_id is not None or not user.is_active:
        return False
    by_role = any(may(user, action) for action in ACTIONS.values())
    return by_role or bool(groups_of(user))


def is_one_of(user: User, who: str, site: Site) -> bool:
    """Whether a person of the plant is meant by `who` at `site`."""
    if user.vendor_id is not None or not user.is_active:
        return False
    if who in ACTIONS:
        return may(user, ACTIONS[who], site)
    return group_pk(who) in groups_of(user)


def was_passed_over(user: User, access_request: AccessRequest) -> bool:
    """Whether the ordinary policy would have asked this person about an emergency."""
    look: EmergencyLook | None = getattr(access_request, "emergency_look", None)
    return look is not None and any(
        is_one_of(user, step.who, access_request.site) for step in look.skipped.all()
    )


def passed_over(look: EmergencyLook) -> list[User]:
    """Whom the ordinary policy would have asked, but who let somebody in themselves."""
    access_request = look.access_request
    people = {
        person.pk: person
        for step in look.skipped.all()
        for person in people_who_are(step.who, access_request.site)
    }
    decided = set(access_request.decisions.values_list("decided_by", flat=True))
    return [person for pk, person in people.items() if pk not in decided]


def people_who_are(
    who: str, site: Site, *, at: datetime | None = None
) -> QuerySet[User]:
    """The active people of the plant whom `who` means at `site`; `at` a moment to come, as far
    as it is known now."""
    if who in ACTIONS:
        return people_who_may(ACTIONS[who], site, at=at)
    people: QuerySet[User] = User.objects.active(at=at).plant_people()
    return people.filter(pk__in=_people_in([group_pk(who)], at=at))


def stand_ins_of(
    who: str, site: Site, *, at: datetime | None = None
) -> dict[int, User]:
    """Of those people, who is it in somebody's place alone (by id), and in whose."""
    if who in ACTIONS:
        return lenders_of(ACTIONS[who], site, at=at)
    own = ApproverGroupMember.objects.filter(group=group_pk(who)).values("person")
    lent = GroupDelegation.objects.in_force(at=at).filter(group=group_pk(who))
    return {
        one.delegate_id: one.delegator
        for one in lent.exclude(delegate__in=own).select_related("delegator")
    }


def people_asked(access_request: AccessRequest) -> list[User]:
    """Whose yes would help now: the people of the steps being asked, but those who gave it."""
    given = set(
        access_request.decisions.filter(round=access_request.round).values_list(
            "decided_by", flat=True
        )
    )
    return people_asked_by(
        access_request.steps.filter(asked=True), access_request.site, given
    )


def people_asked_by(
    steps: Iterable[AskedPeople], site: Site, given: Container[int | None]
) -> list[User]:
    """The people of these steps, but those (by id) who gave their yes already."""
    asked = {
        person.pk: person
        for step in steps
        for who in whos_of(step)
        for person in people_who_are(who, site)
    }
    return [person for pk, person in asked.items() if pk not in given]


def people_concerned(access_request: AccessRequest) -> list[User]:
    """Everybody whom the request asks, will ask, or has asked."""
    people = {
        person.pk: person
        for step in access_request.steps.all()
        for who in whos_of(step)
        for person in people_who_are(who, access_request.site)
    }
    return list(people.values())


def people_of_groups(access_request: AccessRequest) -> list[int]:
    """Ids of those whom its steps, or those of what is asked later, name by a group: no topic
    of a site reaches them."""
    later = LaterStep.objects.filter(
        wish__window__access_request=access_request, wish__state="pending"
    )
    groups = {
        group_pk(who)
        for step in [*access_request.steps.all(), *later]
        for who in whos_of(step)
        if who.startswith(GROUP)
    }
    if not groups:
        return []
    return list(_people_in(groups).values_list("pk", flat=True))


def who_words(who: str) -> str:
    """`OT supervisor`, `IT security`, or the group's name."""
    if who in ACTIONS:
        return str(RoleGrant.Role(who.removeprefix("role:")).label)
    group = ApproverGroup.objects.filter(pk=group_pk(who)).first()
    return group.name if group else _("a group that is gone")


def groups_of(user: User) -> frozenset[int]:
    """Ids of those that the person is one of, in their own right or in somebody's place."""
    if user.vendor_id is not None or not user.is_active:
        return frozenset()
    return rights_of(user).further(_groups_now)


def _groups_now(user: User) -> frozenset[int]:
    own = ApproverGroupMember.objects.filter(person=user)
    groups = set(own.order_by().values_list("group", flat=True))
    lent = GroupDelegation.objects.filter(delegate=user)
    # Whether who lent it is still one of the group costs more: rarely asked.
    if lent.running().exists():
        groups |= set(lent.in_force().values_list("group", flat=True))
    return frozenset(groups)


forgotten_with(ApproverGroupMember, GroupDelegation)


def _people_in(groups: Iterable[int], *, at: datetime | None = None) -> QuerySet[User]:
    """Whoever is one of these groups, in their own right or in somebody's place."""
    groups = list(groups)
    own = ApproverGroupMember.objects.filter(group__in=groups)
    lent = GroupDelegation.objects.in_force(at=at).filter(group__in=groups)
    people: QuerySet[User] = User.objects.filter(
        Q(pk__in=own.values("person")) | Q(pk__in=lent.values("delegate"))
    )
    return people


def _named(groups: Iterable[int]) -> list[str]:
    """Groups as steps name them."""
    return [f"{GROUP}{pk}" for pk in groups]


def group_pk(who: str) -> int:
    return int(who.removeprefix(GROUP))


def _meant(**lookup: object) -> Q:
    """Steps of these people; with those whose called deputies they are."""
    ((name, value),) = lookup.items()
    deputies = {name.replace("who", "deputy"): value}
    return Q(**{name: value}) | Q(**deputies, escalated_at__isnull=False)
