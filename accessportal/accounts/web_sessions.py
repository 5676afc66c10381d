"""Web sessions: opened at the end of a sign-in, found by the browser's cookie, ended for real.

A live session on a machine hangs on the web session it was started in. When somebody ends
that one (signs out, revokes the device, takes a factor away), policy ends the live session
within seconds. A web session that only ran out of time ends nothing in the middle of work
(architecture, 2).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.db import models, transaction
from django.http import HttpRequest
from django.utils import timezone

from accessportal import audit
from accessportal.accounts.browsers import browser_in_words
from accessportal.accounts.limits import limits_of
from accessportal.accounts.models import User, WebSession
from accessportal.accounts.models.web_session import new_key
from accessportal.known import the_one
from accessportal.live import announce
from accessportal.notifications.devices import (
    forget_devices_of,
    forget_devices_of_web_session,
)
from accessportal.origin import SYSTEM, Origin

Ended = WebSession.Ended

NOTICE = "sign_in_notice"
"""In Django's session: what the sign-in page has to say first (`middleware.NOTICES`)."""

FORMER_COOKIE_TIME = timedelta(seconds=10)
"""Requests that were under way while the id changed still carry the one before."""

SEEN_EVERY = timedelta(seconds=30)
"""A click is written down at most this often: enough for limits of minutes."""


@dataclass(frozen=True)
class Bound:
    """What the web session of an escorted person is for: its own `key`, known before it is
    opened, the `number` of one request, and no longer than `until`."""

    key: str
    number: str
    until: datetime


