"""Speaking to a server elsewhere: only to hosts that the plant allowed, and never for long.

A plant has no way out by default, and an address that somebody typed, or a browser sent,
must not become a way in (SSRF, OWASP ASVS 5.0 1.3.6). So: https only; the host is on the
installation's list; its name is looked up once, every address it has must be a fair one, and
the connection goes to that very address (a name that changes in between leads nowhere else);
no redirect is followed; an answer has a deadline and a size. Private addresses are fair: what
a plant talks to is mostly its own. Loopback and link-local never are, unless
PORTAL_OUTWARD_LOOPBACK says so (tests, and a gateway on the same machine).
"""

from __future__ import annotations

import ipaddress
import logging
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

import httpx2
from django.conf import settings
from django.utils.translation import gettext as _

from accessportal.accounts.directory.bounded_http import client_options
from accessportal.errors import NotPossible

logger = logging.getLogger(__name__)

MAX_ADDRESS = 1000


class Unreachable(Exception):
    """The server did not answer, or is none that we may speak to; says why."""


def guard_address(address: str, hosts: Collection[str]) -> None:
    """Raises `NotPossible`, with a sentence, for an address that nothing may be sent to.

    `hosts`: `name`, `name:port`, or `.name` for everything below it.
    """
    parts = _parts_of(address)
    if parts is None:
        raise NotPossible(
            _("This is no address of the form https://host/path."),
            code="address_malformed",
        )
    scheme, host, port = parts
    if scheme != "https" and not (settings.OUTWARD_LOOPBACK and _is_loopback(host)):
        raise NotPossible(_("Only https:// is possible."), code="not_https")
    if not is_listed(host, port, hosts):
        raise NotPossible(
            _(
                "The plant's portal may not speak to %(host)s. Whoever runs the portal has to "
                "allow it first."
            )
            % {"host": host},
            code="host_not_allowed",
        )


def is_listed(host: str, port: int, hosts: Collection[str]) -> bool:
    for listed in hosts:
        name, _colon, wanted = listed.lower().partition(":")
        if port != int(wanted or 443) and not (
            settings.OUTWARD_LOOPBACK and not wanted and _is_loopback(host)
        ):
            continue
        if host == name or (name.startswith(".") and host.endswith(name)):
            return True
    return False


def post(
    address: str, *, content: bytes, headers: dict[str, str], hosts: Collection[str]
) -> httpx2.Response:
    """Send once, and return the answer whatever its status. Raises `Unreachable`."""
    try:
        guard_address(address, hosts)
    except NotPossible as error:
        raise Unreachable(str(error)) from error
    options = client_options(
        ca_file=settings.OUTWARD_CA_FILE, proxy=settings.OUTWARD_PROXY
    )
    url, more = httpx2.URL(address), {}
    headers = {**headers, "Host": url.netloc.decode()}
    try:
        if not settings.OUTWARD_PROXY:  # a proxy looks names up by itself
            more = {"sni_hostname": url.host}
            url = url.copy_with(host=_fair_address(url.host, url.port or 443))
        with httpx2.Client(**options) as client:
            return client.post(url, content=content, headers=headers, extensions=more)
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        logger.warning("%s: %s: %s", url.host, type(error).__name__, error)
        raise Unreachable(_why(error)) from error


def _why(error: Exception) -> str:
    """A sentence for people; the error's own words are in the log."""
    if isinstance(error, httpx2.TimeoutException):
        return _("The server did not answer in time.")
    if isinstance(error, socket.gaierror):
        return _("Nobody knows the name of the server.")
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return _("The certificate of the server is not trusted.")
    if isinstance(error, httpx2.ConnectError):
        return _("Nothing answers at this address.")
    return _("The connection to the server broke.")


def _parts_of(address: str) -> tuple[str, str, int] | None:
    """(scheme, host, port); None for what is no plain address of a web server."""
    if len(address) > MAX_ADDRESS or not address.isprintable() or " " in address:
        return None
    try:
        parts = urlsplit(address)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return None
    if parts.scheme not in {"https", "http"} or not host or "@" in parts.netloc:
        return None
    return parts.scheme, host, port or (443 if parts.scheme == "https" else 80)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _fair_address(host: str, port: int) -> str:
    """The address to connect to; every one that the name has must be fair."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        if not is_fair(address):
            raise Unreachable(
                _("%(host)s leads back into this machine.") % {"host": host}
            )
    return addresses[0]


def is_fair(address: str) -> bool:
    """Whether a server elsewhere can have this address."""
    asked = ipaddress.ip_address(address.partition("%")[0])
    asked = getattr(asked, "ipv4_mapped", None) or asked
    if asked.is_loopback:
        return bool(settings.OUTWARD_LOOPBACK)
    return not (
        asked.is_link_local
        or asked.is_multicast
        or asked.is_unspecified
        or asked.is_reserved
    )
