"""Stopping many at once: isolate a site, suspend a vendor, lift it, drill it."""

from __future__ import annotations

from django.urls import path

from sessions.views import drill, isolation

app_name = "isolation"
urlpatterns = [
    path("", isolation.order_list, name="list"),
    path("sites/<slug:slug>/", isolation.site_confirm, name="site"),
    path("sites/<slug:slug>/isolate/", isolation.isolate, name="isolate"),
    path("vendors/<slug:slug>/", isolation.vendor_confirm, name="vendor"),
    path("vendors/<slug:slug>/suspend/", isolation.suspend, name="suspend"),
    path("drills/sites/<slug:slug>/", drill.site_drill, name="site_drill"),
    path(
        "drills/sites/<slug:slug>/start/", drill.start_at_site, name="start_site_drill"
    ),
    path("drills/vendors/<slug:slug>/", drill.vendor_drill, name="vendor_drill"),
    path(
        "drills/vendors/<slug:slug>/start/",
        drill.start_of_vendor,
        name="start_vendor_drill",
    ),
    path("<str:number>/", isolation.order, name="order"),
    path("<str:number>/lift/", isolation.lift, name="lift"),
]
