"""A signal that goes up the arrow of imports: what is above must end, not ask why.

`window_revoked` is sent after the commit of a revocation, with
`window` (MaintenanceWindow), `acting_user` (User, or None for the system) and
`reason` (text). `sessions` listens and ends the sessions of the window.
"""

from __future__ import annotations

from django.dispatch import Signal

window_revoked = Signal()
