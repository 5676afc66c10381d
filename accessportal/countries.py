"""From which country a network address comes, by a list that the plant provides.

`PORTAL_COUNTRY_LIST` names a CSV file: one `network,country` a line, as in
`203.0.113.0/24,NZ`; a line that begins with # is a note. The most specific network counts.
Nothing is asked of anybody outside; without a list nobody knows a country.
"""

from __future__ import annotations

import ipaddress
import logging
from functools import lru_cache
from pathlib import Path

from django.conf import settings

logger = logging.getLogger(__name__)

# Version and length of the prefix -> {the network's number without the host's bits: country}.
Networks = dict[tuple[int, int], dict[int, str]]


class CountryListError(ValueError):
    """A line of the list cannot be read; the message says which and why."""


def country_of(address: str) -> str:
    """The country as the list writes it; "" for one that is not in it, or without a list."""
    path = settings.COUNTRY_LIST
    if path is None:
        return ""
    try:
        asked = ipaddress.ip_address(address)
        networks = _networks(path, path.stat().st_mtime_ns)
    except (ValueError, OSError):
        # The list itself is looked at when the portal starts (accessportal.checks).
        return ""
    number, bits = int(asked), asked.max_prefixlen
    for (version, length), found in networks.items():
        if version == asked.version:
            country = found.get(number >> (bits - length))
            if country is not None:
                return country
    return ""


def read_country_list(path: Path) -> Networks:
    """The list, the longest prefixes first. Raises `CountryListError` and `OSError`."""
    networks: Networks = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            text, country = line.split(",")[:2]
            network = ipaddress.ip_network(text.strip())
        except ValueError as error:
            raise CountryListError(f"line {number}: {error}") from error
        if not country.strip():
            raise CountryListError(f"line {number}: there is no country")
        key = (network.version, network.prefixlen)
        bits = network.max_prefixlen - network.prefixlen
        networks.setdefault(key, {})[int(network.network_address) >> bits] = (
            country.strip()
        )
    return dict(sorted(networks.items(), key=lambda item: -item[0][1]))


@lru_cache(maxsize=2)
def _networks(path: Path, _changed_at: int) -> Networks:
    """Read once for each change of the file."""
    try:
        return read_country_list(path)
    except CountryListError:
        logger.exception("%s cannot be used", path)
        return {}
