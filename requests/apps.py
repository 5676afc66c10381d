from django.apps import AppConfig


class AccessRequestsConfig(AppConfig):
    name = "requests"
    label = "access_requests"
    verbose_name = "Access requests"
