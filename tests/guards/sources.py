"""The project's own files, as the guards read them."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("accessportal", "requests", "sessions")
NOT_OURS = {".git", ".venv", "node_modules", "var", "vendor", "__pycache__"}


@cache
def files(*suffixes: str) -> list[Path]:
    """Every file of the project with one of these suffixes (all files without any)."""
    found = []
    directories = [ROOT]
    while directories:
        for path in sorted(directories.pop().iterdir()):
            if path.is_dir() and not path.is_symlink():
                if path.name not in NOT_OURS and not path.name.endswith("_cache"):
                    directories.append(path)
            elif not suffixes or path.suffix in suffixes:
                found.append(path)
    return found


def python_files(*, tests: bool = False, migrations: bool = False) -> list[Path]:
    """Python of the product; its tests and migrations only where asked for."""
    packages = {*PACKAGES, "tests"} if tests else set(PACKAGES)
    return [
        path
        for path in files(".py")
        if path.relative_to(ROOT).parts[0] in packages
        and (migrations or "migrations" not in path.parts)
    ]


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of one file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def name(path: Path, node: ast.AST | None = None) -> str:
    """`path:line`, the way a person finds it."""
    line = f":{node.lineno}" if isinstance(node, ast.expr | ast.stmt) else ""
    return f"{path.relative_to(ROOT)}{line}"
