"""Telling people: what they are told, the ways it goes out, and what they wish."""

from accessportal.notifications.models.device import PushDevice
from accessportal.notifications.models.notification import Delivery, Notification
from accessportal.notifications.models.webhook import Webhook, WebhookCall
from accessportal.notifications.models.wishes import NotificationWishes

__all__ = [
    "Delivery",
    "Notification",
    "NotificationWishes",
    "PushDevice",
    "Webhook",
    "WebhookCall",
]
