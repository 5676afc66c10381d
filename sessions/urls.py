"""The console step: the live board, a session's page, its console, and what is done there."""

from __future__ import annotations

from django.urls import path

from sessions.views import (
    acts,
    baton,
    board,
    console,
    plant_side,
    shift,
    unrecorded,
)

app_name = "sessions"
urlpatterns = [
    path("", board.board, name="board"),
    path("now/", board.now, name="now"),
    path(
        "start/<int:window_pk>/<int:endpoint_pk>/", console.start, name="console_start"
    ),
    path("shift/", shift.shift, name="shift"),
    path("shift/offer/", shift.offer, name="shift_offer"),
    path("shift/accept/", shift.accept, name="shift_accept"),
    path("shift/decline/", shift.decline, name="shift_decline"),
    path("shift/attend/", shift.attend, name="shift_attend"),
    path("<uuid:pk>/", board.detail, name="detail"),
    path("<uuid:pk>/console/", console.console, name="console"),
    path("<uuid:pk>/join/", baton.join, name="join"),
    path("<uuid:pk>/watch/", console.watch, name="watch"),
    path("<uuid:pk>/status/", console.status, name="status"),
    path("<uuid:pk>/ticket/", acts.ticket, name="ticket"),
    path("<uuid:pk>/message/", acts.message, name="message"),
    path("<uuid:pk>/more-time/", acts.more_time, name="more_time"),
    path("<uuid:pk>/freeze/", acts.freeze, name="freeze"),
    path("<uuid:pk>/unfreeze/", acts.unfreeze, name="unfreeze"),
    path("<uuid:pk>/resume/", acts.resume, name="resume"),
    path("<uuid:pk>/end/", acts.end, name="end"),
    path(
        "<uuid:pk>/continue-unrecorded/",
        unrecorded.continue_unrecorded,
        name="continue_unrecorded",
    ),
    path("<uuid:pk>/baton/ask/", baton.ask_baton, name="ask_baton"),
    path("<uuid:pk>/baton/pass/", baton.pass_baton, name="pass_baton"),
    path("<uuid:pk>/control/take/", baton.take_control, name="take_control"),
    path("<uuid:pk>/control/return/", baton.return_control, name="return_control"),
    path("<uuid:pk>/hold/keep/", baton.keep_hold, name="keep_hold"),
    path("<uuid:pk>/looked/", board.looked, name="looked"),
    path("<uuid:pk>/acknowledge/", plant_side.acknowledge, name="acknowledge"),
    path("<uuid:pk>/recall-seen/", plant_side.recall_seen, name="recall_seen"),
    path("<uuid:pk>/step/declare/", plant_side.declare_step, name="declare_step"),
    path("<uuid:pk>/step/accept/", plant_side.accept_step, name="accept_step"),
    path("<uuid:pk>/step/refuse/", plant_side.refuse_step, name="refuse_step"),
    path("<uuid:pk>/step/end/", plant_side.end_step, name="end_step"),
    path("<uuid:pk>/more-time/give/", plant_side.give_time, name="give_time"),
    path("<uuid:pk>/more-time/refuse/", plant_side.refuse_time, name="refuse_time"),
    path("<uuid:pk>/attend/", plant_side.attend, name="attend"),
    path("<uuid:pk>/charge/take/", plant_side.take_charge, name="take_charge"),
]
