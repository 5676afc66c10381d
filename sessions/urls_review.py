"""The review step: the queue, and the verdict."""

from __future__ import annotations

from django.urls import path

from sessions.views import review

app_name = "reviews"
urlpatterns = [
    path("", review.queue, name="queue"),
    path("<str:number>/complete/", review.complete, name="complete"),
]
