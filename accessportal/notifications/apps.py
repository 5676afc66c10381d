from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "accessportal.notifications"
    label = "notifications"
    verbose_name = "Notifications"
