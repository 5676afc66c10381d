"""The guards of a station's pages, and of those where stations are looked after.

A station is no person: nothing but these pages knows it, and its cookie is sent to no other.
"""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accessportal.accounts.authorisation import Action, may, people_who_may
from accessportal.accounts.browsers import browser_in_words
from accessportal.accounts.models import User
from accessportal.errors import NotAllowed, NotKnown
from accessportal.known import known
from accessportal.origin import client_address
from requests.models import AccessRequest
from sessions.models import BrokeredSession, Station, StationAct
from sessions.services.stations import note_seen, station_with

COOKIE = "portal_station"
PATH = "/sessions/wall/"
COOKIE_SECONDS = 400 * 24 * 3600
"""As long as browsers keep a cookie at most; it is set anew at each look."""


def station_of(request: HttpRequest) -> Station | None:
    """The station that this browser is; None for any other browser."""
    token = request.COOKIES.get(COOKIE, "")
    if not token:
        return None
    browser = browser_in_words(request.headers.get("User-Agent", ""))
    found = station_with(token, browser=browser)
    if found is not None:
        note_seen(found, address=client_address(request))
    return found


def known_station(request: HttpRequest) -> Station:
    """Refuses a browser that is no station: it learns nothing."""
    found = station_of(request)
    if found is None:
        raise NotKnown
    return found


def remember_station(response: HttpResponse, token: str) -> None:
    response.set_cookie(
        COOKIE,
        token,
        max_age=COOKIE_SECONDS,
        path=PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )


def session_at(station: Station, pk: UUID) -> BrokeredSession:
    """A session at the station's site."""
    return known(
        BrokeredSession.objects.select_related("endpoint__asset__zone__site").filter(
            pk=pk, endpoint__asset__zone__site=station.site_id
        )
    )


def request_at(station: Station, number: str) -> AccessRequest:
    """A request at the station's site."""
    return known(
        AccessRequest.objects.select_related(
            "site", "vendor", "requested_by__vendor", "closed_by", "window"
        ).filter(number=number, site=station.site_id)
    )


def act_of(station: Station, pk: int) -> StationAct:
    """What was done at this station and waits for a name."""
    return known(
        StationAct.objects.select_related("station__site", "brokered_session").filter(
            pk=pk, station=station
        )
    )


def person_at(station: Station, pk: str) -> User:
    """One of those who may freeze and end at the station's site."""
    people = people_who_may(Action.SESSION_FREEZE, station.site)
    found = people.filter(pk=int(pk)).first() if pk.isdecimal() else None
    if found is None:
        raise NotKnown
    return found


def station_changeable_by(user: User, pk: int) -> Station:
    """A station of a site that `user` changes."""
    found = Station.objects.select_related("site").filter(pk=pk).first()
    if found is None or not may(user, Action.PLANT_SEE, found.site):
        raise NotKnown
    if not may(user, Action.PLANT_CHANGE, found.site):
        raise NotAllowed
    return found
