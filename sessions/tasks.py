"""What the clock and the end of a session ask for."""

from __future__ import annotations

from celery import shared_task

from accessportal.plants.models import EndpointCheck
from sessions.services import (
    abandoned,
    charge,
    departures,
    endpoint_check,
    recording,
    recording_check,
    stop_orders,
)


@shared_task(name="sessions.end_sessions_past_window")
def end_sessions_past_window() -> int:
    """End, and prove over, the sessions whose broker is dead; how many."""
    return abandoned.end_abandoned_sessions(patience=3.0)


@shared_task(name="sessions.notice_missing_charge")
def notice_missing_charge() -> int:
    """Say of which live sessions nobody is in charge any more; how many."""
    return charge.notice_missing_charge()


@shared_task(name="sessions.seal_abandoned_recordings")
def seal_abandoned_recordings() -> int:
    """Seal what a crash left being written, and look over what was missed; how many."""
    sealed = recording.seal_abandoned_recordings()
    for recording_id in recording_check.overlooked():
        look_over_recording.delay(recording_id)
    return sealed


@shared_task(name="sessions.settle_stop_orders")
def settle_stop_orders() -> int:
    """Complete stop orders and departures that nothing is waited for; how many."""
    return stop_orders.settle_orders() + departures.settle_departures()


@shared_task(name="sessions.look_over_recording")
def look_over_recording(recording_id: int) -> None:
    """Hand the files of a closed recording over, read its time line, verify it."""
    recording_check.look_over(recording_id)


@shared_task(name="sessions.verify_again")
def verify_again(recording_id: int, user_id: int) -> None:
    """Check a recording because somebody asked; the verdict is kept and told."""
    recording_check.verify_for(recording_id, user_id)


@shared_task(name="sessions.run_endpoint_check")
def run_endpoint_check(check_id: int) -> None:
    """Test a connection as an administrator asked; what was found is in the row."""
    check = EndpointCheck.objects.select_related(
        "endpoint__asset__zone__site", "started_by"
    ).get(pk=check_id)
    endpoint_check.run_endpoint_check(check)
