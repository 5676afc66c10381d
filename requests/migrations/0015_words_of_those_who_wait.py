"""Each request that is there gets words of its own."""

from django.db import migrations

from requests.match_words import new_match_key


def give_words(apps, schema_editor):
    request_model = apps.get_model("access_requests", "AccessRequest")
    for pk in request_model.objects.values_list("pk", flat=True).iterator():
        request_model.objects.filter(pk=pk).update(match_key=new_match_key())


class Migration(migrations.Migration):
    dependencies = [("access_requests", "0014_decisions_that_count")]

    operations = [migrations.RunPython(give_words, migrations.RunPython.noop)]
