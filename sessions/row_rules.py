"""What the database itself refuses about sessions, beside the verbs."""

from __future__ import annotations

from accessportal.row_rules import RowRule

RULES = (
    RowRule(
        # Who is live holds a place (a CHECK), and one place is held once (a UNIQUE); this
        # counts them, also where an endpoint bears fewer than it did.
        name="places_of_an_endpoint",
        table="brokered_sessions_brokeredsession",
        columns=("slot", "endpoint_id"),
        locked="plants_endpoint WHERE id = NEW.endpoint_id FOR NO KEY UPDATE",
        refused=(
            "NEW.slot IS NOT NULL AND (SELECT COUNT(*) "
            "FROM brokered_sessions_brokeredsession held "
            "WHERE held.endpoint_id = NEW.endpoint_id AND held.slot IS NOT NULL "
            "AND held.id <> NEW.id) >= (SELECT endpoint.max_clients "
            "FROM plants_endpoint endpoint WHERE endpoint.id = NEW.endpoint_id)"
        ),
        words="an endpoint bears no more sessions than it has places",
    ),
)
