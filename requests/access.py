"""The guards of requests, decisions and windows: views fetch only through these.

404 for what a person may not know, 403 for what a person may know but not do.
"""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from accessportal.accounts.authorisation import Action, may, sites_where
from accessportal.accounts.models import User
from accessportal.errors import NotAllowed, NotKnown
from accessportal.known import known
from accessportal.plants.models import Asset, Endpoint, Site
from requests.approvers import may_agree_somewhere, places_for, was_passed_over
from requests.later_wishes import steps_of_wish
from requests.models import (
    AccessRequest,
    Attachment,
    EmergencyLook,
    Escort,
    ExtensionRequest,
    LaterWish,
    LineHandover,
    MaintenanceWindow,
    ProposedChange,
    SavedWish,
    Substitution,
)


def request_visible_to(user: User, number: str) -> AccessRequest:
    """A vendor's people see their company's requests; the plant's people their sites'.

    It comes with what every request has; who closed it, or what it repeats, is fetched where
    a page says so.
    """
    return known(
        AccessRequest.objects.visible_to(user)
        .select_related(
            "site", "vendor", "requested_by__vendor", "window", "emergency_look"
        )
        .filter(number=number)
    )


def attachment_visible_to(user: User, number: str, file_id: UUID) -> Attachment:
    """A file of a request that `user` may see."""
    return known(
        Attachment.objects.select_related("access_request__site").filter(
            access_request=request_visible_to(user, number), file_id=file_id
        )
    )


def saved_wish_of(user: User, pk: int) -> SavedWish:
    """A saved wish of one's own, or one that is shared with the company."""
    return known(SavedWish.objects.usable_by(user).filter(pk=pk))


def request_decidable_by(user: User, number: str) -> AccessRequest:
    """A request that asks `user` in one of its steps; whether it is their turn, and
    whether it is closed already, is for the verb to say."""
    access_request = request_visible_to(user, number)
    if not places_for(user, access_request.steps.all(), access_request.site):
        raise NotAllowed
    return access_request


def request_withdrawable_by(user: User, number: str) -> AccessRequest:
    """A person's own request; it may be closed already."""
    access_request = request_visible_to(user, number)
    if access_request.requested_by_id != user.pk:
        raise NotAllowed
    return access_request


def proposal_answerable_by(user: User, number: str, pk: int) -> ProposedChange:
    """What was proposed for a person's own request; it may be answered already."""
    access_request = request_withdrawable_by(user, number)
    return known(access_request.proposals.filter(pk=pk))


def substitution_decidable_by(user: User, number: str, pk: int) -> Substitution:
    """A wish for another person that `user` may decide on; it may be decided already."""
    access_request = request_visible_to(user, number)
    wish = known(
        access_request.substitutions.filter(pk=pk).select_related(
            "access_request", "leaves", "comes__vendor", "asked_by"
        )
    )
    if not may(user, Action.REQUEST_DECIDE, access_request.site):
        raise NotAllowed
    return wish


def window_visible_to(user: User, number: str) -> MaintenanceWindow:
    """The window of request `number`."""
    return known(
        MaintenanceWindow.objects.visible_to(user)
        .select_related("access_request__site", "access_request__requested_by__vendor")
        .filter(access_request__number=number)
    )


def window_revocable_by(user: User, number: str) -> MaintenanceWindow:
    window = window_visible_to(user, number)
    if not may(user, Action.WINDOW_REVOKE, window.access_request.site):
        raise NotAllowed
    return window


def window_reconfirmable_by(user: User, number: str) -> MaintenanceWindow:
    """A window that `user` may let stand again; whether it fell is for the verb to say."""
    window = window_visible_to(user, number)
    if not may(user, Action.REQUEST_DECIDE, window.access_request.site):
        raise NotAllowed
    return window


def window_usable_by(user: User, number: str) -> MaintenanceWindow:
    """A person's own window; whether it is open is for the verb to say."""
    window = window_visible_to(user, number)
    if window.access_request.requested_by_id != user.pk:
        raise NotAllowed
    return window


