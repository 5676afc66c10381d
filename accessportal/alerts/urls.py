"""Security alerts: /alerts/."""

from __future__ import annotations

from django.urls import path

from accessportal.alerts import views

app_name = "alerts"
urlpatterns = [
    path("", views.alert_list, name="list"),
    path("<int:pk>/acknowledge/", views.acknowledge, name="acknowledge"),
]
