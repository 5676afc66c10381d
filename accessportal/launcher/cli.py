"""The command line of `./portal`."""

import argparse
import os
import sys
from pathlib import Path

from accessportal.launcher import browser_files, codes, messages, python_env, system
from accessportal.launcher.console import SetupProblem, give_up, say
from accessportal.launcher.paths import ROOT, VAR, VENV, VENV_PYTHON

DEVELOPMENT_COMMANDS = {"test", "lint", "bench", "lock"}
# What these say after their name belongs to another program.
PASSED_ON = {"test", "manage", "lint", "bench", "lock"}
HAVE_HELP_OF_THEIR_OWN = {"manage", "bench"}


def main(arguments: list[str]) -> None:
    """Run one command; ends with a sentence, not with a stack trace, when it cannot."""
    if not arguments:
        parser().print_help(sys.stderr)
        sys.exit(2)
    name = arguments[0]
    rest = arguments[1:] if name in PASSED_ON else []
    asks_us = rest[:1] in (["-h"], ["--help"]) and name not in HAVE_HELP_OF_THEIR_OWN
    own = [name, *rest[:1]] if asks_us else [name]
    options = parser().parse_args(own if name in PASSED_ON else arguments)
    try:
        if options.command == "codes":
            codes.print_codes(options.data_dir)
        elif options.command == "setup":
            set_up(options.for_command, system_only=options.system_only)
            say("Everything is in place.")
        elif Path(sys.prefix).resolve() != VENV.resolve():
            set_up(options.command)
            # The same process goes on, so that signals and the exit status need no relay.
            os.execv(
                VENV_PYTHON,
                [str(VENV_PYTHON), "-m", "accessportal.launcher", *arguments],
            )
        else:
            run(options, rest)
    except SetupProblem as problem:
        give_up(str(problem))
    except KeyboardInterrupt:
        sys.exit(130)


def parser() -> argparse.ArgumentParser:
    """Every command with its options, as `./portal --help` shows them."""
    top = argparse.ArgumentParser(
        prog="portal",
        description="Access Portal. To try it: ./portal demo. "
        "Options of a command: ./portal COMMAND --help.",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    demo = commands.add_parser(
        "demo", help="a demo plant with everything that it needs"
    )
    serve = commands.add_parser("serve", help="a real plant's own data, in one process")
    for each, directory in ((demo, "demo"), (serve, "portal")):
        each.add_argument(
            "--port", type=port_number, default=8000, help="default: 8000"
        )
        each.add_argument(
            "--host",
            default="127.0.0.1",
            help="address to listen on (default: this machine)",
        )
        each.add_argument(
            "--data-dir",
            type=Path,
            default=VAR / directory,
            help=f"default: var/{directory}",
        )
        each.add_argument(
            "--reset", action="store_true", help="throw the data away first"
        )
    code = commands.add_parser("codes", help="the demo's people and their codes now")
    code.add_argument(
        "--data-dir", type=Path, default=VAR / "demo", help="default: var/demo"
    )
    for name, what, more in (
        (
            "test",
            "all tests; ARGS go to pytest",
            "Installs what the tests need and runs them on both profiles. ARGS go to "
            "pytest: a path, -k WORD. PORTAL_TEST_PROFILE=embedded or production: only one.",
        ),
        ("manage", "Django's command line", ""),
        (
            "lint",
            "style, types, imports, templates",
            "ARGS name the steps to run, by how they begin: ./portal lint style types",
        ),
        ("bench", "what it costs: relay [--json], latency, ...", ""),
        (
            "lock",
            "make the lock files anew",
            "ARGS go to uv: --upgrade takes newer versions where the lists allow.",
        ),
    ):
        commands.add_parser(
            name, help=what, description=more, usage=f"portal {name} [ARGS ...]"
        )
    setup = commands.add_parser("setup", help="only install what a command needs")
    setup.add_argument(
        "for_command",
        nargs="?",
        default="demo",
        choices=sorted(system.NEEDS_OF_COMMAND),
    )
    setup.add_argument(
        "--system-only",
        action="store_true",
        help="only the operating system's packages",
    )
    return top


def port_number(text: str) -> int:
    """A TCP port. Raises `ArgumentTypeError`."""
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (1 to 65535)")
    return int(text)


def set_up(command: str, *, system_only: bool = False) -> None:
    """Everything `command` needs; each step is quick when it was done before."""
    if command == "lock":
        python_env.ensure(development=True)
        return
    system.ensure(command)
    if system_only:
        return
    python_env.ensure(development=command in DEVELOPMENT_COMMANDS)
    if command in {"test", "ldap"}:
        python_env.ensure_ldap()
    browser_files.ensure()
    messages.ensure()


def run(options: argparse.Namespace, rest: list[str]) -> None:
    """The second stage; imports wait until the environment is there."""
    os.chdir(ROOT)
    if options.command in {"demo", "serve"}:
        from accessportal.launcher.running import Run, run_portal

        run_portal(
            Run(
                demo=options.command == "demo",
                host=options.host,
                port=options.port,
                data_dir=options.data_dir.resolve(),
                reset=options.reset,
            )
        )
    elif options.command == "test":
        from accessportal.launcher.testing import run_tests

        sys.exit(run_tests(rest))
    elif options.command == "manage":
        from accessportal.launcher.managing import manage

        manage(rest)
    elif options.command == "lint":
        from accessportal.launcher.linting import lint

        sys.exit(lint(rest))
    elif options.command == "bench":
        from accessportal.launcher.benching import bench

        sys.exit(bench(rest))
    else:
        from accessportal.launcher.locking import lock

        lock(rest)
