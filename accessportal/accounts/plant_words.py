"""Words that are no secret at this plant, and so make no password (ASVS 5.0, 6.1.2)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accessportal.accounts.models import User, Vendor

SHORTEST = 4
LEAST_LEFT = 8
"""So many letters and digits must be left of a password without the plant's words."""


class PlantWordsValidator:
    """Refuses a password that is little more than names of the plant: with a year behind it,
    that is the first that somebody tries who knows where the portal stands."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Raises `ValidationError`."""
        before = left = _plain(password)
        for word in sorted(plant_words(), key=len, reverse=True):
            left = left.replace(word, "")
        if left != before and len(left) < LEAST_LEFT:
            raise ValidationError(
                _(
                    "This is little more than names that everybody here knows: of the portal, "
                    "the site or a company. Choose other words."
                ),
                code="plant_words",
            )

    def get_help_text(self) -> str:
        return _("Not made of names that everybody at the plant knows.")


def plant_words() -> set[str]:
    """The words of the portal's name and address, and of those of sites and companies."""
    sites = apps.get_model("plants", "Site")
    names = [
        "Access Portal",
        urlsplit(settings.PUBLIC_URL).hostname or "",
        *sites.objects.values_list("name", flat=True),
        *Vendor.objects.values_list("name", flat=True),
    ]
    words = {_plain(word) for name in names for word in re.split(r"\W+", name)}
    return {word for word in words if len(word) >= SHORTEST}


def _plain(text: str) -> str:
    """Only letters and digits, without case."""
    return "".join(sign for sign in text.casefold() if sign.isalnum())
