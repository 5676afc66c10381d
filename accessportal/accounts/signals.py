"""What goes up the arrow of imports; `requests` and `sessions` listen.

`standing_changed` (person): after the commit, what a person may do is another now (a role, the
access itself); observers, charge and work of live sessions must be looked at again.
`last_day_moved` (of: a person or a vendor, last, acting_user, origin): in the transaction of the
act; an access or a contract ends at another moment now, which windows must not outlast.
`web_session_in_use` (key): asks whether somebody works on a machine in this web session.
`web_session_laid_down` (user, key): it ends, and work that hangs on it waits for the person.
"""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django.dispatch import Signal

from accessportal.accounts.models import User
from accessportal.live import announce

standing_changed = Signal()
last_day_moved = Signal()
web_session_in_use = Signal()
web_session_laid_down = Signal()


def tell_standing(person: User) -> None:
    """After the commit: open pages of the person look again, and so does what is above."""
    transaction.on_commit(partial(_tell, person))


def _tell(person: User) -> None:
    announce(f"news.user.{person.pk}", "news.standing", user=person.pk)
    standing_changed.send(User, person=person)
