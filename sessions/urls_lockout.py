"""Locking machines, under /plants/ beside their own pages."""

from __future__ import annotations

from django.urls import path

from sessions.views import lockout

app_name = "lockout"
urlpatterns = [
    path("assets/<slug:slug>/lock/", lockout.lock, name="lock"),
    path("assets/<slug:slug>/unlock/", lockout.unlock, name="unlock"),
]
