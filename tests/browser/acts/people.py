"""Who is signed in, with which factor, and what their mail and their phone say."""

from __future__ import annotations

import base64
import email
import re
import time
from datetime import timedelta
from importlib import import_module

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.utils import timezone
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.oath import TOTP

from accessportal.accounts.models import (
    AuthenticatorApp,
    GroupMapping,
    Passkey,
    WebSession,
)
from accessportal.accounts.web_sessions import cookie_hash, open_web_session
from requests.models import ApproverGroup, ApproverGroupMember
from sessions.services.stations import enrol_station
from tests.browser.acts.plant import PLANT, change, until
from tests.cast import make_person, origin


def people() -> dict[str, str]:
    """Everybody's e-mail address."""
    names = ("vera", "victor", "olga", "omar", "cora", "ivan", "adam")
    return {name: getattr(PLANT, name).email for name in names}


def sign_in(who: str, *, factor_age: float = 0.0) -> str:
    """The cookie of a new web session in which this person is signed in."""
    user = getattr(PLANT, who)
    web_session = import_module(settings.SESSION_ENGINE).SessionStore()
    web_session[SESSION_KEY] = str(user.pk)
    web_session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    web_session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    web_session["factor_kind"] = "totp"
    web_session["factor_at"] = time.time() - factor_age
    device = AuthenticatorApp.objects.get(user=user, confirmed=True)
    web_session["factor_device"] = device.persistent_id
    web_session[DEVICE_ID_SESSION_KEY] = device.persistent_id
    web_session.create()
    cookie = str(web_session.session_key)
    open_web_session(user, cookie=cookie, factor_kind="totp", origin=origin())
    return cookie


def key_of(cookie: str) -> str:
    """The key of the web session that a cookie leads to."""
    return WebSession.objects.get(cookie_hash=cookie_hash(cookie)).key


def forget_passkeys() -> None:
    """As if nobody's second factor but the app had ever been set up: a story leaves no passkey
    behind that the next one would be asked for."""
    apps = AuthenticatorApp.objects.filter(confirmed=True).values("user")
    Passkey.objects.filter(user__in=apps).delete()


def age_factor(who: str, seconds: float) -> None:
    """As if this person's second factor had been used so long ago, everywhere."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    for row in store.get_model_class().objects.all():
        held = store(row.session_key)
        if held.get(SESSION_KEY) == str(getattr(PLANT, who).pk):
            held["factor_at"] = time.time() - seconds
            held.save()


def idle_in(who: str, seconds: float) -> None:
    """As if this person had clicked last so long ago that so much is left."""
    now = timezone.now()
    getattr(PLANT, who).web_sessions.update(
        idle_at=now + timedelta(seconds=seconds), last_seen_at=now
    )


def seconds_left(who: str) -> float:
    row = getattr(PLANT, who).web_sessions.first()
    return float((row.idle_at - timezone.now()).total_seconds())


def code(who: str) -> str:
    """The code that this person's authenticator app shows; not yet used."""
    AuthenticatorApp.objects.update(last_t=-1, throttling_failure_count=0)
    device = AuthenticatorApp.objects.get(user=getattr(PLANT, who), confirmed=True)
    totp = TOTP(device.bin_key, device.step, device.t0, device.digits, device.drift)
    totp.time = time.time()
    return f"{totp.token():06d}"


def code_for(secret: str) -> str:
    """What an app shows that was set up with this secret, typed from the page."""
    plain = secret.replace(" ", "")
    totp = TOTP(base64.b32decode(plain + "=" * (-len(plain) % 8)))
    totp.time = time.time()
    return f"{totp.token():06d}"


def join(who: str, full_name: str, *, coordinator: bool = False) -> int:
    """Somebody more of Vera's company, confirmed; their id."""
    fields = {"coordinator_at": timezone.now()} if coordinator else {}
    person = make_person(full_name, vendor=PLANT.fillwerk, **fields)
    setattr(PLANT, who, person)
    return int(person.pk)


def colleague(who: str, full_name: str, group: str) -> str:
    """Somebody of the plant without a role, in a group of approvers; as steps name it."""
    known = ApproverGroup.objects.filter(name=group).first()
    if known is not None:
        return known.who
    person = make_person(full_name)
    setattr(PLANT, who, person)
    made = ApproverGroup.objects.create(name=group)
    ApproverGroupMember.objects.create(group=made, person=person, added_by=PLANT.adam)
    return made.who


def invitation_link(address: str) -> str:
    """The path of the link in the mail that invites this address."""
    return mailed(address, r"/accounts/invitation/[\w-]+/")


def mailbox_code(address: str) -> str:
    """The code that was mailed to this address, as whoever comes back to an account types it."""
    return mailed(address, r"(?m)^\d{4} \d{4}$")


def mailed(address: str, pattern: str) -> str:
    """What fits the pattern in a mail to this address."""

    def found() -> str:
        for path in sorted(settings.EMAIL_FILE_PATH.glob("*")):
            mail = email.message_from_bytes(path.read_bytes())
            match = re.search(pattern, mail.get_payload(decode=True).decode())
            if match and mail["To"] == address:
                return match[0]
        return ""

    until(found)
    return found()


def unused_for(who: str, days: int) -> None:
    """As if this person had signed in last so long ago."""
    used_at = timezone.now() - timedelta(days=days)
    pk = getattr(PLANT, who).pk
    change(
        "accounts.User", pk, last_login=used_at, created_at=used_at - timedelta(days=9)
    )


def group_of_supervisors(group: str) -> None:
    """Whoever is in this group of the directory is OT supervisor at plant North."""
    GroupMapping.objects.create(
        group=group, role="ot_supervisor", site=PLANT.north, mapped_by=PLANT.adam
    )


def station(place: str) -> str:
    """The code with which a screen of plant North becomes this station."""
    _station, code = enrol_station(
        PLANT.north, place=place, acting_user=PLANT.adam, origin=origin()
    )
    return code
