"""Guarded fetches of people, vendors and invitations: 404 for what one may not know."""

from __future__ import annotations

from django.db.models import Count, Q, QuerySet

from accessportal.accounts.authorisation import Action, may
from accessportal.accounts.models import Invitation, User, Vendor
from accessportal.errors import NotAllowed, NotKnown


def vendors_visible_to(user: User) -> QuerySet[Vendor]:
    """Every vendor, for people of the plant who may see vendors."""
    if not may(user, Action.VENDOR_SEE):
        raise NotKnown
    return Vendor.objects.select_related("sponsor").annotate(
        active_people=Count(
            "people", filter=Q(people__disabled_at__isnull=True), distinct=True
        ),
        asset_count=Count("assets", distinct=True),
    )


def vendor_visible_to(user: User, slug: str) -> Vendor:
    vendor = vendors_visible_to(user).filter(slug=slug).first()
    if vendor is None:
        raise NotKnown
    return vendor


def vendor_invitable_by(user: User, slug: str) -> Vendor:
    """The vendor, for somebody who may invite its people."""
    vendor = vendor_visible_to(user, slug)
    if not may(user, Action.VENDOR_INVITE):
        raise NotAllowed
    return vendor


def vendor_suspendable_by(user: User, slug: str) -> Vendor:
    """The vendor, for somebody who may suspend it and let it in again."""
    vendor = vendor_visible_to(user, slug)
    if not may(user, Action.VENDOR_SUSPEND):
        raise NotAllowed
    return vendor


def invitation_revocable_by(user: User, slug: str, pk: int) -> Invitation:
    vendor = vendor_invitable_by(user, slug)
    invitation = vendor.invitations.filter(pk=pk).first()
    if invitation is None:
        raise NotKnown
    return invitation


def person_disablable_by(user: User, slug: str, pk: int) -> User:
    """A person of this vendor, for somebody who may end a person's access."""
    vendor = vendor_visible_to(user, slug)
    if not may(user, Action.VENDOR_SUSPEND):
        raise NotAllowed
    person = vendor.people.filter(pk=pk).first()
    if person is None:
        raise NotKnown
    return person
