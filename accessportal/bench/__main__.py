"""`python -m accessportal.bench NAME ...`, which is `./portal bench NAME ...`."""

from __future__ import annotations

import sys

from accessportal.bench import (
    endings,
    incidents,
    latency,
    policy,
    recorder,
    relay,
    sessions,
)

BENCHES = {
    "relay": relay.main,
    "recorder": recorder.main,
    "endings": endings.main,
    "incidents": incidents.main,
    "latency": latency.main,
    "sessions": sessions.main,
    "policy": policy.main,
}


QUICK = {
    "relay": ["--seconds", "2"],
    "recorder": ["--megabytes", "30"],
    "endings": ["--sessions", "100"],
    "incidents": ["--quick"],
    "latency": ["--quick"],
    "sessions": ["--quick"],
    "policy": ["--quick"],
}


def main(arguments: list[str]) -> int:
    """Run the bench that is named first; `all` runs every one, `all --quick` rougher."""
    name, *rest = arguments or [""]
    if name == "all" and rest in ([], ["--quick"]):
        return run_all(quick=bool(rest))
    if name in {"-h", "--help"}:
        print(usage())  # noqa: T201 - what was asked for
        return 0
    bench = BENCHES.get(name)
    if bench is None:
        print(usage(), file=sys.stderr)  # noqa: T201
        return 2
    return bench(rest)


def usage() -> str:
    """Every bench with the first line of what its module says of itself."""
    lines = [
        "usage: portal bench NAME [options]; options of one: portal bench NAME --help"
    ]
    for name, bench in BENCHES.items():
        first = (sys.modules[bench.__module__].__doc__ or "").splitlines()[0]
        lines.append(f"  {name:<10} {first.partition(': ')[2].rstrip('.')}")
    lines.append("  all        every one of them; all --quick: rougher, in minutes")
    return "\n".join(lines)


def run_all(*, quick: bool) -> int:
    """One after the other, each under its heading; the worst exit status of them."""
    worst = 0
    for name, bench in BENCHES.items():
        print(f"\n## {name}\n", flush=True)  # noqa: T201
        worst = max(worst, bench(QUICK[name] if quick else []))
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
