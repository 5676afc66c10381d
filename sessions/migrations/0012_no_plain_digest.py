from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("brokered_sessions", "0011_whose_browser_is_gone"),
    ]

    operations = [
        migrations.RemoveField(
            model_name="segment",
            name="plain_sha256",
        ),
    ]
