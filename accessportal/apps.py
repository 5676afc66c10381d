from django.apps import AppConfig


class AccessPortalConfig(AppConfig):
    name = "accessportal"
    verbose_name = "Access Portal"

    def ready(self) -> None:
        # Imported for what it registers: the Celery application of `shared_task`, and
        # the system checks.
        from accessportal import celery, checks  # noqa: F401
