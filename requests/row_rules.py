"""What the database itself refuses about requests and their windows, beside the verbs."""

from __future__ import annotations

from accessportal.row_rules import RowRule


def site_of(endpoint: str) -> str:
    """SQL for the site of the endpoint with this id, itself SQL."""
    return (
        "(SELECT zone.site_id FROM plants_endpoint endpoint "  # noqa: S608 - nobody's input
        "JOIN plants_asset asset ON asset.id = endpoint.asset_id "
        "JOIN plants_zone zone ON zone.id = asset.zone_id "
        f"WHERE endpoint.id = {endpoint})"
    )


RULES = (
    RowRule(
        name="window_of_an_approved_request",
        table="access_requests_maintenancewindow",
        columns=("access_request_id",),
        locked="access_requests_accessrequest WHERE id = NEW.access_request_id FOR SHARE",
        refused=(
            "NOT EXISTS (SELECT 1 FROM access_requests_accessrequest asked "
            "WHERE asked.id = NEW.access_request_id AND asked.state = 'approved')"
        ),
        words="a window exists only for an approved request",
    ),
    RowRule(
        name="request_with_a_window_stays_approved",
        table="access_requests_accessrequest",
        columns=("state",),
        inserts=False,
        refused=(
            "NEW.state <> 'approved' AND EXISTS (SELECT 1 FROM "
            "access_requests_maintenancewindow made WHERE made.access_request_id = NEW.id)"
        ),
        words="a request that has a window stays approved",
    ),
    RowRule(
        name="decision_not_by_who_opened_the_emergency",
        table="access_requests_approvaldecision",
        columns=("access_request_id", "decided_by_id"),
        refused=(
            "EXISTS (SELECT 1 FROM access_requests_accessrequest asked "
            "WHERE asked.id = NEW.access_request_id "
            "AND asked.emergency_by_id = NEW.decided_by_id)"
        ),
        words="who opened an emergency does not decide on it",
    ),
    RowRule(
        name="second_look_by_somebody_else",
        table="access_requests_emergencylook",
        columns=("looked_by_id",),
        refused=(
            "EXISTS (SELECT 1 FROM access_requests_approvaldecision said "
            "WHERE said.access_request_id = NEW.access_request_id "
            "AND said.decided_by_id = NEW.looked_by_id) OR EXISTS (SELECT 1 "
            "FROM access_requests_accessrequest asked "
            "WHERE asked.id = NEW.access_request_id "
            "AND asked.emergency_by_id = NEW.looked_by_id)"
        ),
        words="who let somebody in does not take the second look",
    ),
    RowRule(
        name="escort_by_the_plant_of_who_asked",
        table="access_requests_escort",
        columns=("access_request_id", "person_id", "offered_by_id"),
        refused=(
            "EXISTS (SELECT 1 FROM accounts_user escort "
            "WHERE escort.id = NEW.offered_by_id AND escort.vendor_id IS NOT NULL) "
            "OR NOT EXISTS (SELECT 1 FROM access_requests_accessrequest asked "
            "WHERE asked.id = NEW.access_request_id AND asked.state = 'approved' "
            "AND asked.requested_by_id = NEW.person_id "
            "AND (asked.emergency_by_id IS NULL "
            "OR asked.emergency_by_id <> NEW.offered_by_id))"
        ),
        words="somebody of the plant, who did not open the request, escorts who asked",
    ),
    RowRule(
        name="requested_endpoint_of_the_requests_site",
        table="access_requests_requestedendpoint",
        columns=("access_request_id", "endpoint_id"),
        locked="access_requests_accessrequest WHERE id = NEW.access_request_id FOR SHARE",
        refused=(
            f"{site_of('NEW.endpoint_id')} <> "  # noqa: S608 - nobody's input
            "(SELECT asked.site_id FROM access_requests_accessrequest asked "
            "WHERE asked.id = NEW.access_request_id)"
        ),
        words="an endpoint is of the site of its request",
    ),
    RowRule(
        name="request_stays_at_the_site_of_its_endpoints",
        table="access_requests_accessrequest",
        columns=("site_id",),
        inserts=False,
        refused=(
            "EXISTS (SELECT 1 FROM access_requests_requestedendpoint wanted "  # noqa: S608 - nobody's input
            "WHERE wanted.access_request_id = NEW.id AND NEW.site_id <> "
            f"{site_of('wanted.endpoint_id')})"
        ),
        words="a request stays at the site of its endpoints",
    ),
    RowRule(
        name="asset_that_was_asked_for_stays_at_its_site",
        table="plants_asset",
        columns=("zone_id",),
        inserts=False,
        refused=(
            "EXISTS (SELECT 1 FROM plants_zone here, plants_zone there "
            "WHERE here.id = OLD.zone_id AND there.id = NEW.zone_id "
            "AND here.site_id <> there.site_id) AND EXISTS (SELECT 1 "
            "FROM access_requests_requestedendpoint wanted JOIN plants_endpoint endpoint "
            "ON endpoint.id = wanted.endpoint_id WHERE endpoint.asset_id = NEW.id)"
        ),
        words="an asset that was asked for stays at its site",
    ),
)
