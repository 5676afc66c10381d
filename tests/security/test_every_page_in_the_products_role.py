"""The product runs as a database role that owns nothing: every address works in it.

So each page's queries run on PostgreSQL here, whatever else is tested there.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accessportal.accounts.models import WebSession
from accessportal.audit.models import AuditEvent
from tests.guards.house import House, ask, data_of
from tests.guards.house import house as build_house
from tests.guards.matrix import LET_IN
from tests.security.kit import become_the_product


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: Any) -> Iterator[House]:
    with django_db_blocker.unblock(), build_house() as built:
        yield built


@pytest.mark.django_db
@pytest.mark.roles
def test_everything_works_in_the_products_role(house: House) -> None:
    """Each address, as somebody who is let in: the database refuses none of them."""
    with transaction.atomic():
        # Each request notes that its web session is in use.
        WebSession.objects.update(last_seen_at=timezone.now() - timedelta(hours=1))
        become_the_product()
        failed = {}
        for name, line in LET_IN.items():
            browser = house.browser(line.yes.split()[0])
            path = house.path(name, line)
            answer = ask(browser, path, line.method, data_of(line, house.things))
            if answer.status_code >= 500:
                failed[name] = answer.status_code
        transaction.set_rollback(True)
    assert failed == {}
    assert AuditEvent.objects.exists()
