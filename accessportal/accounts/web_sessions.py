"""Ending a person's web sessions for real, not only at their next click.

A live session on a machine hangs on the web session it was started in: when that row is
gone, the policy ends it within seconds. So a new password or a lost factor must take the
rows away, or somebody with a stolen browser would go on working.
"""

from __future__ import annotations

from importlib import import_module

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.utils import timezone

from accessportal.accounts.models import User


def end_web_sessions_of(user: User, *, except_key: str = "") -> int:
    """Delete every web session of `user` but one; returns how many there were.

    Reads all web sessions, since a row does not say whose it is: for rare acts only.
    """
    model = import_module(settings.SESSION_ENGINE).SessionStore.get_model_class()
    ended = 0
    for row in model.objects.filter(expire_date__gt=timezone.now()).iterator():
        if row.session_key == except_key:
            continue
        if row.get_decoded().get(SESSION_KEY) == str(user.pk):
            row.delete()
            ended += 1
    return ended
