"""What a browser lets our pages do: nothing but what is named here, and nothing foreign."""

from __future__ import annotations

from csp.constants import NONE, SELF

CONTENT = {
    "default-src": [NONE],
    "script-src": [SELF],
    "style-src": [SELF],
    # Guacamole's player turns PNG blobs into data: URLs.
    "img-src": [SELF, "data:"],
    "font-src": [SELF],
    "connect-src": [SELF],
    "manifest-src": [SELF],
    "worker-src": [SELF],
    "form-action": [SELF],
    "base-uri": [NONE],
    "frame-ancestors": [NONE],
}
"""Content-Security-Policy: no inline script or style, no evaluation, no other server."""

PERMISSIONS: dict[str, list[str]] = {
    "camera": [],
    "geolocation": [],
    "microphone": [],
    "payment": [],
    "usb": [],
    "serial": [],
    "hid": [],
    "display-capture": [],
    "browsing-topics": [],
    "publickey-credentials-create": ["self"],
    "publickey-credentials-get": ["self"],
    "fullscreen": ["self"],
    "clipboard-read": ["self"],
    "clipboard-write": ["self"],
}
"""Permissions-Policy: what of the device no page of ours asks for is closed."""
