"""People of vendors who have left: the report, its proof, the list."""

from __future__ import annotations

from django.urls import path

from sessions.views import departures, revocations

app_name = "departures"
urlpatterns = [
    path("", departures.departure_list, name="list"),
    path("export/", departures.departure_export, name="export"),
    path("revocations/", revocations.revocation_list, name="revocations"),
    path(
        "revocations/export/",
        revocations.revocation_export,
        name="revocations_export",
    ),
    path("people/<int:pk>/report/", departures.report, name="report"),
    path("<str:number>/", departures.departure, name="detail"),
    path("<str:number>/confirm/", departures.confirm, name="confirm"),
]
