"""`./portal test` brings its own PostgreSQL and Redis, and takes them away again."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import redis

from accessportal.launcher.paths import ROOT
from accessportal.launcher.test_services import services
from tests.launcher.test_run_script import plain_environment

pytestmark = pytest.mark.timeout(120)


def test_both_answer_and_leave_nothing() -> None:
    with services() as running:
        with psycopg.connect(running.database_url) as connection:
            row = connection.execute("SHOW listen_addresses").fetchone()
            assert row == ("127.0.0.1",)
        assert redis.Redis.from_url(running.redis_url).ping()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(running.database_url)
    with pytest.raises(redis.ConnectionError):
        redis.Redis.from_url(running.redis_url).ping()


def test_a_run_that_is_stopped_stops_them_too(tmp_path: Path) -> None:
    waiting = (
        "import time; from accessportal.launcher.test_services import services\n"
        "import signal; signal.signal(signal.SIGTERM, signal.default_int_handler)\n"
        "with services() as running:\n"
        "    print(running.database_url, running.redis_url, flush=True); time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", waiting],
        cwd=ROOT,
        env=plain_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    database_url, redis_url = process.stdout.readline().split()
    os.kill(process.pid, signal.SIGTERM)
    process.wait(timeout=30)
    time.sleep(0.2)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(database_url)
    with pytest.raises(redis.ConnectionError):
        redis.Redis.from_url(redis_url).ping()
