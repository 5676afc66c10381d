from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accessportal.accounts"
    label = "accounts"
    verbose_name = "People and vendors"

    def ready(self) -> None:
        from accessportal.accounts.directory import checks  # noqa: F401 - registers
        from accessportal.accounts.undeletable import refuse_deletion

        post_migrate.connect(
            refuse_deletion, sender=self, dispatch_uid="accounts.refuse_deletion"
        )
