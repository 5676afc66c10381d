"""Our apps `requests` and `sessions` are ours, whoever else has those names.

docs/decisions/0001-app-names.md says why; this holds it.
"""

import ast
import re
from importlib.metadata import (
    PackageNotFoundError,
    PackagePath,
    distribution,
    distributions,
)
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.apps import apps

from tests.guards.sources import ROOT, name, python_files, tree

# Runtime dependencies that mention the HTTP library in a file that we never load:
# OCSP validation of Redis' TLS (never turned on), a Google result backend of Celery, authlib's
# client for it (httpx2 is ours), and truststore's patch of it (`inject_into_ssl`, never called).
NEVER_LOADED = {
    "redis/ocsp.py",
    "celery/backends/gcs.py",
    "authlib/integrations/requests_client/assertion_session.py",
    "authlib/integrations/requests_client/oauth1_session.py",
    "authlib/integrations/requests_client/oauth2_session.py",
    "truststore/_api.py",
}


@pytest.mark.parametrize("package", ["requests", "sessions"])
def test_the_name_is_found_inside_the_project(package: str) -> None:
    spec = find_spec(package)
    assert spec is not None and spec.origin is not None
    assert Path(spec.origin).is_relative_to(ROOT)


def test_no_installed_distribution_has_our_names() -> None:
    installed = {each.metadata["Name"].lower() for each in distributions()}
    assert not installed & {"requests", "types-requests", "sessions"}


def test_the_labels_leave_djangos_sessions_alone() -> None:
    assert apps.get_app_config("access_requests").name == "requests"
    assert apps.get_app_config("brokered_sessions").name == "sessions"
    assert apps.get_app_config("sessions").name == "django.contrib.sessions"


def test_nobody_imports_the_bare_names() -> None:
    """`import requests` reads like the HTTP library; `from requests.models import` does not."""
    # Only what has the words on one line is worth a syntax tree.
    worth_a_look = re.compile(r"\bimport\b.*\b(?:requests|sessions)\b")
    found = [
        name(path, node)
        for path in python_files(tests=True, migrations=True)
        if worth_a_look.search(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Import)
        and any(alias.name in {"requests", "sessions"} for alias in node.names)
    ]
    assert not found, f"bare imports: {found}"


def test_no_runtime_dependency_imports_the_http_library() -> None:
    wanted = re.compile(rb"^\s*(?:import|from) requests(?:\s|\.|,|$)", re.MULTILINE)
    found = {
        file.as_posix()
        for package in locked_names("requirements.txt")
        for file in files_of(package)
        if file.suffix == ".py" and wanted.search(Path(str(file.locate())).read_bytes())
    }
    assert found <= NEVER_LOADED


def locked_names(lock: str) -> list[str]:
    """The distributions that a lock file pins."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    return re.findall(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^]]*\])?==", text, re.MULTILINE)


def files_of(package: str) -> list[PackagePath]:
    """Files of an installed distribution; none where a marker left it out here."""
    try:
        return distribution(package).files or []
    except PackageNotFoundError:
        return []
