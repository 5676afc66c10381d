"""Where guacd is."""

from __future__ import annotations

import ipaddress

from django.conf import settings

from sessions.guacamole.handshake import GuacdAddress


def guacd_address(text: str = "") -> GuacdAddress:
    """`host:port` as an address; empty means the one of the settings."""
    host, _, port = (text or settings.GUACD_ADDRESS).rpartition(":")
    return GuacdAddress(host.strip("[]"), int(port))


def is_here(address: GuacdAddress) -> bool:
    """Whether guacd runs on this machine, so that its connections can be seen."""
    if address.host == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.host).is_loopback
    except ValueError:
        return False
