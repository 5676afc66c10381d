"""The stations of a site, under /plants/ beside its own pages."""

from __future__ import annotations

from django.urls import path

from sessions.views import stations

app_name = "stations"
urlpatterns = [
    path("sites/<slug:slug>/stations/", stations.station_list, name="list"),
    path("sites/<slug:slug>/stations/enrol/", stations.enrol, name="enrol"),
    path("stations/<int:pk>/revoke/", stations.revoke, name="revoke"),
]
