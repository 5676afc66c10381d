"""Stations: enrolled, taken into use, revoked; and what is done at one.

Whoever stands at the wall must be able to stop a session at once. So freezing and ending ask
for nobody's sign-in there, and the name is said afterwards; everything else asks for a person.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.authorisation import Action, may, people_who_may
from accessportal.accounts.models import User
from accessportal.accounts.services.common import guard_fresh_factor
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.origin import Origin
from accessportal.plants.models import Site
from requests.models import AccessRequest
from sessions.models import BrokeredSession, Station, StationAct, StationCall
from sessions.services.console import request_end
from sessions.services.freezes import freeze_session

CODE_TIME = timedelta(minutes=15)
CODE_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
CODE_LENGTH = 10
SEEN_EVERY = timedelta(seconds=60)


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@transaction.atomic
def enrol_station(
    site: Site, *, place: str, acting_user: User, origin: Origin
) -> tuple[Station, str]:
    """A new station, and the code that its device types within `CODE_TIME`: shown once.

    Raises `NotAllowed`, `NotPossible`, `FreshFactorNeeded`.
    """
    if not may(acting_user, Action.PLANT_CHANGE, site):
        raise NotAllowed
    guard_fresh_factor(origin, acting_user, site)
    place = " ".join(place.split())[:80]
    if not place:
        raise NotPossible(_("Say where the screen is."), code="place_missing")

    code = "".join(secrets.choice(CODE_LETTERS) for _letter in range(CODE_LENGTH))
    station = Station.objects.create(
        site=site,
        place=place,
        code_hash=hash_of(code),
        code_expires_at=timezone.now() + CODE_TIME,
        enrolled_by=acting_user,
    )

    record(
        "station.enrolled",
        acting_user=acting_user,
        subject=station,
        origin=origin,
        site=site,
        place=place,
    )
    return station, f"{code[:5]}-{code[5:]}"


def join_station(typed: str, *, browser: str, origin: Origin) -> tuple[Station, str]:
    """The device's side: a code is good once. Returns the credential: it is stored nowhere.

    Raises `NotPossible`, the same for a wrong, a used and a late code; the trail keeps it.
    """
    code = "".join(letter for letter in typed.upper() if letter.isalnum())[:40]
    token = secrets.token_urlsafe(32)
    station = _join(hash_of(code), hash_of(token), browser=browser, origin=origin)
    if station is None:
        record("station.refused", origin=origin, result="refused")
        raise NotPossible(
            _(
                "This code is wrong, was used already, or came too late. Ask for a new one."
            ),
            code="station_code_refused",
        )
    return station, token


@transaction.atomic
def _join(
    code_hash: str, token_hash: str, *, browser: str, origin: Origin
) -> Station | None:
    now = timezone.now()
    joined = Station.objects.filter(
        code_hash=code_hash,
        code_expires_at__gt=now,
        token_hash__isnull=True,
        revoked_at__isnull=True,
    ).update(
        token_hash=token_hash,
        code_hash=None,
        joined_at=now,
        last_seen_at=now,
        browser=browser,
        address=origin.address,
    )
    if joined != 1:
        return None

    station = Station.objects.select_related("site").get(token_hash=token_hash)
    record(
        "station.joined",
        subject=station,
        origin=origin,
        site=station.site,
        browser=browser,
    )
    return station


@transaction.atomic
def revoke_station(station: Station, *, acting_user: User, origin: Origin) -> None:
    """Its device sees nothing from the next look on. Raises `NotAllowed`, `TooLate`."""
    if not may(acting_user, Action.PLANT_CHANGE, station.site):
        raise NotAllowed

    changed = Station.objects.filter(pk=station.pk, revoked_at__isnull=True).update(
        revoked_at=timezone.now(), revoked_by=acting_user
    )
    if changed != 1:
        raise TooLate

    record(
        "station.revoked",
        acting_user=acting_user,
        subject=station,
        origin=origin,
        site=station.site,
    )


def station_with(token: str, *, browser: str) -> Station | None:
    """The station that this credential belongs to, in the browser it was given to."""
    found = Station.objects.in_force().select_related("site")
    return found.filter(token_hash=hash_of(token), browser=browser).first()


def note_seen(station: Station, *, address: str) -> None:
    """When and where it was last; at most once a minute, to stay cheap."""
    now = timezone.now()
    if station.last_seen_at is None or now - station.last_seen_at >= SEEN_EVERY:
        Station.objects.filter(pk=station.pk).update(last_seen_at=now, address=address)


@transaction.atomic
def act_at_station(
    station: Station, brokered_session: BrokeredSession, *, what: str, origin: Origin
) -> StationAct:
    """Freeze or end at once, for whoever stands there. A running critical step does not keep
    from it: the screen said what it may break. Raises `NotAllowed`, `TooLate`."""
    if brokered_session.endpoint.asset.zone.site_id != station.site_id:
        raise NotAllowed

    if what == StationAct.What.FREEZE:
        freeze_session(
            brokered_session, acting_user=None, origin=origin, message=str(station)
        )
    else:
        request_end(
            brokered_session,
            acting_user=None,
            origin=origin,
            note=str(station),
            reason=BrokeredSession.EndReason.ENDED_BY_PLANT,
        )
    act = StationAct.objects.create(
        station=station,
        brokered_session=brokered_session,
        what=StationAct.What(what),
    )

    record(
        "station.acted",
        subject=station,
        brokered_session=brokered_session,
        origin=origin,
        what=what,
    )
    return act


@transaction.atomic
def name_act(act: StationAct, *, person: User, origin: Origin) -> None:
    """Who it was, said at the station: their word. Raises `NotPossible`, `TooLate`."""
    if not people_who_may(Action.SESSION_FREEZE, act.station.site).filter(pk=person.pk):
        raise NotPossible(_("Choose somebody who may do that."), code="not_theirs")

    changed = StationAct.objects.filter(pk=act.pk, named__isnull=True).update(
        named=person, named_at=timezone.now()
    )
    if changed != 1:
        raise TooLate

    record(
        "station.act.named",
        subject=act.station,
        brokered_session=act.brokered_session,
        origin=origin,
        what=act.what,
        person=person.full_name,
    )


def note_rang(station: Station, requests: list[AccessRequest]) -> None:
    """These are on the screen now: each has rung there, once."""
    StationCall.objects.bulk_create(
        (StationCall(station=station, access_request=one) for one in requests),
        ignore_conflicts=True,
    )


def note_opened(station: Station, access_request: AccessRequest) -> None:
    """Somebody at the station looks at it."""
    StationCall.objects.filter(
        station=station, access_request=access_request, seen_at__isnull=True
    ).update(seen_at=timezone.now())
