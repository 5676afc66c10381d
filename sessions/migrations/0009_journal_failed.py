from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("brokered_sessions", "0008_desktop_left"),
    ]

    operations = [
        migrations.AddField(
            model_name="brokeredsession",
            name="journal_failed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
