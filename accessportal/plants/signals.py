"""What goes up the arrow of imports; `requests` and `sessions` listen.

Both in the transaction of the act, with `endpoint` (as it was), `acting_user` and `origin`; a
receiver may raise `PortalError`, and nothing is changed then.

`endpoint_moves`: it is going to be reached by another protocol, host or port; nothing is locked
yet, so a receiver may lock what comes before endpoints.
`endpoint_locked_to_move`: the same, once its row is locked.
"""

from __future__ import annotations

from django.dispatch import Signal

endpoint_moves = Signal()
endpoint_locked_to_move = Signal()
