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
    bench = BENCHES.get(name)
    if bench is None:
        names = ",".join([*BENCHES, "all"])
        print(f"usage: portal bench {{{names}}} [options]", file=sys.stderr)  # noqa: T201
        return 2
    return bench(rest)


def run_all(*, quick: bool) -> int:
    """One after the other, each under its heading; the worst exit status of them."""
    worst = 0
    for name, bench in BENCHES.items():
        print(f"\n## {name}\n", flush=True)  # noqa: T201
        worst = max(worst, bench(QUICK[name] if quick else []))
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
