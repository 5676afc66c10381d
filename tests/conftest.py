"""What every test stands on: the two profiles, no silent skip, nothing left over."""

import gc
import os
import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import hypothesis
import pytest
from channels.layers import channel_layers
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.utils import translation

# The people and the plant of the stories; two at the same moment; the database, and the
# clean-up after real commits; which tests go to the same worker; the real queue.
pytest_plugins = [
    "tests.cast",
    "tests.at_once",
    "tests.database",
    "tests.flushing",
    "tests.together",
    "tests.workers",
]

# What a change has to pass is the same for every change. To look for new examples:
# `./portal test tests/unit --hypothesis-profile=explore`.
hypothesis.settings.register_profile(
    "check",
    derandomize=True,
    deadline=None,
    # A machine that is busy makes examples slowly; that is no fault of the code.
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile("explore", max_examples=2_000, deadline=None)
hypothesis.settings.load_profile("check")

DATABASE_FIXTURES = {
    "db",
    "transactional_db",
    "django_db_reset_sequences",
    "django_db_serialized_rollback",
    "live_server",
}
TESTS = Path(__file__).parent
# These start a whole portal of their own; the fleet's is of the production profile.
BROWSER = "tests/browser/"
OWN_SERVER = (BROWSER, "tests/demo/", "tests/fleet/")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--every-width",
        action="store_true",
        help="play the stories of deciding at 360 and 390 px, touched, and at 1440 px",
    )


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """What this run of `./portal test` is not for is not even imported."""
    if collection_path.parent != TESTS or not collection_path.is_dir():
        return None
    place = f"tests/{collection_path.name}/"
    return True if LEFT_OUT[os.environ.get("PORTAL_TEST_ONLY", "")](place) else None


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Mark what touches data; keep only what this run of `./portal test` is for."""
    for item in items:
        if touches_data(item):
            item.add_marker(pytest.mark.data)
    belongs_here = RUNS[os.environ.get("PORTAL_TEST_ONLY", "")]
    left_out = [item for item in items if not belongs_here(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if belongs_here(item)]


def pytest_collection_finish(session: pytest.Session) -> None:
    """What is loaded by now stays: the collector need not look through it ten times a second."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def in_a_browser(item: pytest.Item) -> bool:
    """True for a test that drives Chromium.

    The driver keeps an event loop running in its thread until the process ends, in which
    neither Django's ORM nor an asynchronous test can work: these have a run of their own.
    """
    return item.nodeid.startswith(BROWSER)


def touches_data(item: pytest.Item) -> bool:
    """True for a test that uses the database and does not bring its own portal."""
    if item.nodeid.startswith(OWN_SERVER):
        return False
    fixtures = set(getattr(item, "fixturenames", ()))
    return bool(fixtures & DATABASE_FIXTURES) or has(item, "django_db")


def has(item: pytest.Item, marker: str) -> bool:
    return item.get_closest_marker(marker) is not None


# The runs of `./portal test`, by PORTAL_TEST_ONLY.
RUNS: dict[str, Callable[[pytest.Item], bool]] = {
    "": lambda item: connection.vendor == "postgresql" or not has(item, "roles"),
    "data": lambda item: has(item, "data") and not has(item, "walk"),
    "browser": in_a_browser,
    "beside-browser": lambda item: not in_a_browser(item) and not has(item, "roles"),
}
# The directories of which each run takes nothing.
LEFT_OUT: dict[str, Callable[[str], bool]] = {
    "": lambda place: False,
    "data": lambda place: place in OWN_SERVER,
    "browser": lambda place: place != BROWSER,
    "beside-browser": lambda place: place == BROWSER,
}


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
    """Each test starts in English, with no cache, channel layer or recording of another."""
    with translation.override("en"):
        yield
    cache.clear()
    channel_layers.backends.clear()
    shutil.rmtree(settings.RECORDINGS_DIR, ignore_errors=True)
