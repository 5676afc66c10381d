"""People of the plant: made from the command line, where the first one has to come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accessportal import audit
from accessportal.accounts.models import RoleGrant, User
from accessportal.errors import NotPossible
from accessportal.origin import SYSTEM, Origin

if TYPE_CHECKING:
    from accessportal.plants.models import Site


@transaction.atomic
def add_person_of_plant(
    *,
    email: str,
    full_name: str,
    password: str,
    role: RoleGrant.Role,
    site: Site | None,
    acting_user: User | None = None,
    origin: Origin = SYSTEM,
) -> User:
    """Make a person who holds `role` at `site` (None: at every site).

    The second factor is enrolled at the first sign-in. `acting_user` is None for whoever
    sits at the server. Raises `NotPossible` for an address that is in use, and
    `ValidationError` for a weak password.
    """
    if User.objects.filter(email=email.strip().lower()).exists():
        raise NotPossible(_("There is a person with this e-mail address already."))
    validate_password(password, User(email=email, full_name=full_name))

    user = User.objects.create_user(email, password, full_name=full_name.strip())
    grant = RoleGrant.objects.create(
        user=user, role=role, site=site, granted_by=acting_user
    )

    audit.record(
        "account.created", acting_user=acting_user, subject=user, origin=origin
    )
    audit.record(
        "role.granted",
        acting_user=acting_user,
        subject=user,
        origin=origin,
        site=site,
        role=grant.role,
    )
    return user
