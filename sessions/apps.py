from django.apps import AppConfig


class BrokeredSessionsConfig(AppConfig):
    name = "sessions"
    label = "brokered_sessions"
    verbose_name = "Brokered sessions"

    def ready(self) -> None:
        from sessions import receivers  # noqa: F401 - connects them
