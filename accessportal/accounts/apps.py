from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accessportal.accounts"
    label = "accounts"
    verbose_name = "People and vendors"
