"""How one is told."""

from __future__ import annotations

from django.urls import path

from accessportal.notifications.views import account, webhooks

app_name = "notifications"

urlpatterns = [
    path("account/notifications/", account.wishes, name="wishes"),
    path("account/notifications/device/", account.device, name="device"),
    path(
        "account/notifications/device/<int:pk>/remove/",
        account.remove,
        name="remove_device",
    ),
    path(
        "account/notifications/device/<int:pk>/test/", account.test, name="test_device"
    ),
    path("push/shown/", account.shown, name="shown"),
    path("webhooks/", webhooks.webhook_list, name="webhooks"),
    path("webhooks/new/", webhooks.add, name="add_webhook"),
    path("webhooks/<int:pk>/test/", webhooks.test, name="test_webhook"),
    path("webhooks/<int:pk>/retire/", webhooks.retire, name="retire_webhook"),
]
