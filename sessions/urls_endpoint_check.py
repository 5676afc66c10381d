"""Tests of connections, under /plants/ beside the plant's own pages."""

from __future__ import annotations

from django.urls import path

from sessions.views import endpoint_check

app_name = "endpoint_checks"
urlpatterns = [
    path("endpoints/<int:pk>/check/", endpoint_check.prepare, name="prepare"),
    path("endpoints/<int:pk>/check/start/", endpoint_check.start, name="start"),
    path("endpoints/<int:pk>/unpin/", endpoint_check.unpin, name="unpin"),
    path("checks/<int:pk>/", endpoint_check.detail, name="detail"),
    path("checks/<int:pk>/pin/", endpoint_check.pin, name="pin"),
]
