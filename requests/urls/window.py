"""Window: /windows/."""

from __future__ import annotations

from django.urls import path

from requests.views import feed, handover, reconfirmation, series, window

app_name = "windows"
urlpatterns = [
    path("", window.window_list, name="list"),
    path("feed/", feed.feed_page, name="feed_page"),
    path("feed/make/", feed.feed_make, name="feed_make"),
    path("feed/revoke/", feed.feed_revoke, name="feed_revoke"),
    path("feed/windows.ics", feed.feed, name="feed"),
    path("<str:number>/revoke/", window.revoke, name="revoke"),
    path("<str:number>/revoke-all/", series.revoke_all, name="revoke_series"),
    path("<str:number>/give-back/", series.give_back, name="give_back"),
    path("<str:number>/give-line/", handover.give, name="give_line"),
    path("<str:number>/postpone/", handover.postpone, name="postpone"),
    path("<str:number>/hand-back/", handover.hand_back, name="hand_back"),
    path("<str:number>/begin-now/", handover.begin_now, name="begin_now"),
    path("<str:number>/longer/", handover.longer, name="longer"),
    path("<str:number>/recall/", handover.recall, name="recall"),
    path("<str:number>/recall-seen/", handover.recall_seen, name="recall_seen"),
    path("line/<int:pk>/accept/", handover.accept, name="accept_line"),
    path("<str:number>/extend/", window.ask_for_more_time, name="extend"),
    path("<str:number>/reconfirm/", reconfirmation.look_again, name="reconfirm"),
    path("<str:number>/reconfirm/confirm/", reconfirmation.confirm, name="reconfirmed"),
    path("extensions/<int:pk>/grant/", window.grant, name="grant"),
    path("extensions/<int:pk>/refuse/", window.refuse, name="refuse"),
]