def window_givable_by(user: User, number: str) -> MaintenanceWindow:
    """A window whose line `user`, of the shift, may give; whether it is time is for the verb."""
    window = window_visible_to(user, number)
    if not may(user, Action.SESSION_CHARGE, window.access_request.site):
        raise NotAllowed
    return window


def window_movable_by(user: User, number: str) -> MaintenanceWindow:
    """A window that `user` may decide on anew; whether it is over is for the verb to say."""
    window = window_visible_to(user, number)
    if not may(user, Action.REQUEST_DECIDE, window.access_request.site):
        raise NotAllowed
    return window


def handover_acceptable_by(user: User, pk: int) -> LineHandover:
    """A turn of the line that `user`, of the shift, may take back."""
    turn = known(
        LineHandover.objects.filter(
            window__in=MaintenanceWindow.objects.visible_to(user)
        )
        .select_related("window__access_request__site")
        .filter(pk=pk)
    )
    if not may(user, Action.SESSION_CHARGE, turn.window.access_request.site):
        raise NotAllowed
    return turn


def extension_decidable_by(user: User, pk: int) -> ExtensionRequest:
    """A wish for more time that `user` may grant or refuse; it may be decided already."""
    extension = known(
        ExtensionRequest.objects.filter(
            window__in=MaintenanceWindow.objects.visible_to(user)
        )
        .select_related("window__access_request__site", "asked_by")
        .filter(pk=pk)
    )
    if not may(user, Action.REQUEST_DECIDE, extension.window.access_request.site):
        raise NotAllowed
    return extension


def later_wish_decidable_by(user: User, pk: int) -> LaterWish:
    """A wish for a wider window that asks `user` in one of its steps; whether it is their turn,
    and whether it is closed already, is for the verb to say.

    Somebody of a group may be asked by it alone, and need not see the request otherwise.
    """
    wish = known(
        LaterWish.objects.select_related(
            "window__access_request__site",
            "window__access_request__vendor",
            "window__access_request__requested_by__vendor",
            "extension",
            "opened_by",
            "closed_by",
        ).filter(pk=pk)
    )
    access_request = wish.window.access_request
    if not places_for(user, steps_of_wish(wish), access_request.site):
        request_visible_to(user, access_request.number)
        raise NotAllowed
    access_request.window = wish.window
    return wish


def deciding_person(user: User) -> User:
    """Refuses who may decide nowhere, in no role and no group."""
    if not may_agree_somewhere(user):
        raise NotAllowed
    return user


def asking_person(user: User) -> User:
    """Refuses who may not ask for access: everybody but a vendor's people."""
    if user.vendor is None or not may(user, Action.REQUEST_SUBMIT):
        raise NotAllowed
    return user


def sites_to_ask_for(user: User) -> list[Site]:
    """The sites at which the person's company services something."""
    if user.vendor is None:
        return []
    serviced = Asset.objects.serviced_by(user.vendor)
    return list(Site.objects.filter(zones__assets__in=serviced).distinct())


def endpoints_to_ask_for(user: User, site: Site | None = None) -> list[Endpoint]:
    """The endpoints that the person's company services, by asset."""
    if user.vendor is None:
        return []
    serviced = Asset.objects.serviced_by(user.vendor)
    endpoints = Endpoint.objects.filter(asset__in=serviced)
    if site is not None:
        endpoints = endpoints.filter(asset__zone__site=site)
    return list(
        endpoints.select_related("asset__zone__site")
        .order_by("asset__name", "name")
        .distinct()
    )


def companions_to_name(user: User) -> list[User]:
    """Whom the person may name to take part: active colleagues of the same vendor."""
    colleagues = User.objects.active().filter(vendor=user.vendor)
    return list(colleagues.exclude(pk=user.pk).order_by("full_name", "pk"))


def decidable_sites(user: User) -> list[Site]:
    return list(sites_where(user, Action.REQUEST_DECIDE))


