"""The steps of a later wish become rows, as those of a request are: a deputy is called by them."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models


def make_steps(apps: Any, schema_editor: Any) -> None:
    """For the wishes there are. Asked are the first that lack a yes; the next yes says it anew."""
    decisions = apps.get_model("access_requests", "ApprovalDecision").objects
    steps = apps.get_model("access_requests", "LaterStep").objects
    for wish in apps.get_model("access_requests", "LaterWish").objects.all():
        yeses = [yes.places for yes in decisions.filter(later_wish=wish)]
        lacking = {
            step["who"]: step["order"]
            for step in wish.demands["steps"]
            if sum(step["who"] in places for places in yeses) < step["quorum"]
        }
        for step in wish.demands["steps"]:
            asked = (
                wish.state == "pending"
                and step["who"] in lacking
                and step["order"] == min(lacking.values())
            )
            steps.create(
                wish=wish,
                who=step["who"],
                name=step["name"],
                quorum=step["quorum"],
                order=step["order"],
                deputy=step["deputy"],
                after_minutes=step["after_minutes"],
                asked=asked,
                asked_at=wish.opened_at if asked else None,
            )


class Migration(migrations.Migration):

    dependencies = [
        ('access_requests', '0006_lent_places'),
    ]

    operations = [
        migrations.CreateModel(
            name='LaterStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('who', models.CharField(max_length=40)),
                ('name', models.CharField(blank=True, max_length=80)),
                ('quorum', models.PositiveSmallIntegerField(default=1)),
                ('order', models.PositiveSmallIntegerField(default=1)),
                ('deputy', models.CharField(blank=True, max_length=40)),
                ('after_minutes', models.PositiveSmallIntegerField(default=0)),
                ('asked', models.BooleanField(default=True)),
                ('asked_at', models.DateTimeField(blank=True, null=True)),
                ('escalated_at', models.DateTimeField(blank=True, null=True)),
                ('wish', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='access_requests.laterwish')),
            ],
            options={
                'ordering': ['order', 'who'],
                'indexes': [models.Index(fields=['who', 'asked'], name='later_step_asked')],
                'constraints': [models.UniqueConstraint(fields=('wish', 'who'), name='one_later_step_per_kind_of_people'), models.CheckConstraint(condition=models.Q(('quorum__gte', 1)), name='later_step_has_a_place')],
            },
        ),
        migrations.RunPython(make_steps, migrations.RunPython.noop),
    ]
