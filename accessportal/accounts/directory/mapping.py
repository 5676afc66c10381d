"""Which group of the directory means which role where: data, kept by administrators."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accessportal import audit
from accessportal.accounts.directory.access import may_change_directory
from accessportal.accounts.directory.people import same_group
from accessportal.accounts.models import GroupMapping, User
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.origin import Origin

if TYPE_CHECKING:
    from accessportal.plants.models import Site


@transaction.atomic
def map_group(
    *, acting_user: User, group: str, role: str, site: Site | None, origin: Origin
) -> GroupMapping:
    """Let `group` mean `role` at `site` (None: at every site), from the next sign-in on.

    Raises `NotAllowed`, or `NotPossible` for no group or one that means this already.
    """
    group = group.strip()

    if not may_change_directory(acting_user):
        raise NotAllowed
    if not group:
        raise NotPossible(_("Please name the group."))
    already = _("This group has this role there already.")
    same = GroupMapping.objects.filter(role=role, site=site)
    if any(same_group(one.group) == same_group(group) for one in same):
        raise NotPossible(already)

    try:
        with transaction.atomic():
            mapping = GroupMapping.objects.create(
                group=group, role=role, site=site, mapped_by=acting_user
            )
    except IntegrityError:
        raise NotPossible(already) from None

    audit.record(
        "directory.mapping.added",
        acting_user=acting_user,
        subject=mapping,
        origin=origin,
        site=site,
        group=group,
        role=mapping.role,
    )
    return mapping


@transaction.atomic
def unmap_group(*, acting_user: User, mapping: GroupMapping, origin: Origin) -> None:
    """Let the group mean this no more, from each person's next sign-in on.

    Raises `NotAllowed` or `TooLate`.
    """
    if not may_change_directory(acting_user):
        raise NotAllowed

    deleted, _models = GroupMapping.objects.filter(pk=mapping.pk).delete()
    if not deleted:
        raise TooLate

    audit.record(
        "directory.mapping.removed",
        acting_user=acting_user,
        subject=mapping,
        origin=origin,
        site=mapping.site,
        group=mapping.group,
        role=mapping.role,
    )


def mappings_for(groups: Iterable[str]) -> list[GroupMapping]:
    """What these groups mean, one mapping for each role and site."""
    brought = {same_group(group) for group in groups}
    found = {
        (mapping.role, mapping.site_id): mapping
        for mapping in GroupMapping.objects.select_related("site")
        if same_group(mapping.group) in brought
    }
    return list(found.values())
