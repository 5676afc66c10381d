from __future__ import annotations

from binascii import unhexlify
from typing import Any

import django.db.models.deletion
from django.db import migrations, models

from accessportal.keys import seal, symmetric_key, unseal

SEALED = "sealed"


def binding(user_id: int) -> str:
    return f"accounts.authenticatorapp/{user_id}"


def put_under_keys(apps: Any, schema_editor: Any) -> None:
    """Seal the seed of every app that is set up; note the key of every set of codes.

    A row that is only inserted: django-otp's own stays as it is, but for its seed.
    """
    authenticator_app = apps.get_model("accounts", "AuthenticatorApp")
    for device in apps.get_model("otp_totp", "TOTPDevice").objects.all():
        authenticator_app(
            totpdevice_ptr_id=device.pk,
            seed_envelope=seal(
                "seeds", unhexlify(device.key), bound_to=binding(device.user_id)
            ),
        ).save_base(raw=True)
        type(device).objects.filter(pk=device.pk).update(key=SEALED)
    recovery_codes = apps.get_model("accounts", "RecoveryCodes")
    for device in apps.get_model("otp_static", "StaticDevice").objects.all():
        recovery_codes(
            staticdevice_ptr_id=device.pk, key_id=symmetric_key("codes")[0]
        ).save_base(raw=True)


def give_back(apps: Any, schema_editor: Any) -> None:
    """Back into the column of django-otp, as it was; codes under a retired key are lost."""
    devices = apps.get_model("otp_totp", "TOTPDevice").objects
    for app in apps.get_model("accounts", "AuthenticatorApp").objects.all():
        seed = unseal("seeds", app.seed_envelope, bound_to=binding(app.user_id))
        devices.filter(pk=app.pk).update(key=seed.hex())


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0012_time_to_renew_a_factor"),
        ("otp_static", "0003_add_timestamps"),
        ("otp_totp", "0003_add_timestamps"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuthenticatorApp",
            fields=[
                (
                    "totpdevice_ptr",
                    models.OneToOneField(
                        auto_created=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        parent_link=True,
                        primary_key=True,
                        serialize=False,
                        to="otp_totp.totpdevice",
                    ),
                ),
                ("seed_envelope", models.TextField(editable=False)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("seed_envelope__startswith", "v1.")),
                        name="the_seed_of_an_app_is_sealed",
                    )
                ],
            },
            bases=("otp_totp.totpdevice",),
        ),
        migrations.CreateModel(
            name="RecoveryCodes",
            fields=[
                (
                    "staticdevice_ptr",
                    models.OneToOneField(
                        auto_created=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        parent_link=True,
                        primary_key=True,
                        serialize=False,
                        to="otp_static.staticdevice",
                    ),
                ),
                ("key_id", models.CharField(editable=False, max_length=16)),
            ],
            bases=("otp_static.staticdevice",),
        ),
        migrations.RunPython(put_under_keys, give_back),
    ]
