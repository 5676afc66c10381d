"""Requests that wait when the policy comes: one OT supervisor, as it was until now."""

from django.db import migrations


def ask(apps, schema_editor):
    request_model = apps.get_model("access_requests", "AccessRequest")
    step_model = apps.get_model("access_requests", "ApprovalStep")
    decision_model = apps.get_model("access_requests", "ApprovalDecision")
    step_model.objects.bulk_create(
        step_model(
            access_request_id=pk,
            who="role:ot_supervisor",
            asked=state == "pending",
            asked_at=submitted_at,
        )
        for pk, state, submitted_at in request_model.objects.values_list(
            "pk", "state", "submitted_at"
        )
    )
    decision_model.objects.filter(step=1).update(
        round=1, places=["role:ot_supervisor"]
    )


class Migration(migrations.Migration):
    dependencies = [("access_requests", "0008_approval_policy")]

    operations = [migrations.RunPython(ask, migrations.RunPython.noop)]
