"""Fingerprints of SSH host keys: what an administrator compares before pinning one."""

from __future__ import annotations

import base64
import hashlib


def fingerprint(line: str) -> str:
    """`SHA256:...` of a stored key, as `ssh-keygen -l` prints it; empty when unreadable."""
    words = line.split()
    for place, word in enumerate(words[:-1]):
        if word.startswith(("ssh-", "ecdsa-", "sk-")):
            try:
                blob = base64.b64decode(words[place + 1], validate=True)
            except ValueError:
                return ""
            digest = hashlib.sha256(blob).digest()
            return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
    return ""