def sites_seen_by(user: User) -> list[Site]:
    """The sites a list may be filtered by: the person's own, or those a company works at."""
    if user.vendor_id is not None:
        return sites_to_ask_for(user)
    return list(sites_where(user, Action.REQUEST_SEE))


def emergency_window_withdrawable_by(user: User, number: str) -> MaintenanceWindow:
    """The window of an emergency that `user` was passed over in."""
    access_request = request_visible_to(user, number)
    window: MaintenanceWindow | None = getattr(access_request, "window", None)
    if access_request.emergency_at is None or window is None:
        raise NotKnown
    if not was_passed_over(user, access_request):
        raise NotAllowed
    window.access_request = access_request
    return window


def emergency_look_takeable_by(user: User, number: str) -> EmergencyLook:
    """The look that is owed on request `number`; it may be done already."""
    look = (
        EmergencyLook.objects.visible_to(user)
        .select_related("access_request__site")
        .filter(access_request__number=number)
        .first()
    )
    if look is None:
        # A vendor's people know the request, and not that somebody looks at it.
        raise NotKnown
    if not may_look_at_emergency(user, look):
        raise NotAllowed
    return look


def may_look_at_emergency(user: User, look: EmergencyLook) -> bool:
    """Somebody who would have been asked, or IT security; never who let somebody in."""
    access_request = look.access_request
    if user.vendor_id is not None or user.pk == access_request.emergency_by_id:
        return False
    if access_request.decisions.filter(decided_by=user).exists():
        return False
    is_security = may(user, Action.EMERGENCY_LOOK, access_request.site)
    return is_security or was_passed_over(user, access_request)


def request_escortable_by(user: User, number: str) -> AccessRequest:
    """A request whose person `user` may escort; whether they can be is for the verb to say."""
    access_request = request_visible_to(user, number)
    if not may(user, Action.ESCORT_OFFER, access_request.site):
        raise NotAllowed
    return access_request


def own_request(user: User, number: str) -> AccessRequest:
    """The request of somebody who is escorted: nobody else's."""
    access_request = request_visible_to(user, number)
    if access_request.requested_by_id != user.pk:
        raise NotAllowed
    return access_request


def escorts_readable_by(user: User) -> QuerySet[Escort]:
    """Those that the plant's person may see; nobody of a vendor reads the list."""
    if user.vendor_id is not None or not may(user, Action.REQUEST_SEE):
        raise NotAllowed
    return Escort.objects.visible_to(user)


def escort_lookable_by(user: User, pk: int) -> Escort:
    """An escort that `user` may look at; it may be done already."""
    escort = known(
        Escort.objects.visible_to(user)
        .select_related("access_request__site", "offered_by")
        .filter(pk=pk)
    )
    if not may_look_at_escort(user, escort):
        raise NotAllowed
    return escort


def may_look_at_escort(user: User, escort: Escort) -> bool:
    """IT security of the site; never who escorted, nor who agreed to the work or opened it."""
    access_request = escort.access_request
    if user.pk in (escort.offered_by_id, access_request.emergency_by_id):
        return False
    if access_request.decisions.filter(decided_by=user).exists():
        return False
    return user.vendor_id is None and may(
        user, Action.EMERGENCY_LOOK, access_request.site
    )


def emergency_opener(user: User) -> User:
    """A vendor's person who may ask, or somebody of the plant who may open it for one."""
    action = Action.EMERGENCY_OPEN if user.vendor_id is None else Action.REQUEST_SUBMIT
    if not may(user, action):
        raise NotAllowed
    return user


def emergencies_readable_by(user: User) -> QuerySet[AccessRequest]:
    """Those that the plant's person may see; nobody of a vendor reads the list."""
    if user.vendor_id is not None or not (
        may(user, Action.REQUEST_SEE) or may_agree_somewhere(user)
    ):
        raise NotAllowed
    return AccessRequest.objects.visible_to(user).emergencies()
