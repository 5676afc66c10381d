from django.apps import AppConfig


class AlertsConfig(AppConfig):
    name = "accessportal.alerts"
    label = "alerts"
    verbose_name = "Security alerts"
