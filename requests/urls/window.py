"""Window: /windows/."""

from __future__ import annotations

from django.urls import path

from requests.views import window

app_name = "windows"
urlpatterns = [
    path("", window.window_list, name="list"),
    path("<str:number>/revoke/", window.revoke, name="revoke"),
    path("<str:number>/extend/", window.ask_for_more_time, name="extend"),
    path("extensions/<int:pk>/grant/", window.grant, name="grant"),
    path("extensions/<int:pk>/refuse/", window.refuse, name="refuse"),
]
