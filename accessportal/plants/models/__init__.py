"""Sites, zones, assets, the endpoints on them and how to sign in there."""

from accessportal.plants.models.asset import Asset, VendorAsset
from accessportal.plants.models.calendar import CalendarSource, MaintenanceStop
from accessportal.plants.models.checklist import ChecklistItem
from accessportal.plants.models.credential import Credential
from accessportal.plants.models.endpoint import Endpoint, EndpointCheck
from accessportal.plants.models.roster import Shift, ShiftException
from accessportal.plants.models.site import ProductionFreeze, Site, Zone

__all__ = [
    "Asset",
    "CalendarSource",
    "ChecklistItem",
    "Credential",
    "Endpoint",
    "EndpointCheck",
    "MaintenanceStop",
    "ProductionFreeze",
    "Shift",
    "ShiftException",
    "Site",
    "VendorAsset",
    "Zone",
]
