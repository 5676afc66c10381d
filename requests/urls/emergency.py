"""When the line is down: /emergencies/."""

from __future__ import annotations

from django.urls import path

from requests.views import emergency

app_name = "emergencies"
urlpatterns = [
    path("", emergency.emergency_list, name="list"),
    path("new/", emergency.new_emergency, name="new"),
    path("export/", emergency.emergency_export, name="export"),
    path("<str:number>/look/", emergency.look, name="look"),
    path("<str:number>/withdraw/", emergency.withdraw, name="withdraw"),
]
