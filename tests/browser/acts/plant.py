"""The plant on the stage, what all other acts act on."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from django.apps import apps

from accessportal.plants.models import Credential, VendorAsset
from accessportal.plants.vault import Secrets, store_secrets
from tests.cast import make_person, make_plant

PLANT: Any = SimpleNamespace()
"""Everything `make_plant` made, once `cast` has been asked for."""

ENDPOINTS = {
    "vnc": "filling_hmi",
    "telnet": "filling_plc",
    "ssh": "filling_gateway",
    "rdp": "palletiser_panel",
}


def cast(targets: list[dict[str, Any]]) -> dict[str, Any]:
    """Make the cast; its machines are the real ones."""
    vars(PLANT).update(vars(make_plant()))
    PLANT.tom = make_person("Tom Thoma", vendor=PLANT.fillwerk)
    # Vera's company services every machine here, so that she can try each protocol.
    VendorAsset.objects.create(asset=PLANT.palletiser, vendor=PLANT.fillwerk)
    for target in targets:
        endpoint = getattr(PLANT, ENDPOINTS[target["protocol"]])
        endpoint.host, endpoint.port = target["host"], target["port"]
        endpoint.host_key = target["host_key"]
        endpoint.ignore_certificate = target["protocol"] == "rdp"
        endpoint.max_clients = 99  # each test has a window of its own
        endpoint.save()
        credential = Credential.objects.filter(endpoint=endpoint).first()
        credential = credential or Credential(endpoint=endpoint)
        secrets = {
            name: target[name] for name in ("username", "password", "private_key")
        }
        store_secrets(credential, Secrets(**secrets))
        credential.save()
    return {
        name: getattr(PLANT, name).email for name in ("vera", "olga", "cora", "ivan")
    }


def change(model: str, pk: Any, **fields: Any) -> int:
    """Change fields of a row, as time or somebody else would have."""
    return int(apps.get_model(model).objects.filter(pk=pk).update(**fields))


def until(met: Callable[[], Any], seconds: float = 60) -> None:
    """Wait for what a worker does."""
    end = time.monotonic() + seconds
    while not met():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.05)
