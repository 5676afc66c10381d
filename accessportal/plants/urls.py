"""The plant: /plants/. Tests of connections are in `sessions`, under the same prefix."""

from __future__ import annotations

from django.urls import path

from accessportal.plants.views import (
    calendars,
    catalogue,
    checklist,
    freezes,
    roster,
)

app_name = "plants"
urlpatterns = [
    path("", catalogue.site_list, name="site_list"),
    path("sites/new/", catalogue.site_new, name="site_new"),
    path("sites/<slug:slug>/", catalogue.site_detail, name="site_detail"),
    path("sites/<slug:slug>/edit/", catalogue.site_edit, name="site_edit"),
    path("sites/<slug:slug>/zones/new/", catalogue.zone_new, name="zone_new"),
    path("sites/<slug:slug>/assets/new/", catalogue.asset_new, name="asset_new"),
    path(
        "sites/<slug:slug>/freezes/new/",
        freezes.planned_new,
        {"kind": "freeze"},
        name="freeze_new",
    ),
    path("sites/<slug:slug>/checklist/", checklist.checklist, name="checklist"),
    path(
        "checklist/<int:pk>/remove/",
        checklist.checklist_remove,
        name="checklist_remove",
    ),
    path(
        "sites/<slug:slug>/stops/new/",
        freezes.planned_new,
        {"kind": "stop"},
        name="stop_new",
    ),
    path(
        "stops/<int:pk>/remove/",
        freezes.planned_remove,
        {"kind": "stop"},
        name="stop_remove",
    ),
    path("sites/<slug:slug>/calendars/", calendars.calendar_list, name="calendars"),
    path(
        "sites/<slug:slug>/calendars/import/",
        calendars.calendar_import,
        name="calendar_import",
    ),
    path(
        "sites/<slug:slug>/calendars/add/", calendars.calendar_add, name="calendar_add"
    ),
    path(
        "calendars/<int:pk>/remove/", calendars.calendar_remove, name="calendar_remove"
    ),
    path("sites/<slug:slug>/roster/", roster.roster, name="roster"),
    path("sites/<slug:slug>/roster/shifts/new/", roster.shift_new, name="shift_new"),
    path(
        "sites/<slug:slug>/roster/exceptions/new/",
        roster.exception_new,
        name="exception_new",
    ),
    path(
        "sites/<slug:slug>/roster/import/", roster.roster_import, name="roster_import"
    ),
    path("shifts/<int:pk>/edit/", roster.shift_edit, name="shift_edit"),
    path("shifts/<int:pk>/remove/", roster.shift_remove, name="shift_remove"),
    path(
        "exceptions/<int:pk>/remove/", roster.exception_remove, name="exception_remove"
    ),
    path(
        "freezes/<int:pk>/remove/",
        freezes.planned_remove,
        {"kind": "freeze"},
        name="freeze_remove",
    ),
    path("assets/<slug:slug>/", catalogue.asset_detail, name="asset_detail"),
    path("assets/<slug:slug>/edit/", catalogue.asset_edit, name="asset_edit"),
    path(
        "assets/<slug:slug>/endpoints/new/", catalogue.endpoint_new, name="endpoint_new"
    ),
    path("endpoints/<int:pk>/edit/", catalogue.endpoint_edit, name="endpoint_edit"),
    path(
        "endpoints/<int:pk>/credential/", catalogue.credential_form, name="credential"
    ),
    path(
        "endpoints/<int:pk>/credential/store/",
        catalogue.credential_store,
        name="credential_store",
    ),
]
