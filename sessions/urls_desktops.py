"""Desktops that an earlier session may have left open: /desktops/."""

from __future__ import annotations

from django.urls import path

from sessions.views import desktops

app_name = "desktops"
urlpatterns = [
    path("", desktops.desktops, name="list"),
    path("<int:pk>/clear/", desktops.clear, name="clear"),
    path("ask/<int:window_pk>/<int:endpoint_pk>/", desktops.ask, name="ask"),
]
