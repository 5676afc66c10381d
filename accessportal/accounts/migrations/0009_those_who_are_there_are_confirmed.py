"""Whoever works for a vendor already was let in by the plant: confirmed when they joined.

A vendor may work where it services something today: its sites follow from its assets.
"""

from django.db import migrations
from django.db.models import F


def confirm_and_place(apps, schema_editor):
    User = apps.get_model('accounts', 'User')
    User.objects.filter(vendor__isnull=False, sponsor_confirmed_at__isnull=True).update(
        sponsor_confirmed_at=F('created_at')
    )
    VendorAsset = apps.get_model('plants', 'VendorAsset')
    pairs = VendorAsset.objects.values_list('vendor_id', 'asset__zone__site_id').distinct()
    through = apps.get_model('accounts', 'Vendor').sites.through
    through.objects.bulk_create(
        through(vendor_id=vendor, site_id=site) for vendor, site in pairs
    )


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0008_vendors_and_their_people'),
    ]

    operations = [
        migrations.RunPython(confirm_and_place, migrations.RunPython.noop),
    ]
