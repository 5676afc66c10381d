"""A window may also fall because a machine got another address."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("access_requests", "0003_later_looks_are_named_alike")]

    operations = [
        migrations.AlterField(
            "maintenancewindow",
            "revoke_cause",
            models.CharField(
                blank=True,
                choices=[
                    ("isolation", "The site was isolated"),
                    ("suspension", "The vendor was suspended"),
                    ("address", "A machine got another address"),
                ],
                max_length=12,
            ),
        ),
    ]
