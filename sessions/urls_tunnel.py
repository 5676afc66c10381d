"""What a broker answers over HTTP; the proxy sends `/tunnel/<broker>/` to it."""

from __future__ import annotations

from django.urls import path

from sessions.views import held

app_name = "tunnel"
urlpatterns = [
    path("<str:broker>/<uuid:pk>/picture/", held.last_picture, name="last_picture"),
]
