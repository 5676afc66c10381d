"""guacd is a daemon of its own: found again after a crash, stopped only by its owner."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from accessportal.launcher import ports
from accessportal.launcher.console import SetupProblem
from accessportal.launcher.guacd import Guacd, children_of, is_guacd, reachable

pytestmark = pytest.mark.guacd


@pytest.fixture
def guacd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Guacd]:
    monkeypatch.delenv("GUACD", raising=False)
    daemon = Guacd(tmp_path)
    yield daemon
    daemon.stop()


def test_it_listens_on_loopback_and_is_found_again(
    guacd: Guacd, tmp_path: Path
) -> None:
    address = guacd.ensure()
    pid = guacd.pid()
    assert pid is not None
    assert address.startswith("127.0.0.1:")

    # A portal that starts again after a crash knows only the directory.
    after_a_crash = Guacd(tmp_path)
    assert after_a_crash.ensure() == address
    assert after_a_crash.pid() == pid


def test_a_port_that_another_guacd_took_first_is_not_mistaken_for_its_own(
    guacd: Guacd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two portals that start at once find the same port free."""
    other_place = tmp_path / "other"
    other_place.mkdir()
    other = Guacd(other_place)
    taken = int(other.ensure().rpartition(":")[2])
    found_free = iter([taken, ports.free_port()])
    monkeypatch.setattr(ports, "free_port", lambda preferred=0: next(found_free))
    try:
        assert guacd.ensure() != f"127.0.0.1:{taken}"
        assert guacd.pid() not in {None, other.pid()}
    finally:
        other.stop()


def test_stop_ends_it_with_its_connections(guacd: Guacd) -> None:
    host, port = guacd.ensure().split(":")
    pid = guacd.pid()
    assert pid is not None
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"6.select,3.vnc;")
        assert connection.recv(64).startswith(b"4.args")
        guacd.stop()
    assert not is_guacd(pid)
    assert guacd.pid() is None


def test_a_pid_file_of_another_process_harms_nobody(guacd: Guacd) -> None:
    """After a restart of the machine the number may be anybody's: here, this test's."""
    guacd.pid_file.write_text(str(os.getpid()))
    assert guacd.pid() is None
    guacd.stop()


def test_an_outside_guacd_is_used_as_it_is(
    guacd: Guacd, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    address = guacd.ensure()
    monkeypatch.setenv("GUACD", address)
    other = Guacd(tmp_path / "other")
    assert other.ensure() == address
    assert other.pid() is None


@pytest.mark.parametrize("address", ["4822", "localhost", "localhost:port"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(SetupProblem, match="must be host:port"):
        reachable(address)


def test_it_writes_nothing_down_when_it_makes_a_process(guacd: Guacd) -> None:
    """A thread that writes into the log while another forks leaves the child hanging for
    good (docs/decisions/0039)."""
    host, port = guacd.ensure().split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"6.select,3.vnc;")
        assert connection.recv(64).startswith(b"4.args")
    assert guacd.log_file.read_text() == ""


def test_its_children_are_those_of_all_its_threads(guacd: Guacd) -> None:
    """guacd gives each connection a process, from the thread that serves its first user."""
    host, port = guacd.ensure().split(":")
    pid = guacd.pid()
    assert pid is not None
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"6.select,3.vnc;")
        assert connection.recv(64).startswith(b"4.args")
        assert len(children_of(pid)) == 1
