"""Who may see and change the plant: its sites, screens, machines and calendars, and how it is told."""

from __future__ import annotations

from tests.guards.lines import CONTRACTORS, EVERYBODY, PLANT, Line

PLANTS: dict[str, Line] = {
    # How one is told; the device is Vera's
    "notifications:wishes": Line(yes=EVERYBODY),
    "notifications:device": Line(yes=EVERYBODY),
    **{
        f"notifications:{name}": Line(
            yes="vera",
            not_known="vito victor olga omar ivan cora adam",
            args="push_device",
            method="post",
        )
        for name in ("remove_device", "test_device")
    },
    # The plant's own tools
    "notifications:webhooks": Line(yes="adam", no=f"{CONTRACTORS} olga omar ivan cora"),
    "notifications:add_webhook": Line(
        yes="adam",
        no=f"{CONTRACTORS} olga omar ivan cora",
        method="post",
        data=(
            ("name", "Chat"),
            ("kind", "ntfy"),
            ("site", "{site_pk}"),
            ("groups", "live"),
            ("says", "number"),
            ("address", "https://ntfy.plant.example/shift"),
        ),
    ),
    **{
        f"notifications:{name}": Line(
            yes="adam",
            no=f"{CONTRACTORS} olga omar ivan cora",
            args="webhook",
            method="post",
        )
        for name in ("test_webhook", "retire_webhook")
    },
    # Screens of the control room
    "stations:list": Line(
        yes="adam", no="olga ivan cora", not_known=f"{CONTRACTORS} omar", args="site"
    ),
    "stations:enrol": Line(
        yes="adam",
        no="olga ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="site",
        method="post",
        data=(("place", "Filling control room"),),
    ),
    "stations:revoke": Line(
        yes="adam",
        no="olga ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="station",
        method="post",
    ),
    # The plant
    "plants:site_list": Line(yes=PLANT, no=CONTRACTORS),
    "plants:site_new": Line(yes="adam", no=f"{CONTRACTORS} olga omar ivan cora"),
    "plants:site_detail": Line(
        yes="olga ivan cora adam", not_known=f"{CONTRACTORS} omar", args="site"
    ),
    "plants:site_edit": Line(
        yes="adam", no="olga ivan cora", not_known=f"{CONTRACTORS} omar", args="site"
    ),
    "plants:zone_new": Line(
        yes="adam", no="olga ivan cora", not_known=f"{CONTRACTORS} omar", args="site"
    ),
    "plants:asset_new": Line(
        yes="adam", no="olga ivan cora", not_known=f"{CONTRACTORS} omar", args="site"
    ),
    "plants:freeze_new": Line(
        yes="adam olga", no="ivan cora", not_known=f"{CONTRACTORS} omar", args="site"
    ),
    "plants:checklist": Line(
        yes="olga ivan cora adam", not_known=f"{CONTRACTORS} omar", args="site"
    ),
    "plants:checklist_remove": Line(
        yes="adam olga",
        no="ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="checklist_item",
        method="post",
    ),
    "plants:stop_new": Line(
        yes="adam olga", no="ivan cora", not_known=f"{CONTRACTORS} omar", args="site"
    ),
    "plants:stop_remove": Line(
        yes="adam olga",
        no="ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="stop",
        method="post",
    ),
    "plants:calendars": Line(
        yes="olga ivan cora adam", not_known=f"{CONTRACTORS} omar", args="site"
    ),
    "plants:calendar_import": Line(
        yes="adam olga",
        no="ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="site",
        method="post",
    ),
    "plants:calendar_add": Line(
        yes="adam",
        no="olga ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="site",
        method="post",
    ),
    "plants:calendar_remove": Line(
        yes="adam",
        no="olga ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="calendar",
        method="post",
    ),
    "plants:freeze_remove": Line(
        yes="adam olga",
        no="ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="freeze",
        method="post",
    ),
    "plants:asset_detail": Line(
        yes="olga ivan cora adam", not_known=f"{CONTRACTORS} omar", args="asset"
    ),
    "plants:asset_edit": Line(
        yes="adam", no="olga ivan cora", not_known=f"{CONTRACTORS} omar", args="asset"
    ),
    "lockout:lock": Line(
        yes="olga",
        no="ivan cora adam",
        not_known=f"{CONTRACTORS} omar",
        args="asset",
        method="post",
        data=(("reason", "Padlock"),),
    ),
    "lockout:unlock": Line(
        yes="olga",
        no="ivan cora adam",
        not_known=f"{CONTRACTORS} omar",
        args="asset",
        method="post",
        data=(("reason", "Done"),),
    ),
    "plants:endpoint_new": Line(
        yes="adam", no="olga ivan cora", not_known=f"{CONTRACTORS} omar", args="asset"
    ),
    "plants:endpoint_edit": Line(
        yes="adam",
        no="olga ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="endpoint",
    ),
    "plants:credential": Line(
        yes="adam",
        no="olga ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="endpoint",
    ),
    "plants:credential_store": Line(
        yes="adam",
        no="olga ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="endpoint",
        method="post",
    ),
    "endpoint_checks:prepare": Line(
        yes="adam",
        no="olga ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="endpoint",
    ),
    "endpoint_checks:start": Line(
        yes="adam",
        no="olga ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="endpoint",
        method="post",
    ),
    "endpoint_checks:unpin": Line(
        yes="adam",
        no="olga ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="endpoint",
        method="post",
    ),
    "endpoint_checks:detail": Line(
        yes="adam", no="olga ivan cora", not_known=f"{CONTRACTORS} omar", args="check"
    ),
    "endpoint_checks:pin": Line(
        yes="adam",
        no="olga ivan cora",
        not_known=f"{CONTRACTORS} omar",
        args="check",
        method="post",
    ),
}
