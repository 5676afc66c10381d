from django.apps import AppConfig


class PlantsConfig(AppConfig):
    name = "accessportal.plants"
    label = "plants"
    verbose_name = "Plants"
