"""What every test stands on: the two profiles, no silent skip, nothing left over."""

import os
from collections.abc import Generator, Iterator

import pytest
from channels.layers import channel_layers
from django.core.cache import cache
from django.utils import translation

# The people and the plant of the stories; the clean-up after real commits; the real queue.
pytest_plugins = ["tests.cast", "tests.flushing", "tests.workers"]

DATABASE_FIXTURES = {
    "db",
    "transactional_db",
    "django_db_reset_sequences",
    "django_db_serialized_rollback",
    "live_server",
}
# These start a whole portal of their own, in the embedded profile.
OWN_SERVER = ("tests/browser/", "tests/demo/")


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Mark what touches data; in the second run of `./portal test` keep only that."""
    for item in items:
        if touches_data(item):
            item.add_marker(pytest.mark.data)
    if os.environ.get("PORTAL_TEST_ONLY") == "data":
        kept = [item for item in items if item.get_closest_marker("data")]
        config.hook.pytest_deselected(
            items=[item for item in items if item not in kept]
        )
        items[:] = kept


def touches_data(item: pytest.Item) -> bool:
    """True for a test that uses the database and does not bring its own portal."""
    if item.nodeid.startswith(OWN_SERVER):
        return False
    fixtures = set(getattr(item, "fixturenames", ()))
    return bool(fixtures & DATABASE_FIXTURES) or bool(
        item.get_closest_marker("django_db")
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that cannot run fails: a skip would look like success."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = (
            f"{item.nodeid} skipped itself, and none may: {report.longrepr}"
        )
    return report


@pytest.fixture(autouse=True)
def nothing_left_over() -> Iterator[None]:
    """Each test starts in English, with an empty cache and fresh channel layers."""
    with translation.override("en"):
        yield
    cache.clear()
    channel_layers.backends.clear()
