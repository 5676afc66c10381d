"""The wall: /sessions/wall/, below which alone a station's cookie is sent."""

from __future__ import annotations

from django.urls import path

from sessions.views import wall

app_name = "wall"
urlpatterns = [
    path("", wall.wall, name="wall"),
    path("now/", wall.now, name="now"),
    path("join/", wall.join, name="join"),
    path("sessions/<uuid:pk>/", wall.act, name="act"),
    path("acts/<int:pk>/name/", wall.name, name="name"),
    path("requests/<str:number>/", wall.decide, name="decide"),
    path("requests/<str:number>/decided/", wall.decided, name="decided"),
]
