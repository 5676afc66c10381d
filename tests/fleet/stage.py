"""The web of the fleet's tests, in a process of its own: it starts sessions, gives tickets.

`python -m tests.fleet.stage TARGETS` works on the PostgreSQL and Redis of its environment;
TARGETS is the JSON that `Targets.describe()` gives. What can be asked for, and how, is that
of `tests.browser.stage`, and beside it the acts of `tests.fleet.acts`.
"""

from __future__ import annotations

import json
import sys

import django


def main() -> None:
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from tests.browser.acts import ACTS, acts_of, plant
    from tests.browser.stage import listen
    from tests.fleet import acts

    plant.cast(json.loads(sys.argv[1]))
    print(json.dumps({"answer": "ready"}), flush=True)  # noqa: T201 - the pipe
    listen(ACTS | acts_of(acts))


if __name__ == "__main__":
    main()
