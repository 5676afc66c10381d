from django.apps import AppConfig


class AccessPortalConfig(AppConfig):
    name = "accessportal"
    verbose_name = "Access Portal"

    def ready(self) -> None:
        from accessportal import checks  # noqa: F401 - registers the system checks
