"""The Celery application; its schedule is code, so that it is reviewed like code."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "accessportal.settings")

app = Celery("accessportal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(
    [
        "accessportal",
        "accessportal.accounts",
        "accessportal.notifications",
        "accessportal.alerts",
        "accessportal.plants",
        "requests",
        "sessions",
    ]
)

# Seconds between runs. Every entry only makes up for what an act's own task did not do.
app.conf.beat_schedule = {
    "close-expired-web-sessions": {
        "task": "accounts.close_expired_web_sessions",
        "schedule": 60.0,
    },
    "mail-password-resets": {
        "task": "accounts.mail_password_resets",
        "schedule": 60.0,
    },
    "clear-cookies": {
        "task": "accounts.clear_cookies",
        "schedule": 3600.0,
    },
    "send-due-notifications": {
        "task": "notifications.send_due_notifications",
        "schedule": 60.0,
    },
    "note-expired-overrides": {
        "task": "accounts.note_expired_overrides",
        "schedule": 15.0,
    },
    "look-at-the-trail": {
        "task": "alerts.look_at_the_trail",
        "schedule": 10.0,
    },
    "remind-of-untested-break-glass": {
        "task": "accounts.remind_of_untested_break_glass",
        "schedule": 3600.0,
    },
    # Daily warnings, looked for each hour: a portal that was off at one hour skips no day.
    "warn-of-expiries": {
        "task": "accounts.warn_of_expiries",
        "schedule": 3600.0,
    },
    "expire-overdue-requests": {
        "task": "requests.expire_overdue_requests",
        "schedule": 30.0,
    },
    "escalate-what-waits": {
        "task": "requests.escalate_what_waits",
        "schedule": 60.0,
    },
    "remind-of-pending-requests": {
        "task": "requests.remind_of_pending_requests",
        "schedule": 300.0,
    },
    "chase-emergency-looks": {
        "task": "requests.chase_emergency_looks",
        "schedule": 300.0,
    },
    "read-calendar-feeds": {
        "task": "plants.read_calendar_feeds",
        "schedule": 900.0,
    },
    "drop-forgotten-files": {
        "task": "requests.drop_forgotten_files",
        "schedule": 3600.0,
    },
    "end-sessions-past-window": {
        "task": "sessions.end_sessions_past_window",
        "schedule": 15.0,
    },
    "notice-missing-charge": {
        "task": "sessions.notice_missing_charge",
        "schedule": 15.0,
    },
    # Once a day would do; the embedded schedule begins to count anew at every start.
    "look-after-accounts": {
        "task": "accessportal.look_after_accounts",
        "schedule": 6 * 3600.0,
    },
    "tell-who-is-not-ready": {
        "task": "accessportal.tell_who_is_not_ready",
        "schedule": 6 * 3600.0,
    },
    "settle-stop-orders": {
        "task": "sessions.settle_stop_orders",
        "schedule": 5.0,
    },
    "seal-abandoned-recordings": {
        "task": "sessions.seal_abandoned_recordings",
        "schedule": 60.0,
    },
}
