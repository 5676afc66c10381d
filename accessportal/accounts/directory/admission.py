"""From the directory's answer to a person of the portal with the roles of their groups.

It takes the place of the right password and of nothing more: whoever is admitted is asked
for the portal's own second factor next, or sets one up.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accessportal import audit
from accessportal.accounts.directory.access import may_change_directory
from accessportal.accounts.directory.mapping import mappings_for
from accessportal.accounts.directory.people import DirectoryPerson, DirectoryRefused
from accessportal.accounts.models import DirectoryIdentity, RoleGrant, User
from accessportal.accounts.services.lost_roles import role_was_lost
from accessportal.accounts.signals import tell_standing
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.origin import Origin

NO_GROUP = _(
    "You are known in the plant's directory, but none of your groups has a role in Access "
    "Portal. Ask an administrator of the portal, or whoever looks after the directory."
)
ENDED = _(
    "Your access to Access Portal has ended. An administrator of the portal can help."
)
VENDORS_PERSON = _(
    "Your e-mail address belongs to a person of a service company, who signs in with a "
    "password. An administrator of the portal can help."
)
OTHER_ACCOUNT = _(
    "Your e-mail address is already linked to another account of the directory. An "
    "administrator of the portal can undo that link."
)
NO_ADDRESS = _("The plant's directory has no valid e-mail address for you.")
NOT_VERIFIED = _(
    "The plant's directory does not confirm your e-mail address, so Access Portal cannot "
    "tell who you are. Ask whoever looks after the directory."
)


@dataclass(frozen=True)
class _No:
    """Why nobody is admitted; raised after what was found out is kept."""

    sentence: object
    cause: str
    person: User | None = None


def admit(found: DirectoryPerson, *, origin: Origin) -> User:
    """The person whom the directory proved, with the roles of today's groups.

    A stable id finds who came before. Otherwise a verified address finds somebody of the
    plant, once; or makes a new person, when a group has a role. Roles that came from the
    directory are added and taken away to match; roles given by hand stay.
    Raises `DirectoryRefused` with the reason; the refusal is in the trail.
    """
    try:
        answer = _admit(found, origin)
    except IntegrityError:  # the same person in a second browser was first
        answer = _admit(found, origin)
    if isinstance(answer, _No):
        raise DirectoryRefused(answer.sentence, answer.cause)
    return answer


@transaction.atomic
def _admit(found: DirectoryPerson, origin: Origin) -> User | _No:
    mappings = mappings_for(found.groups)
    answer = _known(found) or _by_address(found, origin, may_join=bool(mappings))
    person = answer.person if isinstance(answer, _No) else answer

    if person is not None and person.vendor_id is None:
        _match_roles(person, {(one.role, one.site_id): one for one in mappings}, origin)
    if isinstance(answer, User) and not mappings:
        answer = _No(NO_GROUP, "no_group", answer)

    if isinstance(answer, _No):
        audit.record(
            "directory.refused",
            acting_user=answer.person,
            subject=answer.person,
            origin=origin,
            result="refused",
            reason=answer.cause,
            name=found.name,
            groups=len(found.groups),
        )
    return answer


def _known(found: DirectoryPerson) -> User | _No | None:
    """Who came with this id before."""
    identity = (
        DirectoryIdentity.objects.select_for_update(of=("self",))
        .select_related("user")
        .filter(namespace=found.namespace, subject=found.subject)
        .first()
    )
    if identity is None:
        return None
    identity.name, identity.groups = found.name[:500], list(found.groups)
    identity.seen_at = timezone.now()
    identity.save(update_fields=["name", "groups", "seen_at"])
    return _unless_barred(identity.user)


def _unless_barred(person: User) -> User | _No:
    if person.vendor_id is not None:
        return _No(VENDORS_PERSON, "vendors_person", person)
    if not person.is_active:
        return _No(ENDED, "not_active", person)
    return person


def _by_address(
    found: DirectoryPerson, origin: Origin, *, may_join: bool
) -> User | _No:
    """Who has this verified address, now linked for good; or a new person of the plant."""
    email = found.email.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        return _No(NO_ADDRESS, "no_address")
    if not found.email_verified:
        return _No(NOT_VERIFIED, "address_not_verified")

    person = User.objects.select_for_update().filter(email=email).first()
    if person is None and not may_join:
        return _No(NO_GROUP, "no_group")
    if person is None:
        person = User.objects.create_user(
            email, None, full_name=found.full_name.strip()[:120] or email
        )
        audit.record(
            "account.created",
            acting_user=person,
            subject=person,
            origin=origin,
            by="directory",
        )
    answer = _unless_barred(person)
    return _link(person, found, origin) if isinstance(answer, User) else answer


def _link(person: User, found: DirectoryPerson, origin: Origin) -> User | _No:
    """Tie the person to this account of the directory; one of a former directory goes."""
    former = DirectoryIdentity.objects.filter(user=person).first()
    if former is not None and former.namespace == found.namespace:
        return _No(OTHER_ACCOUNT, "linked_already", person)
    if former is not None:
        former.delete()
    DirectoryIdentity.objects.create(
        user=person,
        namespace=found.namespace,
        subject=found.subject,
        name=found.name[:500],
        groups=list(found.groups),
    )
    audit.record(
        "directory.linked",
        acting_user=person,
        subject=person,
        origin=origin,
        directory=found.namespace,
        account=found.subject,
        name=found.name,
        former=former.namespace if former is not None else "",
    )
    return person


def _match_roles(
    person: User, wanted: dict[tuple[str, int | None], object], origin: Origin
) -> None:
    """Give and take the roles that come from the directory; those given by hand stay."""
    grants = list(RoleGrant.objects.select_for_update(of=("self",)).filter(user=person))
    there = {(grant.role, grant.site_id): grant for grant in grants}
    gone = [
        grant
        for key, grant in there.items()
        if grant.source == RoleGrant.Source.DIRECTORY and key not in wanted
    ]
    new = [mapping for key, mapping in wanted.items() if key not in there]

    for grant in gone:
        grant.delete()
        _record_role("role.revoked", person, grant, origin)
    for mapping in new:
        grant = RoleGrant.objects.create(
            user=person,
            role=mapping.role,  # type: ignore[attr-defined]
            site=mapping.site,  # type: ignore[attr-defined]
            source=RoleGrant.Source.DIRECTORY,
        )
        _record_role("role.granted", person, grant, origin, group=mapping.group)  # type: ignore[attr-defined]

    if new:
        tell_standing(person)
    for grant in gone:  # after the new ones: who moves has a role all the time
        role_was_lost(person, grant.role, acting_user=None, origin=origin)


def _record_role(
    event: str, person: User, grant: RoleGrant, origin: Origin, **detail: str
) -> None:
    audit.record(
        event,
        subject=person,
        origin=origin,
        site=grant.site,
        role=grant.role,
        source="directory",
        **detail,
    )


@transaction.atomic
def unlink_identity(
    *, acting_user: User, identity: DirectoryIdentity, reason: str, origin: Origin
) -> None:
    """Forget which account of the directory a person is; its roles go with it.

    The next sign-in with a verified address links anew. Raises `NotAllowed`, `NotPossible`
    (no reason) or `TooLate`.
    """
    if not may_change_directory(acting_user):
        raise NotAllowed
    if not reason.strip():
        raise NotPossible(_("Please say why: the audit trail will need it."))

    deleted, _models = DirectoryIdentity.objects.filter(pk=identity.pk).delete()
    if not deleted:
        raise TooLate
    _match_roles(identity.user, {}, origin)

    audit.record(
        "directory.unlinked",
        acting_user=acting_user,
        subject=identity.user,
        origin=origin,
        reason=reason.strip()[:500],
        directory=identity.namespace,
        account=identity.subject,
    )


def directory_is_used() -> bool:
    """Whether employees of this plant sign in through a directory."""
    return settings.DIRECTORY is not None
