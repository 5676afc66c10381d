"""One round of looks: every session gets its own, and ten cost as many queries as one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sessions.models import BrokeredSession, ConsoleMessage
from sessions.policy import Outcome
from sessions.services import looking
from sessions.services.looking import Look, Question, looks
from tests.cast import Plant, make_window

pytestmark = pytest.mark.django_db


@pytest.fixture
def several(plant: Plant) -> list[BrokeredSession]:
    """Of Vera's on three machines, each of which heard something from the plant."""
    rows = []
    for n, endpoint in enumerate(
        (plant.filling_gateway, plant.filling_hmi, plant.filling_plc)
    ):
        window = make_window(plant.vera, endpoint, decided_by=plant.olga)
        row = BrokeredSession.objects.create(
            number=f"SES-2026-900{n}", window=window, endpoint=endpoint,
            started_by=plant.vera, permission="control", state="active", slot=0,
            active_at=timezone.now(), factor_at=timezone.now(),
            person_in_charge=plant.olga,
        )  # fmt: skip
        for text in ("Mind the step", f"This is number {n}"):
            ConsoleMessage.objects.create(
                brokered_session=row, sent_by=plant.olga, text=text
            )
        rows.append(row)
    return rows


def questions(rows: list[BrokeredSession], plant: Plant) -> list[Question]:
    """Everybody is watched by Olga; the first has heard everything, the rest one word."""
    asked = []
    for n, row in enumerate(rows):
        words = list(row.messages.order_by("pk").values_list("pk", flat=True))
        heard = words[1] if n == 0 else words[0]
        asked.append(
            Question(
                session_id=row.pk,
                after_message=heard,
                observers=[plant.olga.pk, plant.victor.pk],
            )
        )
    return asked


def test_each_gets_its_own(several: list[BrokeredSession], plant: Plant) -> None:
    first, second, third = looks(questions(several, plant))
    assert isinstance(first, Look)
    assert isinstance(second, Look)
    assert isinstance(third, Look)
    seen = [look.brokered_session.pk for look in (first, second, third)]
    assert seen == [row.pk for row in several]
    said = [[one.text for one in look.messages] for look in (first, second, third)]
    assert said == [[], ["This is number 1"], ["This is number 2"]]
    assert {look.unwelcome for look in (first, second, third)} == {
        frozenset({plant.victor.pk})
    }
    assert {look.verdict.outcome for look in (first, second, third)} == {Outcome.ALLOW}
    assert third.plant.in_charge == plant.olga.full_name


def test_one_that_is_gone_or_fails_is_nobody_elses_matter(
    several: list[BrokeredSession], plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = looking.judge

    def breaks_for_the_second(row: BrokeredSession, *more: Any) -> Any:
        if row.pk == several[1].pk:
            raise ValueError("a fact that nobody can read")
        return real(row, *more)

    monkeypatch.setattr(looking, "judge", breaks_for_the_second)
    found = looks([*questions(several, plant), Question(session_id=uuid4())])
    assert [type(one) for one in found] == [
        Look, ValueError, Look, BrokeredSession.DoesNotExist,
    ]  # fmt: skip


def test_more_sessions_need_no_more_queries(
    several: list[BrokeredSession], plant: Plant
) -> None:
    """Only for each who watches the roles are asked once more."""
    asked = [replace(one, observers=()) for one in questions(several, plant)[1:]]
    with CaptureQueriesContext(connection) as alone:
        looks(asked[:1])
    with CaptureQueriesContext(connection) as together:
        looks(asked)
    assert len(together) == len(alone)


def test_who_lays_the_work_down_is_put_out_and_ends_nothing(
    several: list[BrokeredSession], plant: Plant
) -> None:
    """Signed out a moment later, with the socket still open: the work waits."""
    here: Any = {"web_session_key": "gone", "present": frozenset({"gone"})}
    row = several[0]
    BrokeredSession.objects.filter(pk=row.pk).update(web_session_key="gone")
    (still_hers,) = looks([Question(session_id=row.pk, **here)])
    BrokeredSession.objects.filter(pk=row.pk).update(web_session_key="")
    (laid_down,) = looks([Question(session_id=row.pk, **here)])
    assert isinstance(still_hers, Look) and isinstance(laid_down, Look)
    assert still_hers.verdict.outcome is Outcome.END
    assert laid_down.verdict.outcome is Outcome.ALLOW
    assert laid_down.signed_out == {"gone"}
