"""The second look at an emergency gets the names that the look at an escort has."""

from django.db import migrations, models

NAME = "emergency_look_is_done_with_all_it_says"


class Migration(migrations.Migration):
    dependencies = [("access_requests", "0002_escort")]

    operations = [
        migrations.RemoveConstraint(model_name="emergencylook", name=NAME),
        migrations.RemoveIndex(model_name="emergencylook", name="emergency_look_due"),
        migrations.RenameField("emergencylook", "due_at", "look_due_at"),
        migrations.RenameField("emergencylook", "done_at", "looked_at"),
        migrations.RenameField("emergencylook", "done_by", "looked_by"),
        migrations.AlterModelOptions("emergencylook", {"ordering": ["look_due_at"]}),
        migrations.AddIndex(
            "emergencylook",
            models.Index(
                fields=["looked_at", "look_due_at"], name="emergency_look_due"
            ),
        ),
        migrations.AddConstraint(
            "emergencylook",
            models.CheckConstraint(
                condition=models.Q(
                    looked_at__isnull=True, looked_by__isnull=True, verdict="", note=""
                )
                | (
                    models.Q(looked_at__isnull=False, looked_by__isnull=False)
                    & ~models.Q(verdict="")
                    & ~models.Q(note="")
                ),
                name=NAME,
            ),
        ),
    ]
