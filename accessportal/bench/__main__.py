"""`python -m accessportal.bench NAME ...`, which is `./portal bench NAME ...`."""

from __future__ import annotations

import sys

from accessportal.bench import endings, latency, recorder, relay, sessions

BENCHES = {
    "relay": relay.main,
    "recorder": recorder.main,
    "endings": endings.main,
    "latency": latency.main,
    "sessions": sessions.main,
}


def main(arguments: list[str]) -> int:
    """Run the bench that is named first."""
    name, *rest = arguments or [""]
    bench = BENCHES.get(name)
    if bench is None:
        print(f"usage: portal bench {{{','.join(BENCHES)}}} [options]", file=sys.stderr)  # noqa: T201
        return 2
    return bench(rest)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
