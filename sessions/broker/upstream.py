"""Where guacd is."""

from __future__ import annotations

from django.conf import settings

from sessions.guacamole.handshake import GuacdAddress


def guacd_address(text: str = "") -> GuacdAddress:
    """`host:port` as an address; empty means the one of the settings."""
    host, _, port = (text or settings.GUACD_ADDRESS).rpartition(":")
    return GuacdAddress(host.strip("[]"), int(port))
