import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("notifications", "0004_notification_without_tries"),
        ("plants", "0005_calendars_and_stops"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Webhook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('kind', models.CharField(choices=[('teams', 'Microsoft Teams'), ('slack', 'Slack, Mattermost'), ('ntfy', 'ntfy'), ('generic', 'Another: JSON, signed')], max_length=10, verbose_name='tool')),
                ('groups', models.JSONField(default=list)),
                ('says', models.CharField(choices=[('number', 'only the number and where to look'), ('subject', 'one line: who, which machine, when')], max_length=8, verbose_name='says')),
                ('language', models.CharField(max_length=8)),
                ('host', models.CharField(max_length=255)),
                ('key', models.CharField(editable=False, max_length=32, unique=True)),
                ('address_envelope', models.TextField(editable=False)),
                ('secret_envelope', models.TextField(blank=True, editable=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('retired_at', models.DateTimeField(blank=True, null=True)),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('retired_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('site', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='webhooks', to='plants.site')),
            ],
            options={
                'ordering': ['-created_at', '-pk'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(models.Q(('retired_at__isnull', True), ('retired_by__isnull', True)), models.Q(('retired_at__isnull', False), ('retired_by__isnull', False)), _connector='OR'), name='webhook_retired_by_somebody'),
                    models.CheckConstraint(condition=models.Q(models.Q(('kind', 'generic'), _negated=True), models.Q(('secret_envelope', ''), _negated=True), _connector='OR'), name='webhook_generic_is_signed'),
                ],
            },
        ),
        migrations.CreateModel(
            name='WebhookCall',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('next_try_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('last_error', models.CharField(blank=True, max_length=500)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('given_up_at', models.DateTimeField(blank=True, null=True)),
                ('call_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('kind', models.CharField(max_length=60)),
                ('about', models.CharField(blank=True, max_length=40)),
                ('title', models.CharField(max_length=200)),
                ('path', models.CharField(blank=True, max_length=300)),
                ('webhook', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='calls', to='notifications.webhook')),
            ],
            options={
                'ordering': ['-created_at', '-pk'],
                'indexes': [models.Index(condition=models.Q(('given_up_at__isnull', True), ('sent_at__isnull', True)), fields=['next_try_at'], name='webhook_call_due')],
            },
        ),
    ]
