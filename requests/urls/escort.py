"""Whom the plant escorts over a lapsed factor or training: /escorts/."""

from __future__ import annotations

from django.urls import path

from requests.views import escort

app_name = "escorts"
urlpatterns = [
    path("", escort.escort_list, name="list"),
    path("code/", escort.enter, name="enter"),
    path("<int:pk>/look/", escort.look, name="look"),
    path("<str:number>/", escort.own, name="own"),
    path("<str:number>/offer/", escort.offer, name="offer"),
]
