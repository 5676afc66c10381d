"""The pool of guacd daemons: which one carries a session, and how each of them is.

A site may have daemons of its own; those without a site serve every site. A site without
any uses the one of the settings. Sessions stay where they began.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotKnown, NotPossible, TooLate
from accessportal.origin import SYSTEM, Origin
from accessportal.plants.access import may_add_sites
from accessportal.plants.models import Site
from sessions.models import BrokeredSession, GuacdNode
from sessions.services.news import tell_pages

LOOK_EVERY = timedelta(seconds=4)
"""A broker's round looks at a daemon that nobody looked at for this long."""

TRUSTED_FOR = timedelta(seconds=15)
"""What an older look found says nothing any more."""

_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9][A-Za-z0-9.-]*):(\d{1,5})")


@dataclass(frozen=True, slots=True)
class NodeLoad:
    """A daemon and the sessions that hold a place through it."""

    node: GuacdNode
    sessions: int
    state: str
    """`up`, `down`, `unknown` (nobody looked lately) or `retired`."""


def choose_guacd(site_id: int, *, tried: Collection[str] = ()) -> str:
    """The address for a new session: living, of the site, least loaded, in this order.

    `tried`: those that have just failed. Empty when every daemon was tried.
    """
    now = timezone.now()
    pool = [
        load
        for load in _loads(GuacdNode.objects.filter(retired_at__isnull=True), now)
        if load.node.site_id in (None, site_id)
    ]
    if not pool:
        default = settings.GUACD_ADDRESS
        return "" if default in tried else default
    order = {"up": 0, "unknown": 1, "down": 2}
    ranked = sorted(
        (load for load in pool if load.node.address not in tried),
        key=lambda load: (
            order[load.state],
            load.node.site_id is None,
            load.sessions,
            load.node.address,
        ),
    )
    return ranked[0].node.address if ranked else ""


def move_to_another(session_id: UUID, site_id: int, tried: Collection[str]) -> str:
    """Another daemon for a session whose own does not answer; empty when there is none."""
    address = choose_guacd(site_id, tried=tried)
    if address:
        BrokeredSession.objects.filter(
            pk=session_id, state=BrokeredSession.State.CONNECTING
        ).update(guacd_address=address)
    return address


def pool_of(user: User) -> list[NodeLoad]:
    """Every daemon, for those who look after the portal itself. Raises `NotAllowed`."""
    _guard(user)
    return _loads(GuacdNode.objects.select_related("site"), timezone.now())


def default_load() -> int:
    """Sessions that hold a place through the daemon of the settings."""
    return (
        BrokeredSession.objects.holding_a_slot()
        .filter(guacd_address=settings.GUACD_ADDRESS)
        .count()
    )


def node_changeable_by(user: User, pk: int) -> GuacdNode:
    _guard(user)
    node = GuacdNode.objects.select_related("site").filter(pk=pk).first()
    if node is None:
        raise NotKnown
    return node


# --- Looking ----------------------------------------------------------------------------


def due_for_a_look() -> list[str]:
    """Addresses that no broker looked at lately; retired ones as long as they carry sessions."""
    overdue = models.Q(checked_at__isnull=True) | models.Q(
        checked_at__lt=timezone.now() - LOOK_EVERY
    )
    carrying = BrokeredSession.objects.holding_a_slot().values("guacd_address")
    return list(
        GuacdNode.objects.filter(overdue)
        .filter(models.Q(retired_at__isnull=True) | models.Q(address__in=carrying))
        .values_list("address", flat=True)
    )


def note_looks(found: Iterable[tuple[str, bool]]) -> None:
    """What a look found: (address, whether it answers). A change is an audit event."""
    for address, answers in found:
        _note_look(address, answers)


@transaction.atomic
def _note_look(address: str, answers: bool) -> None:
    now = timezone.now()
    node = GuacdNode.objects.select_for_update().filter(address=address).first()
    if node is None:
        return

    was_unreachable = node.unreachable_since is not None
    node.checked_at = now
    if answers:
        node.unreachable_since = None
    elif not was_unreachable:
        node.unreachable_since = now
    node.save(update_fields=["checked_at", "unreachable_since"])

    if answers == was_unreachable:
        record(
            "guacd.reached" if answers else "guacd.lost",
            subject=node,
            site=node.site,
            result="ok" if answers else "failed",
            address=address,
        )