def cookie_hash(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()


# --- Opening, finding, keeping ------------------------------------------------------


def open_web_session(
    user: User,
    *,
    cookie: str,
    factor_kind: str,
    origin: Origin,
    shared: bool = False,
    bound: Bound | None = None,
) -> WebSession:
    """The row of a sign-in that is complete. `cookie`: Django's id of the web session.
    `bound`: what it is for, of somebody who is escorted."""
    now = timezone.now()
    limits = limits_of(user, shared=shared)
    expires_at = now + limits.absolute
    return WebSession.objects.create(
        key=bound.key if bound is not None else new_key(),
        bound_to=bound.number if bound is not None else "",
        user=user,
        cookie_hash=cookie_hash(cookie),
        begun_at=now,
        last_seen_at=now,
        idle_at=now + limits.idle,
        expires_at=min(expires_at, bound.until) if bound is not None else expires_at,
        address=origin.address,
        browser=browser_in_words(origin.user_agent),
        factor_kind=factor_kind,
        shared=shared,
    )


def web_session_of_cookie(cookie: str | None, user_pk: str) -> WebSession | None:
    """The web session of this person behind a cookie, ended or not."""
    if not cookie:
        return None
    known = cookie_hash(cookie)
    return the_one(
        WebSession.objects.filter(
            models.Q(cookie_hash=known)
            | models.Q(former_hash=known, former_until__gt=timezone.now()),
            user_id=user_pk,
        )
    )


def web_session_of_scope(
    scope: dict[str, Any], *, escorted: bool = False
) -> WebSession | None:
    """The web session behind a WebSocket, if the person is signed in with a second factor.

    `escorted`: also one that is bound to a request, where the socket itself is bound to it.
    """
    user, store = scope["user"], scope["session"]
    if not user.is_authenticated:
        return None
    found = web_session_of_cookie(store.session_key, store[SESSION_KEY])
    if found is None or not found.is_alive_at(timezone.now()):
        return None
    if found.bound_to:
        return found if escorted else None
    return found if "factor_at" in store else None


def web_session_of(request: HttpRequest) -> WebSession | None:
    """The web session of a request (the middleware looked it up)."""
    return getattr(request, "web_session", None)


def web_session_key(request: HttpRequest) -> str:
    """What live sessions hang on: the key of the request's web session, or nothing."""
    found = web_session_of(request)
    return found.key if found is not None else ""


def note_use(
    web_session: WebSession, *, address: str = "", at_once: bool = False
) -> None:
    """Somebody did something: it is idle later. Written at most every `SEEN_EVERY`."""
    now = timezone.now()
    if now - web_session.last_seen_at < SEEN_EVERY and not at_once:
        return
    idle = limits_of(web_session.user, shared=web_session.shared).idle
    web_session.last_seen_at, web_session.idle_at = now, now + idle
    web_session.address = address or web_session.address
    WebSession.objects.alive(at=now).filter(pk=web_session.pk).update(
        last_seen_at=now, idle_at=web_session.idle_at, address=web_session.address
    )


def keep_awake(keys: Collection[str]) -> None:
    """Whoever works at a machine, or watches it, is not idle on the web."""
    for web_session in WebSession.objects.alive().filter(key__in=keys):
        note_use(web_session)


def move_end_of_bound(number: str, until: datetime) -> None:
    """The web session of who is escorted to a request ends with its window, wherever that is
    moved to; no later than a sign-in lasts, and one that is over stays so."""
    for web_session in (
        WebSession.objects.alive().filter(bound_to=number).select_related("user")
    ):
        limits = limits_of(web_session.user, shared=web_session.shared)
        latest = web_session.begun_at + limits.absolute
        WebSession.objects.filter(pk=web_session.pk).update(
            expires_at=min(latest, until)
        )


def renew_cookie(request: HttpRequest) -> None:
    """Give the browser a new id of the same web session (SR 3.8: at each step-up).

    The row of the old id stays for seconds, with the rights it had before: a page fetches
    its parts while a form is on its way, and must not be signed out by that.
    """
    web_session, store = web_session_of(request), request.session
    if web_session is None:
        return
    before, kept = store.session_key or "", dict(store.items())
    store.create()
    store.update(kept)
    until = timezone.now() + FORMER_COOKIE_TIME
    rows: Any = type(store).get_model_class().objects  # type: ignore[attr-defined]
    rows.filter(session_key=before).update(expire_date=until)
    web_session.cookie_hash = cookie_hash(store.session_key or "")
    web_session.former_hash, web_session.former_until = cookie_hash(before), until
    web_session.save(update_fields=["cookie_hash", "former_hash", "former_until"])


# --- Asking -------------------------------------------------------------------------


def is_in_force(key: str) -> bool:
    """Whether nobody ended a web session. One that only ran out of time is still in force
    for the live sessions that hang on it."""
    return bool(key) and not ended_by_somebody([key])


def ended_by_somebody(keys: Iterable[str]) -> frozenset[str]:
    """Those of `keys` that an act of a person ended, or that were never there."""
    asked = frozenset(keys)
    if not asked:
        return asked
    lasting = WebSession.objects.filter(
        models.Q(ended_at__isnull=True)
        | models.Q(ended_reason__in=WebSession.BY_CLOCK),
        key__in=asked,
    )
    return asked - frozenset(lasting.values_list("key", flat=True))


def no_longer_alive(keys: Iterable[str]) -> frozenset[str]:
    """Those of `keys` whose pages may show nothing any more, whatever the cause."""
    asked = frozenset(keys)
    alive = WebSession.objects.alive().filter(
        key__in=asked, user__in=User.objects.active()
    )
    return asked - frozenset(alive.values_list("key", flat=True))


# --- Ending -------------------------------------------------------------------------


def end_web_session(
    web_session: WebSession,
    *,
    reason: WebSession.Ended,
    acting_user: User | None,
    origin: Origin = SYSTEM,
) -> bool:
    """End one web session at once; False when it had ended before. Says it in the trail,
    except a sign-out, which is an event of its own."""
    with transaction.atomic():
        changed = (
            WebSession.objects.open()
            .filter(pk=web_session.pk)
            .update(ended_at=timezone.now(), ended_by=acting_user, ended_reason=reason)
        )
        if changed != 1:
            return False
        if reason != Ended.SIGNED_OUT:
            audit.record(
                "auth.session.ended",
                acting_user=acting_user,
                subject=web_session.user,
                origin=origin,
                cause=str(reason),
                begun_at=web_session.begun_at,
                browser=web_session.browser,
                address=web_session.address,
            )
        if reason not in WebSession.BY_CLOCK:
            forget_devices_of_web_session(
                web_session,
                acting_user=acting_user,
                origin=origin,
                cause="signed_out" if reason == Ended.SIGNED_OUT else "ended",
            )
        user_pk = web_session.user_id
        transaction.on_commit(
            lambda: announce(f"news.user.{user_pk}", "web_session.ended")
        )
    return True


def end_web_sessions_of(
    user: User,
    *,
    reason: WebSession.Ended,
    acting_user: User | None,
    origin: Origin = SYSTEM,
    except_key: str = "",
    on_device: str = "",
) -> int:
    """End every web session of `user` but one; returns how many there were.

    `on_device`: only those that hang on this factor (its persistent id).
    """
    ended = 0
    wanted = user.web_sessions.open().exclude(key=except_key)
    if on_device:
        wanted = wanted.filter(device=on_device)
    for web_session in wanted:
        ended += end_web_session(
            web_session, reason=reason, acting_user=acting_user, origin=origin
        )
    if not on_device:
        # Also those of sign-ins that ran out: a phone in a stranger's hand is still rung.
        forget_devices_of(
            user, acting_user=acting_user, origin=origin, except_key=except_key
        )
    return ended


def close_expired(*, at: datetime | None = None) -> int:
    """Write down which web sessions ran out of time; returns how many. They let nobody in
    before that either: this is for the list and the trail."""
    at = at or timezone.now()
    over = WebSession.objects.open().filter(
        models.Q(idle_at__lte=at) | models.Q(expires_at__lte=at)
    )
    return sum(
        end_web_session(web_session, reason=cause_of(web_session, at), acting_user=None)
        for web_session in over.select_related("user")
    )


def cause_of(web_session: WebSession, at: datetime) -> WebSession.Ended:
    """Which limit ended a web session first."""
    absolute = web_session.expires_at <= min(at, web_session.idle_at)
    return Ended.LIMIT if absolute else Ended.IDLE
