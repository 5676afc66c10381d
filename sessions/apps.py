from django.apps import AppConfig


class BrokeredSessionsConfig(AppConfig):
    name = "sessions"
    label = "brokered_sessions"
    verbose_name = "Brokered sessions"

    def ready(self) -> None:
        from accessportal.row_rules import keep_row_rules
        from sessions import receivers  # noqa: F401 - connects them
        from sessions.row_rules import RULES

        keep_row_rules(self, RULES)
