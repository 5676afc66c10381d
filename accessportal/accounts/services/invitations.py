"""Inviting people, of a vendor or of the plant, by a link that works once, for one address."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.db import IntegrityError, models, transaction
from django.urls import reverse
from django.utils import dateformat, timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from accessportal import audit
from accessportal.accounts.authorisation import Action, may
from accessportal.accounts.models import (
    Invitation,
    InvitedRole,
    RoleGrant,
    User,
    Vendor,
)
from accessportal.accounts.notice import NOTICE_VERSION, note_acceptance
from accessportal.accounts.passkeys import NewPasskey, keep_passkey
from accessportal.accounts.services.vendor_people import tell_company, who_vouches_for
from accessportal.accounts.vendor_rights import may_invite
from accessportal.errors import NotAllowed, NotKnown, NotPossible, TooLate
from accessportal.notifications import notify, send_mail_to
from accessportal.origin import SYSTEM, Origin

if TYPE_CHECKING:
    from accessportal.plants.models import Site

USED = _(
    "This invitation has already been used. Sign in with the passkey or the password that you "
    "chose then."
)
REVOKED = _(
    "This invitation was taken back. Ask the person who invited you for a new one."
)
EXPIRED = _(
    "This invitation has expired. Ask the person who invited you for a new one."
)
UNKNOWN = _(
    "This invitation link is not valid. Check that you copied all of it from the mail."
)


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def invite_person(
    *,
    acting_user: User,
    vendor: Vendor,
    email: str,
    full_name: str,
    language: str,
    origin: Origin,
) -> Invitation:
    """Mail an invitation; an older one to the same address for the same vendor is taken back.

    Raises `NotAllowed` and, with the reason, `NotPossible` (vendor not active, the address
    belongs to an account already).
    """
    now = timezone.now()
    vendor = Vendor.objects.select_for_update().get(pk=vendor.pk)

    if not may_invite(acting_user, vendor):
        raise NotAllowed
    if not vendor.is_active_at(now):
        raise NotPossible(
            _(
                "%(vendor)s is suspended or its contract has ended; nobody can be invited for it."
            )
            % {"vendor": vendor},
            code="vendor_not_active",
        )

    return send_invitation(
        "invitation",
        acting_user=acting_user,
        vendor=vendor,
        email=email,
        full_name=full_name,
        language=language,
        origin=origin,
        facts={"vendor": vendor.name},
    )


def send_invitation(
    kind: str,
    *,
    acting_user: User,
    vendor: Vendor | None,
    email: str,
    full_name: str,
    language: str,
    origin: Origin,
    facts: dict[str, Any],
    roles: Iterable[tuple[str, Site | None]] = (),
    access_expires_at: datetime | None = None,
) -> Invitation:
    """What all invitations have in common: change, record, announce; the caller guards who.

    kind, facts: of the mail. An older one to the same address for the same company is taken
    back. Raises `NotPossible` when the address belongs to an account.
    """
    now = timezone.now()
    email = email.strip().lower()

    if User.objects.filter(email=email).exists():
        raise NotPossible(
            _("%(email)s already has an account. One person has one account.")
            % {"email": email},
            code="account_exists",
        )

    for older in Invitation.objects.open(at=now).filter(email=email, vendor=vendor):
        _take_back(older, acting_user=acting_user, origin=origin, reason="replaced")
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        email=email,
        full_name=full_name.strip(),
        language=language,
        vendor=vendor,
        access_expires_at=access_expires_at,
        token_hash=token_hash(token),
        invited_by=acting_user,
        invited_at=now,
        expires_at=now + timedelta(hours=settings.INVITATION_HOURS),
    )
    invited_roles = [
        InvitedRole(invitation=invitation, role=role, site=site) for role, site in roles
    ]
    InvitedRole.objects.bulk_create(invited_roles)

    audit.record(
        "account.invited",
        acting_user=acting_user,
        subject=invitation,
        origin=origin,
        email=email,
        vendor=vendor.name if vendor is not None else "",
        roles=[str(role) for role in invited_roles],
        expires_at=invitation.expires_at,
    )

    send_mail_to(
        email,
        kind,
        language=language,
        path=reverse("accounts:invitation", args=[token]),
        invited_by=acting_user.full_name,
        expires=lambda: (
            dateformat.format(
                invitation.expires_at, pgettext("date format", "D j M Y, H:i")
            )
            + " UTC"
        ),
        **facts,
    )
    return invitation


def _take_back(
    invitation: Invitation, *, acting_user: User, origin: Origin, reason: str
) -> None:
    changed = (
        Invitation.objects.open()
        .filter(pk=invitation.pk)
        .update(revoked_at=timezone.now(), revoked_by=acting_user)
    )
    if changed != 1:
        raise TooLate(_("This invitation is not open any more."))
    invitation.refresh_from_db()
    audit.record(
        "invitation.revoked",
        acting_user=acting_user,
        subject=invitation,
        origin=origin,
        reason=reason,
    )


@transaction.atomic
def revoke_invitation(
    *, acting_user: User, invitation: Invitation, origin: Origin
) -> None:
    """Make an open invitation's link worthless. Raises `NotAllowed` or `TooLate`."""
    vendor = invitation.vendor
    if not (
        may(acting_user, Action.PEOPLE_CHANGE)
        if vendor is None
        else may_invite(acting_user, vendor)
    ):
        raise NotAllowed

    _take_back(invitation, acting_user=acting_user, origin=origin, reason="taken back")


