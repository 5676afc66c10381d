"""The recording step: the list of recordings, the player and what it fetches."""

from __future__ import annotations

from django.urls import path

from sessions.views import recording

app_name = "recordings"
urlpatterns = [
    path("", recording.recording_list, name="list"),
    path("<str:number>/", recording.player, name="player"),
    path("<str:number>/map.json", recording.recording_map, name="map"),
    path(
        "<str:number>/segments/<int:segment_number>/", recording.segment, name="segment"
    ),
    path("<str:number>/input/", recording.input_lines, name="input"),
    path("<str:number>/verify/", recording.verify, name="verify"),
]
