"""The map of the portal; each step of the flow has its own group."""

from __future__ import annotations

from django.urls import include, path

from accessportal import views

urlpatterns = [
    path("", views.home, name="home"),
    path("accounts/", include("accessportal.accounts.urls")),
]
