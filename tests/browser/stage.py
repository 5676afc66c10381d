"""A whole portal in a process of its own, for a browser: pages, broker, real machines.

`python -m tests.browser.stage DATA_DIR PORT GUACD TARGETS` serves the cast of `tests/cast.py`;
TARGETS is the JSON that `Targets.describe()` gives. Each line on standard input is a JSON
list `[act, [arguments], {arguments}]` of `tests.browser.acts`; each answer is one line of JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.browser.acts import Acts


def prepare(data_dir: Path, port: int, guacd: str) -> None:
    """Keys, settings and an empty database."""
    os.environ.update(
        {
            "DJANGO_SETTINGS_MODULE": "tests.staged_settings",
            "PORTAL_PROFILE": "embedded",
            "PORTAL_DATA_DIR": str(data_dir),
            "PORTAL_PUBLIC_URL": f"http://localhost:{port}",
            "PORTAL_GUACD": guacd,
            "PORTAL_LOG_LEVEL": "WARNING",
        }
    )
    from accessportal.keys import ensure_keys

    ensure_keys(data_dir / "keys")
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from tests.database import MIGRATED

    # Where other tests have made one already, there is nothing left to do for `migrate`.
    if MIGRATED.exists():
        shutil.copy(MIGRATED, settings.DATABASES["default"]["NAME"])
    call_command("migrate", verbosity=0)


def listen(acts: Acts) -> None:
    """Do what the test asks for, one line after the other, until it closes the pipe."""
    from django.db import connection

    for line in sys.stdin:
        name, positional, named = json.loads(line)
        try:
            answer = {"answer": acts[name](*positional, **named)}
        except Exception as error:  # noqa: BLE001 - said to the test, which fails
            answer = {"error": f"{type(error).__name__}: {error}"}
        finally:
            connection.close()
        print(json.dumps(answer, default=str), flush=True)  # noqa: T201 - the pipe


def main() -> None:
    data_dir, port, guacd, targets = sys.argv[1:5]
    prepare(Path(data_dir), int(port), guacd)
    from accessportal.embedded import Embedded
    from accessportal.serving import Server, config
    from tests.browser.acts import ACTS, plant

    plant.cast(json.loads(targets))

    def ready() -> None:
        print(json.dumps({"answer": "ready"}), flush=True)  # noqa: T201 - the pipe
        threading.Thread(target=listen, args=(ACTS,), daemon=True).start()

    Server(config(host="127.0.0.1", port=int(port)), Embedded(), ready).run()


if __name__ == "__main__":
    main()