# --- Verbs ------------------------------------------------------------------------------


@transaction.atomic
def add_guacd(
    address: str, *, site: Site | None, acting_user: User, origin: Origin
) -> GuacdNode:
    """A daemon more; from its first good look on it gets new sessions."""
    _guard(acting_user)
    address = address.strip()
    match = _ADDRESS.fullmatch(address)
    if match is None or not 0 < int(match[2]) < 65_536:
        raise NotPossible(
            _("Write the address as host:port, for example guacd-2:4822.")
        )

    try:
        with transaction.atomic():
            node = GuacdNode.objects.create(address=address, site=site)
    except IntegrityError:
        raise NotPossible(_("This address is in the list already.")) from None

    _record("guacd.added", node, acting_user=acting_user, origin=origin)
    return node


@transaction.atomic
def retire_guacd(node: GuacdNode, *, acting_user: User, origin: Origin) -> None:
    """No new sessions here; those that are live go on."""
    _guard(acting_user)

    if not GuacdNode.objects.filter(pk=node.pk, retired_at__isnull=True).update(
        retired_at=timezone.now()
    ):
        raise TooLate(_("This daemon is out of use already."))

    _record("guacd.retired", node, acting_user=acting_user, origin=origin)


@transaction.atomic
def return_guacd(node: GuacdNode, *, acting_user: User, origin: Origin) -> None:
    _guard(acting_user)

    if not GuacdNode.objects.filter(pk=node.pk, retired_at__isnull=False).update(
        retired_at=None, checked_at=None, unreachable_since=None
    ):
        raise TooLate(_("This daemon is in use already."))

    _record("guacd.returned", node, acting_user=acting_user, origin=origin)


@transaction.atomic
def free_places_of(node: GuacdNode, *, acting_user: User, origin: Origin) -> int:
    """A person says that this daemon's machine is switched off: no session is left on it.

    Only for one that does not answer: it can prove nothing any more, and until an end is
    proven the places of its sessions stay taken. How many were freed.
    """
    node = GuacdNode.objects.select_for_update().get(pk=node.pk)
    _guard(acting_user)
    if node.unreachable_since is None:
        raise NotPossible(
            _("This daemon answers: the ends of its sessions are proven by it.")
        )

    now = timezone.now()
    waiting = BrokeredSession.objects.filter(
        guacd_address=node.address, ended_at__isnull=False, slot__isnull=False
    ).select_related("window__access_request", "endpoint__asset__zone__site")
    freed = 0
    for brokered_session in waiting:
        proof = {
            **brokered_session.end_proof,
            "guacd": "said_to_be_off",
            "said_by": acting_user.full_name,
            "at": now.isoformat(timespec="milliseconds"),
        }
        changed = BrokeredSession.objects.filter(
            pk=brokered_session.pk, slot__isnull=False
        ).update(slot=None, end_proof=proof)
        if not changed:
            continue
        freed += 1
        record(
            "session.end.attested",
            acting_user=acting_user,
            subject=brokered_session,
            brokered_session=brokered_session,
            origin=origin,
            proof=proof,
        )
        tell_pages(brokered_session)
    return freed


# --- Within -----------------------------------------------------------------------------


def _guard(user: User) -> None:
    """The daemons serve every site: only an administrator of every site minds them."""
    if not may_add_sites(user):
        raise NotAllowed(_("Only an administrator of every site may do this."))


def _record(
    event: str, node: GuacdNode, *, acting_user: User, origin: Origin = SYSTEM
) -> None:
    record(
        event,
        acting_user=acting_user,
        subject=node,
        site=node.site,
        origin=origin,
        address=node.address,
    )


def _loads(nodes: models.QuerySet[GuacdNode], now: datetime) -> list[NodeLoad]:
    counts = dict(
        BrokeredSession.objects.holding_a_slot()
        .order_by()
        .values_list("guacd_address")
        .annotate(models.Count("pk"))
    )
    return [
        NodeLoad(node, counts.get(node.address, 0), _state(node, now)) for node in nodes
    ]


def _state(node: GuacdNode, now: datetime) -> str:
    if node.retired_at is not None:
        return "retired"
    if node.checked_at is None or node.checked_at < now - TRUSTED_FOR:
        return "unknown"
    return "down" if node.unreachable_since is not None else "up"
