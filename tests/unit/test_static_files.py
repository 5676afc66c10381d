"""Static files come whole, compressed where the browser takes it, and stay in its cache."""

import re
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.test import RequestFactory
from pytest_django.fixtures import Settings

from accessportal.static_files import StaticMiddleware


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The product's own files as a start collects them."""
    return tmp_path_factory.mktemp("static")


@pytest.fixture
def served(settings: Settings, collected: Path) -> StaticMiddleware:
    settings.STATIC_ROOT = collected
    settings.WHITENOISE_USE_FINDERS = False
    settings.STORAGES = django_settings.STORAGES | {
        "staticfiles": {"BACKEND": "accessportal.static_files.ModuleStorage"}
    }
    if not (collected / "staticfiles.json").exists():
        call_command("collectstatic", interactive=False, verbosity=0)
    return StaticMiddleware(lambda request: None)  # type: ignore[arg-type, return-value]


def test_a_style_sheet_comes_compressed_and_for_ever(served: StaticMiddleware) -> None:
    url = staticfiles_storage.url("vendor/tabler.min.css")
    assert re.search(r"tabler\.min\.[0-9a-f]{12}\.css$", url)
    answer = served(RequestFactory().get(url, headers={"Accept-Encoding": "gzip"}))
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/css")
    assert answer["Content-Encoding"] == "gzip"
    assert "immutable" in answer["Cache-Control"]
    assert len(answer.content) == int(answer["Content-Length"]) < 100_000


def test_a_browser_that_has_it_gets_nothing_again(served: StaticMiddleware) -> None:
    url = staticfiles_storage.url("css/portal.css")
    first = served(RequestFactory().get(url))
    again = served(
        RequestFactory().get(url, headers={"If-Modified-Since": first["Last-Modified"]})
    )
    assert again.status_code == 304
    assert again.content == b""


def test_modules_import_each_other_by_content(served: StaticMiddleware) -> None:
    """Or the modules of an update would meet those of the version before."""
    answer = served(RequestFactory().get(staticfiles_storage.url("js/app.js")))
    imported = re.findall(rb'from "(\./[^"]+)"', answer.content)
    assert imported
    assert all(re.search(rb"\.[0-9a-f]{12}\.js$", name) for name in imported)


def test_a_page_passes_by(served: StaticMiddleware) -> None:
    assert served(RequestFactory().get("/accounts/login/")) is None
