"""Adding and changing vendors; everything else about them is in `accounts`."""

from __future__ import annotations

from django.urls import path

from accessportal.plants.views import vendors

app_name = "vendor_records"
urlpatterns = [
    path("new/", vendors.vendor_new, name="new"),
    path("<slug:slug>/edit/", vendors.vendor_edit, name="edit"),
]
