from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accessportal.accounts"
    label = "accounts"
    verbose_name = "People and vendors"

    def ready(self) -> None:
        from accessportal.accounts.directory import checks  # noqa: F401 - registers
