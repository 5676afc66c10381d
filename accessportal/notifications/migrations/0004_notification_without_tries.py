from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [("notifications", "0003_each_mail_is_a_delivery")]

    operations = [
        migrations.RemoveIndex(model_name="notification", name="notification_due"),
        *(
            migrations.RemoveField(model_name="notification", name=name)
            for name in (
                "next_try_at",
                "attempts",
                "last_error",
                "sent_at",
                "given_up_at",
            )
        ),
    ]
