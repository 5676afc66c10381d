from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "accessportal.audit"
    label = "audit"
    verbose_name = "Audit trail"
