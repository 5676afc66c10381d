from typing import Any

from django.db import migrations

BATCH = 1000


def move_mails(apps: Any, schema_editor: Any) -> None:
    """What each notification knew of its mail stands in a row of its own now."""
    Notification = apps.get_model("notifications", "Notification")
    Delivery = apps.get_model("notifications", "Delivery")
    known = Notification.objects.order_by("pk")
    last = 0
    while rows := list(known.filter(pk__gt=last)[:BATCH]):
        Delivery.objects.bulk_create(
            Delivery(
                notification=row,
                channel="mail",
                created_at=row.created_at,
                next_try_at=row.next_try_at,
                attempts=row.attempts,
                last_error=row.last_error,
                sent_at=row.sent_at,
                given_up_at=row.given_up_at,
            )
            for row in rows
        )
        last = rows[-1].pk


class Migration(migrations.Migration):

    dependencies = [("notifications", "0002_deliveries_and_devices")]

    operations = [migrations.RunPython(move_mails, migrations.RunPython.noop)]