def take_back_for_leaver(person: User, *, acting_user: User, origin: Origin) -> int:
    """Take back what is open to a leaver's address, or was sent by the leaver; how many.

    Part of reporting a leaver, which guards who may do that.
    """
    of_leaver = models.Q(email=person.email) | models.Q(invited_by=person)
    count = 0
    for invitation in Invitation.objects.open().filter(of_leaver).order_by("pk"):
        _take_back(invitation, acting_user=acting_user, origin=origin, reason="left")
        count += 1
    return count


def invitation_for(token: str, *, origin: Origin) -> Invitation:
    """The open invitation of a link. Raises `NotKnown` or `TooLate` with the reason.

    A link that is not valid is an event of its own.
    """
    invitation = (
        Invitation.objects.select_related("vendor", "invited_by")
        .filter(token_hash=token_hash(token))
        .first()
    )
    if invitation is None:
        audit.record(
            "auth.token.rejected", origin=origin, result="refused", kind="invitation"
        )
        raise NotKnown(UNKNOWN)
    try:
        check_open(invitation)
    except TooLate:
        audit.record(
            "auth.token.rejected",
            subject=invitation,
            origin=origin,
            result="refused",
            kind="invitation",
        )
        raise
    return invitation


def check_open(invitation: Invitation) -> None:
    """Raises `TooLate` unless the invitation is unused, not taken back, not expired."""
    if invitation.accepted_at is not None:
        raise TooLate(USED, code="invitation_used")
    if invitation.revoked_at is not None:
        raise TooLate(REVOKED, code="invitation_revoked")
    if invitation.expires_at <= timezone.now():
        raise TooLate(EXPIRED, code="invitation_expired")
    if invitation.vendor is not None and not invitation.vendor.active:
        raise TooLate(REVOKED, code="vendor_not_active")
    if invitation.vendor is None and not invitation.invited_by.is_active:
        # Roles that somebody handed out who has left meanwhile.
        raise TooLate(REVOKED, code="inviter_not_active")


def check_accepts(
    invitation: Invitation, *, email: str, notice_version: str, origin: Origin
) -> None:
    """The link alone is not enough: the address must match too, and the notice be accepted.

    Raises `NotPossible`; another address is an event of its own.
    """
    if email.strip().lower() != invitation.email:
        audit.record(
            "auth.token.rejected",
            subject=invitation,
            origin=origin,
            result="refused",
            kind="invitation",
            other_address=True,
        )
        raise NotPossible(
            _("This is not the address the invitation was sent to."),
            code="other_address",
        )
    if invitation.vendor is not None and notice_version != NOTICE_VERSION:
        raise NotPossible(
            _("Please read and accept the notice about the recording first."),
            code="notice_not_accepted",
        )


