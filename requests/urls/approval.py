"""Approval: /approvals/."""

from __future__ import annotations

from django.urls import path

from requests.views import alike, approval, changing, later, lent_places

app_name = "approvals"
urlpatterns = [
    path("", approval.queue, name="queue"),
    path("later/<int:pk>/", later.look, name="later"),
    path("later/<int:pk>/agree/", later.agree, name="later_agree"),
    path("later/<int:pk>/refuse/", later.refuse, name="later_refuse"),
    path("lent/", lent_places.lent, name="lent"),
    path("lent/new/", lent_places.lend, name="lend"),
    path("lent/<int:pk>/end/", lent_places.lent_end, name="lent_end"),
    path("<str:number>/", approval.decide, name="decide"),
    path("<str:number>/approve/", approval.approve, name="approve"),
    path("<str:number>/propose/", changing.propose, name="propose"),
    path("<str:number>/alike/", alike.look, name="alike"),
    path("<str:number>/alike/approve/", alike.approve, name="approve_alike"),
    path("<str:number>/alike/deny/", alike.deny, name="deny_alike"),
    path("<str:number>/deny/", approval.deny, name="deny"),
]
