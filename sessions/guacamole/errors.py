"""What can go wrong while talking Guacamole protocol.

Two families: `ProtocolError` says that bytes are not the protocol (ours to refuse),
`GuacdError` says that guacd, or the asset behind it, said no (see `status.py`).
"""

from __future__ import annotations


class ProtocolError(ValueError):
    """Text that is not the Guacamole protocol, or exceeds its agreed bounds.

    `reason` is a short, fixed English phrase for logs and events; it never holds
    a value from the stream, which may be a password.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
