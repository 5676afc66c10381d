"""A state changes once: whoever comes second is told so."""

import pytest

from accessportal.errors import TooLate
from accessportal.transitions import transition
from requests.models import AccessRequest
from tests.cast import Plant, make_request

pytestmark = pytest.mark.django_db
State = AccessRequest.State


def test_the_second_comes_too_late(plant: Plant) -> None:
    first = make_request(plant.vera, plant.filling_hmi)
    second = AccessRequest.objects.get(pk=first.pk)
    fields = {"closed_at": first.submitted_at, "closed_by": plant.vera}
    transition(first, expected=State.PENDING, to=State.WITHDRAWN, **fields)
    with pytest.raises(TooLate, match="somebody was first"):
        transition(
            second,
            expected=State.PENDING,
            to=State.DENIED,
            too_late="somebody was first",
            **fields,
        )
    assert first.state == State.WITHDRAWN
    assert second.state == State.PENDING  # the instance keeps what it knew
    second.refresh_from_db()
    assert second.state == State.WITHDRAWN
