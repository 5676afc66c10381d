from __future__ import annotations

from typing import Any

from django.db import migrations, models
from django.utils import timezone


def begin_the_time(apps: Any, schema_editor: Any) -> None:
    """Whoever has signed in before and has no factor lost it: their time begins now."""
    user = apps.get_model("accounts", "User")
    apps_set_up = apps.get_model("otp_totp", "TOTPDevice").objects.filter(
        confirmed=True
    )
    passkeys = apps.get_model("accounts", "Passkey").objects.filter(
        distrusted_at__isnull=True
    )
    user.objects.filter(last_login__isnull=False, disabled_at__isnull=True).exclude(
        pk__in=apps_set_up.values("user")
    ).exclude(pk__in=passkeys.values("user")).update(factors_gone_at=timezone.now())


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0011_sign_in"),
        ("otp_totp", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="factors_gone_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.RunPython(begin_the_time, migrations.RunPython.noop),
    ]
