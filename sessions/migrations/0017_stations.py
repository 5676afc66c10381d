import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("access_requests", "0012_drafts_saved_wishes_and_files"),
        ("brokered_sessions", "0016_companions_verdicts"),
        ("plants", "0005_calendars_and_stops"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Station',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('place', models.CharField(max_length=80, verbose_name='place')),
                ('code_hash', models.CharField(editable=False, max_length=64, null=True, unique=True)),
                ('code_expires_at', models.DateTimeField(editable=False)),
                ('token_hash', models.CharField(editable=False, max_length=64, null=True, unique=True)),
                ('browser', models.CharField(blank=True, max_length=80)),
                ('enrolled_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('joined_at', models.DateTimeField(blank=True, null=True)),
                ('last_seen_at', models.DateTimeField(blank=True, null=True)),
                ('address', models.CharField(blank=True, max_length=45)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('enrolled_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('revoked_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='stations', to='plants.site')),
            ],
            options={
                'ordering': ['place', 'pk'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(models.Q(('revoked_at__isnull', True), ('revoked_by__isnull', True)), models.Q(('revoked_at__isnull', False), ('revoked_by__isnull', False)), _connector='OR'), name='station_revoked_by_somebody'),
                    models.CheckConstraint(condition=models.Q(models.Q(('joined_at__isnull', True), ('token_hash__isnull', True)), models.Q(('joined_at__isnull', False), ('token_hash__isnull', False)), _connector='OR'), name='station_joined_with_a_token'),
                ],
            },
        ),
        migrations.CreateModel(
            name='StationAct',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('what', models.CharField(choices=[('freeze', 'frozen'), ('end', 'ended')], max_length=8)),
                ('done_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('named_at', models.DateTimeField(blank=True, null=True)),
                ('brokered_session', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='station_acts', to='brokered_sessions.brokeredsession')),
                ('named', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('station', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='acts', to='brokered_sessions.station')),
            ],
            options={
                'ordering': ['-done_at', '-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('named__isnull', True), ('named_at__isnull', True)), models.Q(('named__isnull', False), ('named_at__isnull', False)), _connector='OR'), name='station_act_named_at_some_time')],
            },
        ),
        migrations.CreateModel(
            name='StationCall',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rang_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('seen_at', models.DateTimeField(blank=True, null=True)),
                ('access_request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='station_calls', to='access_requests.accessrequest')),
                ('station', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='calls', to='brokered_sessions.station')),
            ],
            options={
                'ordering': ['rang_at', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('station', 'access_request'), name='station_call_once')],
            },
        ),
    ]