def may_join_by_passkey(invitation: Invitation) -> bool:
    """Whether a passkey alone is enough to join with (decisions 0067 and 0095): where the plant
    has a directory, its people come by that, and a local password is for break-glass accounts."""
    return invitation.vendor_id is not None or settings.DIRECTORY is None


def accept_invitation(
    *,
    invitation: Invitation,
    email: str,
    full_name: str,
    password: str = "",
    passkey: NewPasskey | None = None,
    language: str,
    time_zone: str,
    notice_version: str,
    origin: Origin,
) -> User:
    """Make the person's account, with a password or with a passkey and no password.

    `notice_version`: of the notice that a vendor's person accepted; the sponsor is asked to
    confirm that person.
    Raises `NotPossible` (another address, a passkey that is known or not enough here),
    `TooLate` (used, taken back, expired) or `ValidationError` (weak password).
    """
    check_accepts(invitation, email=email, notice_version=notice_version, origin=origin)
    try:
        return _accept(
            invitation,
            full_name=full_name,
            password=password,
            passkey=passkey,
            language=language,
            time_zone=time_zone,
            notice_version=notice_version,
            origin=origin,
        )
    except IntegrityError:
        raise TooLate(USED, code="invitation_used") from None


@transaction.atomic
def _accept(
    invitation: Invitation,
    *,
    full_name: str,
    password: str,
    passkey: NewPasskey | None,
    language: str,
    time_zone: str,
    notice_version: str,
    origin: Origin,
) -> User:
    invitation = (
        Invitation.objects.select_for_update(of=("self",))
        .select_related("vendor__sponsor", "invited_by")
        .get(pk=invitation.pk)
    )

    check_open(invitation)
    if passkey is None:
        validate_password(password, User(email=invitation.email, full_name=full_name))
    elif not may_join_by_passkey(invitation):
        raise NotPossible(
            _("Please choose a password; a passkey can be your second factor."),
            code="password_needed",
        )

    user = User.objects.create_user(
        invitation.email,
        password if passkey is None else None,
        full_name=full_name.strip(),
        vendor=invitation.vendor,
        language=language,
        time_zone=time_zone,
        expires_at=invitation.access_expires_at,
    )
    changed = (
        Invitation.objects.open()
        .filter(pk=invitation.pk)
        .update(accepted_at=timezone.now(), accepted_by=user)
    )
    if changed != 1:
        raise TooLate(USED, code="invitation_used")

    audit.record(
        "account.created",
        acting_user=user,
        subject=user,
        origin=origin,
        vendor=invitation.vendor.name if invitation.vendor is not None else "",
        invited_by=invitation.invited_by_id,
    )
    if passkey is not None:
        keep_passkey(passkey, acting_user=user, origin=origin)
    for invited in invitation.roles.select_related("site"):
        grant = RoleGrant.objects.create(
            user=user,
            role=invited.role,
            site=invited.site,
            granted_by=invitation.invited_by,
        )
        audit.record(
            "role.granted",
            acting_user=invitation.invited_by,
            subject=user,
            origin=SYSTEM,
            site=invited.site,
            role=grant.role,
            by="invitation",
        )
    if invitation.vendor is not None:
        _welcome(user, invitation, invitation.vendor, notice_version, origin)
    return user


def _welcome(
    user: User, invitation: Invitation, vendor: Vendor, version: str, origin: Origin
) -> None:
    """What a vendor's person has accepted, and who has to confirm them."""
    note_acceptance(user, version)
    audit.record(
        "notice.accepted",
        acting_user=user,
        subject=user,
        origin=origin,
        version=version,
    )
    notify(
        who_vouches_for(vendor),
        "person.joined",
        path=reverse("accounts:vendor", args=[vendor.slug]),
        person=user.full_name,
        email=user.email,
        inviter=invitation.invited_by.full_name,
        vendor=vendor.name,
    )
    tell_company(vendor, user)
