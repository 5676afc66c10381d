"""Submission: /requests/."""

from __future__ import annotations

from django.urls import path

from requests.views import submission

app_name = "requests"
urlpatterns = [
    path("", submission.request_list, name="list"),
    path("new/", submission.new_request, name="new"),
    path("new/check/", submission.check_wish, name="check"),
    path("<str:number>/", submission.request_detail, name="detail"),
    path("<str:number>/withdraw/", submission.withdraw, name="withdraw"),
]
