from django.apps import AppConfig


class AccessRequestsConfig(AppConfig):
    name = "requests"
    label = "access_requests"
    verbose_name = "Access requests"

    def ready(self) -> None:
        from accessportal.row_rules import keep_row_rules
        from requests import receivers  # noqa: F401 - connects them
        from requests.row_rules import RULES

        keep_row_rules(self, RULES)
