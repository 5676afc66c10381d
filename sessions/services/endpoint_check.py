"""“Test this connection”: asks first where it disturbs, runs in a worker, tells what it found."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from accessportal.accounts.authorisation import Action, may
from accessportal.accounts.models import User
from accessportal.audit import record
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.keys import KeyMissing, WrongKey
from accessportal.news import site_topic, tell_news
from accessportal.origin import SYSTEM, Origin
from accessportal.plants.models import Endpoint, EndpointCheck
from accessportal.plants.vault import open_secrets
from accessportal.transitions import transition
from sessions.broker.upstream import guacd_address
from sessions.guacamole.endpoint_check import (
    CheckResult,
    check_endpoint,
    check_tcp,
    offered_host_keys,
)
from sessions.models import BrokeredSession
from sessions.services.upstream_facts import endpoint_facts, sign_in

OVERDUE = timedelta(minutes=3)  # of a check that its worker did not finish

# Lazy: what a check found is kept in English and translated for whoever reads it.
UNREADABLE = gettext_lazy(
    "The stored sign-in cannot be opened with the portal's key. Store it again."
)
INTERRUPTED = gettext_lazy(
    "The test was interrupted before it found anything. Start it again."
)

State = EndpointCheck.State
Probe = Endpoint.Probe


def kinds_allowed(endpoint: Endpoint) -> list[Probe]:
    """What the endpoint's own facts let us try, the gentlest first."""
    allowed = {
        Probe.NEVER: [],
        Probe.TCP: [Probe.TCP],
        Probe.FULL: [Probe.TCP, Probe.FULL],
    }
    return allowed[Probe(endpoint.probe)]


def disturbs(endpoint: Endpoint, kind: str) -> bool:
    """Whether somebody at the machine, or working on it, may be thrown out by it."""
    return kind == Probe.FULL and (
        endpoint.takes_local_screen or endpoint.max_clients == 1
    )


@transaction.atomic
def start_endpoint_check(
    endpoint: Endpoint,
    *,
    acting_user: User,
    origin: Origin,
    kind: str,
    disturbance_accepted: bool = False,
) -> EndpointCheck:
    """Have a worker test the connection. `kind`: tcp, or full (sign in, first picture).

    Raises `NotPossible` for what the endpoint's facts forbid, and where a disturbance
    was not accepted; `TooLate` while somebody works there or another check runs.
    """
    endpoint = (
        Endpoint.objects.select_for_update(of=("self",))
        .select_related("asset__zone__site")
        .get(pk=endpoint.pk)
    )
    site = endpoint.asset.zone.site

    if not may(acting_user, Action.PLANT_CHANGE, site):
        raise NotAllowed
    if kind not in kinds_allowed(endpoint):
        raise NotPossible(
            _("This machine must not be tested in this way."), code="check_not_allowed"
        )
    if disturbs(endpoint, kind):
        _guard_nobody_works(endpoint)
        if not disturbance_accepted:
            raise NotPossible(
                _("Say first that the people at the machine know of it."),
                code="disturbance_not_accepted",
            )
    _guard_no_other_check(endpoint)

    check = EndpointCheck.objects.create(
        endpoint=endpoint, kind=kind, started_by=acting_user
    )

    record(
        "endpoint.checked",
        acting_user=acting_user,
        subject=endpoint,
        origin=origin,
        site=site,
        kind=kind,
        state=State.RUNNING,
        disturbance_accepted=disturbance_accepted,
    )

    transaction.on_commit(lambda: _queue(check.pk))
    return check


def run_endpoint_check(check: EndpointCheck) -> EndpointCheck:
    """Test the connection now, outside of any transaction; called by the worker."""
    if check.state != State.RUNNING:
        return check
    endpoint = check.endpoint
    try:
        result = _probe(endpoint, check.kind)
    except (WrongKey, KeyMissing):
        result = CheckResult(False, "credential_unreadable", UNREADABLE, 0)
    except Exception:
        _finish_anyway(check)
        raise
    return finish_endpoint_check(check, result)


@transaction.atomic
def finish_endpoint_check(
    check: EndpointCheck,
    result: CheckResult,
    *,
    acting_user: None = None,
    origin: Origin = SYSTEM,
) -> EndpointCheck:
    """Keep what a check found. The sentence is kept in English; pages translate it."""
    site = check.endpoint.asset.zone.site
    with override("en"):
        finding = str(result.sentence)[:500]

    transition(
        check,
        expected=State.RUNNING,
        to=State.PASSED if result.passed else State.FAILED,
        finished_at=timezone.now(),
        finding=finding,
        milliseconds=result.milliseconds,
        learnt_host_key=result.host_key,
    )

    record(
        "endpoint.checked",
        acting_user=acting_user,
        subject=check.endpoint,
        origin=origin,
        site=site,
        result="ok" if result.passed else "error",
        kind=check.kind,
        state=check.state,
        found=result.key,
        started_by=check.started_by.full_name,
    )

    transaction.on_commit(lambda: tell_news(site_topic(site.pk), about="plants"))
    return check


def is_overdue(check: EndpointCheck) -> bool:
    """Still running long after it should have ended: its worker is gone."""
    return check.state == State.RUNNING and check.started_at < timezone.now() - OVERDUE


def _probe(endpoint: Endpoint, kind: str) -> CheckResult:
    if kind == Probe.TCP:
        result = check_tcp(endpoint.host, endpoint.port)
        if (
            not result.passed
            or endpoint.protocol != Endpoint.Protocol.SSH
            or endpoint.host_key
        ):
            return result
        # The key that guacd's SSH library would ask for comes first.
        offered = offered_host_keys(endpoint.host, endpoint.port)
        return replace(result, host_key=next(iter(offered), ""))
    return check_endpoint(
        guacd_address(), endpoint_facts(endpoint), sign_in(open_secrets(endpoint))
    )


def _guard_nobody_works(endpoint: Endpoint) -> None:
    working = (
        BrokeredSession.objects.holding_a_slot()
        .filter(endpoint=endpoint)
        .select_related("started_by")
        .first()
    )
    if working is not None:
        raise TooLate(
            _("%(name)s works on this machine now (%(session)s). Test it afterwards.")
            % {"name": working.started_by, "session": working.number},
            code="endpoint_in_use",
        )


def _guard_no_other_check(endpoint: Endpoint) -> None:
    for other in endpoint.checks.filter(state=State.RUNNING):
        if not is_overdue(other):
            raise TooLate(
                _("A test of this connection is running already."), code="check_running"
            )
        finish_endpoint_check(other, interrupted())


def interrupted() -> CheckResult:
    return CheckResult(False, "interrupted", INTERRUPTED, 0)


def _finish_anyway(check: EndpointCheck) -> None:
    """A bug must not leave a check running for ever; the error itself is raised on."""
    finish_endpoint_check(check, interrupted())


def _queue(pk: int) -> None:
    """Tasks import services, so this import has to wait."""
    from sessions.tasks import run_endpoint_check as task

    task.delay(pk)
