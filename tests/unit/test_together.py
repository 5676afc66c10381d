"""Which tests go to the same worker."""

import pytest

from tests.together import place_of


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
