"""The map of the portal; each step of the flow has its own group."""

from __future__ import annotations

from django.urls import include, path

from accessportal import installed_app, views
from accessportal.api.app import api_urls, description

urlpatterns = [
    path("", views.home, name="home"),
    path("in-force/", views.in_force, name="in_force"),
    path("account/ready/", views.ready, name="ready"),
    path("account/ready/link/", views.link_test, name="link_test"),
    path("app.webmanifest", installed_app.manifest, name="manifest"),
    path("service-worker.js", installed_app.service_worker, name="service_worker"),
    path("offline/", installed_app.offline, name="offline"),
    path("", include("accessportal.notifications.urls")),
    # Before the accounts' own /vendors/<slug>/: "new" is no vendor's slug.
    path("vendors/", include("accessportal.plants.urls_vendors")),
    path("", include("accessportal.accounts.urls")),
    path("requests/", include("requests.urls.submission")),
    path("approvals/", include("requests.urls.approval")),
    path("policy/", include("requests.urls.policy")),
    path("emergencies/", include("requests.urls.emergency")),
    path("escorts/", include("requests.urls.escort")),
    path("windows/", include("requests.urls.window")),
    path("sessions/wall/", include("sessions.urls_wall")),
    path("sessions/", include("sessions.urls")),
    path("tunnel/", include("sessions.urls_tunnel")),
    path("isolation/", include("sessions.urls_isolation")),
    path("departures/", include("sessions.urls_departures")),
    path("recordings/", include("sessions.urls_recording")),
    path("reviews/", include("sessions.urls_review")),
    path("plants/", include("accessportal.plants.urls")),
    path("plants/", include("sessions.urls_endpoint_check")),
    path("plants/", include("sessions.urls_guacd")),
    path("plants/", include("sessions.urls_lockout")),
    path("plants/", include("sessions.urls_stations")),
    path("desktops/", include("sessions.urls_desktops")),
    path("audit/", include("accessportal.audit.urls")),
    path("alerts/", include("accessportal.alerts.urls")),
    path("api/v1/openapi.json", description, name="api_description"),
    path("api/v1/", api_urls()),
]
