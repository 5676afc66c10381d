"""Approval: /approvals/."""

from __future__ import annotations

from django.urls import path

from requests.views import approval, changing

app_name = "approvals"
urlpatterns = [
    path("", approval.queue, name="queue"),
    path("<str:number>/", approval.decide, name="decide"),
    path("<str:number>/approve/", approval.approve, name="approve"),
    path("<str:number>/propose/", changing.propose, name="propose"),
    path("<str:number>/deny/", approval.deny, name="deny"),
]
