"""/audit/"""

from __future__ import annotations

from django.urls import path

from accessportal.audit import views

app_name = "audit"
urlpatterns = [
    path("", views.event_list, name="event_list"),
    path("export/", views.event_export, name="event_export"),
    path("<uuid:event_id>/", views.event_detail, name="event_detail"),
]
