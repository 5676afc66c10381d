import hashlib
from datetime import timedelta
from importlib import import_module

import accessportal.accounts.models.web_session
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.utils import timezone

IDLE = timedelta(minutes=60)


def keep_who_is_signed_in(apps, schema_editor):
    """A row for everybody who is signed in now.

    Its key is the id of the cookie: live sessions that run over the change, and brokers that
    still look for that id, find it under the same name.
    """
    web_sessions = apps.get_model("accounts", "WebSession").objects
    people = set(apps.get_model("accounts", "User").objects.values_list("pk", flat=True))
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    now = timezone.now()
    rows = apps.get_model("sessions", "Session").objects.filter(expire_date__gt=now)
    for row in rows.iterator():
        held = store.decode(row.session_data)
        person = int(held.get("_auth_user_id") or 0)
        if person not in people or "factor_at" not in held:
            continue
        web_sessions.create(
            key=row.session_key,
            user_id=person,
            cookie_hash=hashlib.sha256(row.session_key.encode()).hexdigest(),
            begun_at=now,
            last_seen_at=now,
            idle_at=now + IDLE,
            expires_at=row.expire_date,
            factor_kind=held.get("factor_kind", ""),
        )


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0009_those_who_are_there_are_confirmed'),
        ('sessions', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='WebSession',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(default=accessportal.accounts.models.web_session.new_key, editable=False, max_length=40, unique=True)),
                ('cookie_hash', models.CharField(editable=False, max_length=64, unique=True)),
                ('former_hash', models.CharField(blank=True, db_index=True, editable=False, max_length=64)),
                ('former_until', models.DateTimeField(blank=True, editable=False, null=True)),
                ('begun_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('last_seen_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('idle_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('address', models.CharField(blank=True, max_length=45)),
                ('browser', models.CharField(blank=True, max_length=80)),
                ('factor_kind', models.CharField(max_length=20)),
                ('shared', models.BooleanField(default=False)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('ended_reason', models.CharField(blank=True, choices=[('signed_out', 'signed out'), ('revoked', 'signed out from elsewhere'), ('access', 'access ended'), ('factor', 'second factor changed'), ('password', 'password changed'), ('role', 'role changed'), ('idle', 'not used for too long'), ('limit', 'signed in for too long')], max_length=12)),
                ('ended_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='web_sessions', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-last_seen_at'],
                'indexes': [models.Index(fields=['user', 'ended_at'], name='accounts_we_user_id_7127a9_idx')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('ended_reason', '')), models.Q(('ended_at__isnull', False), models.Q(('ended_reason', ''), _negated=True)), _connector='OR'), name='web_session_ended_for_a_reason'), models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('begun_at'))), name='web_session_expires_after_begun')],
            },
        ),
        migrations.RunPython(keep_who_is_signed_in, migrations.RunPython.noop),
    ]
