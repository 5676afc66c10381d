"""House rules that a reader would otherwise have to remember (CONTRIBUTING.md)."""

import ast
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.guards.sources import PACKAGES, ROOT, files, name, python_files, tree

MAX_LINES = 450
MAX_LINES_OF_TESTS = 600  # tables of cases are long


def test_imports_go_one_way() -> None:
    """sessions -> requests -> plants -> accounts; the contracts are in pyproject.toml."""
    lint_imports = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [lint_imports, "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_only_transition_changes_a_state() -> None:
    """A state is changed by `accessportal.transitions`, which counts the rows it changed."""
    found = []
    for path in python_files():
        if path.name == "transitions.py":
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
                targets = (
                    node.targets if isinstance(node, ast.Assign) else [node.target]
                )
                found += [
                    name(path, node) for target in targets if sets_a_state(target)
                ]
            elif isinstance(node, ast.Call) and updates_a_state(node):
                found.append(name(path, node))
    assert not found


def sets_a_state(target: ast.expr) -> bool:
    """`something.state = ...`; a plain object's own state (`self.state`) is its business."""
    return (
        isinstance(target, ast.Attribute)
        and target.attr == "state"
        and not (isinstance(target.value, ast.Name) and target.value.id == "self")
    )


def updates_a_state(call: ast.Call) -> bool:
    """`queryset.update(state=...)`."""
    return (
        isinstance(call.func, ast.Attribute)
        and call.func.attr == "update"
        and any(keyword.arg == "state" for keyword in call.keywords)
    )


def test_views_fetch_through_guards_only() -> None:
    """A view gets an object from `access.py`, which asks who wants it and what for."""
    found = []
    for path in python_files():
        if "views" not in path.stem and "views" not in path.parts:
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and fetches_by_key(node):
                found.append(name(path, node))
    assert not found


def fetches_by_key(call: ast.Call) -> bool:
    """`X.objects.get(...)`, `get_object_or_404(...)`."""
    if isinstance(call.func, ast.Name):
        return call.func.id in {"get_object_or_404", "get_list_or_404"}
    return (
        isinstance(call.func, ast.Attribute)
        and call.func.attr in {"get", "aget"}
        and isinstance(call.func.value, ast.Attribute)
        and call.func.value.attr == "objects"
    )


def test_migrations_import_no_model() -> None:
    """A migration sees the models of its time (`apps.get_model`), not today's."""
    found = []
    for path in python_files(migrations=True):
        if "migrations" not in path.parts:
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ImportFrom) and node.module:
                parts = node.module.split(".")
                if parts[0] in PACKAGES and "models" in parts:
                    found.append(name(path, node))
    assert not found


def test_migrations_have_descriptive_names() -> None:
    found = [
        name(path)
        for path in python_files(migrations=True)
        if path.parent.name == "migrations" and re.search(r"_auto_|_\d{8}_", path.name)
    ]
    assert not found


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    words = StringIO()
    call_command("makemigrations", "--check", "--dry-run", stdout=words, stderr=words)


def test_files_can_be_read_in_one_go() -> None:
    long = {}
    for path in files(".py", ".js", ".html", ".css"):
        if "migrations" in path.parts:
            continue
        ours = path.relative_to(ROOT).parts[0] != "tests"
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > (MAX_LINES if ours else MAX_LINES_OF_TESTS):
            long[name(path)] = lines
    assert not long


def test_nothing_is_left_for_later() -> None:
    unfinished = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|raise NotImplementedError")
    found = [
        f"{name(path)}:{number}"
        for path in files(".py", ".js", ".html", ".css")
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if unfinished.search(line)
    ]
    assert not found
