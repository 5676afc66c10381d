"""The console step: the live board, a session's page, its console, and what is done there."""

from __future__ import annotations

from django.urls import path

from sessions.views import acts, board, console

app_name = "sessions"
urlpatterns = [
    path("", board.board, name="board"),
    path(
        "start/<int:window_pk>/<int:endpoint_pk>/", console.start, name="console_start"
    ),
    path("<uuid:pk>/", board.detail, name="detail"),
    path("<uuid:pk>/console/", console.console, name="console"),
    path("<uuid:pk>/watch/", console.watch, name="watch"),
    path("<uuid:pk>/status/", console.status, name="status"),
    path("<uuid:pk>/ticket/", acts.ticket, name="ticket"),
    path("<uuid:pk>/message/", acts.message, name="message"),
    path("<uuid:pk>/more-time/", acts.more_time, name="more_time"),
    path("<uuid:pk>/freeze/", acts.freeze, name="freeze"),
    path("<uuid:pk>/unfreeze/", acts.unfreeze, name="unfreeze"),
    path("<uuid:pk>/resume/", acts.resume, name="resume"),
    path("<uuid:pk>/end/", acts.end, name="end"),
]
