"""Which tests go to the same worker."""

import pytest

from tests.together import SHARE_MACHINES, place_of, turn_of


@pytest.mark.parametrize(
    ("nodeid", "place"),
    [
        ("tests/fleet/test_brokers.py::test_a_deploy", "tests/fleet/"),
        ("tests/fleet/test_the_rest_fails.py::test_redis", "tests/fleet/"),
        ("tests/integration/test_ends_on_guacd.py::test_x[rdp]", "tests/integration/"),
        ("tests/unit/test_keys.py::TestKeys::test_a[b::c]", "tests/unit/test_keys.py"),
    ],
)
def test_what_shares_machines_or_a_file_shares_a_worker(nodeid: str, place: str):
    assert place_of(nodeid) == place


def test_what_shares_machines_comes_first_and_one_after_the_other():
    shuffled = [
        "tests/unit/test_keys.py::test_a",
        "tests/integration/test_ends_on_guacd.py::test_x",
        "tests/fleet/test_brokers.py::test_a_deploy",
        "tests/launcher/test_units.py::test_b",
        "tests/integration/test_baton_on_guacd.py::test_y",
        "tests/fleet/test_the_rest_fails.py::test_redis",
    ]
    in_turn = sorted(shuffled, key=turn_of)
    assert [place_of(one) for one in in_turn[:4]] == [
        place for place in SHARE_MACHINES for _ in range(2)
    ]
    assert in_turn[-1] == "tests/unit/test_keys.py::test_a"
