"""The approval policy of the demo plant: who has to agree where one supervisor is not enough."""

from __future__ import annotations

from accessportal.demo.past import origin_of
from accessportal.demo.plant import DemoPlant
from accessportal.plants.models import Zone
from requests.models import ApproverGroup
from requests.policy.reading import rules_from
from requests.policy.rules import IT_SECURITY, OT_SUPERVISOR
from requests.policy.trials import trials_from
from requests.services.policy import (
    add_group,
    add_to_group,
    change_draft,
    put_in_force,
)

REASON = "IEC 62443-3-3 SR 2.1 RE 4: dual approval where a machine can hurt somebody"


def write_policy(plant: DemoPlant) -> None:
    """Adam writes the first version, with its examples, and puts it in force."""
    adam, origin = plant.people["adam"], origin_of("adam")
    group: ApproverGroup = add_group(
        acting_user=adam, origin=origin, name="Process engineers", reason=REASON
    )
    add_to_group(
        group,
        acting_user=adam,
        origin=origin,
        person=plant.people["hanna"],
        reason="Knows the cleaning recipes",
    )
    palletiser = plant.endpoints["palletiser-2"].asset
    capper = plant.endpoints["capper-cp-3"].asset
    zones = {
        (zone.site.slug, zone.name): zone.pk
        for zone in Zone.objects.select_related("site")
    }
    change_draft(
        acting_user=adam,
        rules=rules_from(
            [
                {
                    "name": "Robots under remote control",
                    "when": {
                        "zones": [zones["north", "Packaging"]],
                        "criticalities": ["high"],
                        "permissions": ["control"],
                    },
                    "then": {
                        "steps": [
                            {"who": OT_SUPERVISOR},
                            {
                                "who": IT_SECURITY,
                                "deputy": group.who,
                                "after_minutes": 240,
                            },
                        ],
                        "longest_minutes": 240,
                        "unusual": "The gantry moves: nobody may be inside the fence.",
                        "recurring": "never",
                    },
                },
                {
                    "name": "Cleaning in place",
                    "when": {"zones": [zones["north", "Utilities"]]},
                    "then": {
                        "steps": [
                            {"who": group.who},
                            {"who": OT_SUPERVISOR, "order": 2},
                        ],
                        "hours": {
                            "weekdays": "12345",
                            "from": "06:00",
                            "until": "20:00",
                        },
                    },
                },
                {
                    "name": "Looking at a gateway's log",
                    "when": {
                        "zones": [zones["north", "Cell gateways"]],
                        "permissions": ["view"],
                    },
                    "then": {"recurring": "allowed"},
                },
                {
                    "name": "Weekly service of the capper",
                    "when": {"assets": [capper.pk]},
                    "then": {"recurring": "allowed", "confirm_each_use": True},
                },
            ]
        ),
        trials=trials_from(
            [
                {
                    "name": name,
                    "asset": palletiser.pk,
                    "vendor": plant.people["victor"].vendor_id,
                    "permission": permission,
                    "weekday": 2,
                    "at": "10:00",
                    "minutes": minutes,
                    "asks": asks,
                    "fits": fits,
                }
                for name, permission, minutes, asks, fits in (
                    ("Nordpack changes a pattern", "control", 120,
                     [OT_SUPERVISOR, IT_SECURITY], True),
                    ("Nordpack looks on", "view", 120, [OT_SUPERVISOR], True),
                    ("A whole shift of control", "control", 480,
                     [OT_SUPERVISOR, IT_SECURITY], False),
                )
            ]
        ),
    )  # fmt: skip
    put_in_force(acting_user=adam, origin=origin, reason=REASON)
