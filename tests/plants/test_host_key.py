"""Learning an SSH host key from a real sshd, and telling a false one."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from accessportal.plants.host_key import fingerprint
from sessions.guacamole.ssh_host_key import HostKeyError, learn_host_key

KINDS = {"ecdsa": "ecdsa-sha2-nistp256", "ed25519": "ssh-ed25519", "rsa": "ssh-rsa"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("host_keys")
    for kind in KINDS:
        subprocess.run(
            ["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(folder / kind)],
            check=True,
        )
    return folder


@pytest.fixture
def sshd(keys: Path, tmp_path: Path) -> Iterator[Callable[..., int]]:
    """`sshd("Option value", ...)` starts one on loopback and returns its port."""
    program = shutil.which("sshd") or "/usr/sbin/sshd"
    Path("/run/sshd").mkdir(parents=True, exist_ok=True)
    started = []

    def start(*options: str, kinds: str = "ecdsa ed25519 rsa") -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        lines = [
            f"Port {port}",
            "ListenAddress 127.0.0.1",
            f"PidFile {tmp_path}/pid",
            *options,
        ]
        lines += [f"HostKey {keys}/{kind}" for kind in kinds.split()]
        config = tmp_path / f"sshd-{port}"
        config.write_text("\n".join(lines) + "\n")
        started.append(subprocess.Popen([program, "-D", "-f", str(config)]))
        wait_for(port)
        return port

    yield start
    for process in started:
        process.terminate()
        process.wait(timeout=10)


def wait_for(port: int) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("sshd did not start")


def true_fingerprint(keys: Path, kind: str) -> str:
    said = subprocess.run(
        ["ssh-keygen", "-lf", str(keys / f"{kind}.pub")],
        capture_output=True,
        text=True,
        check=True,
    )
    return said.stdout.split()[1]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_kind_of_key(sshd, keys, kind):
    line = learn_host_key("127.0.0.1", sshd(), KINDS[kind])
    assert line.startswith(KINDS[kind] + " ")
    assert fingerprint(line) == true_fingerprint(keys, kind)
    assert fingerprint(f"[10.0.0.1]:22 {line}") == fingerprint(line)


def test_an_old_device(sshd, keys):
    port = sshd(
        "KexAlgorithms diffie-hellman-group14-sha1",
        "HostKeyAlgorithms ssh-rsa",
        kinds="rsa",
    )
    assert fingerprint(
        learn_host_key("127.0.0.1", port, "ssh-rsa")
    ) == true_fingerprint(keys, "rsa")


def test_a_kind_that_the_server_lacks(sshd):
    port = sshd(kinds="ed25519")
    with pytest.raises(HostKeyError):
        learn_host_key("127.0.0.1", port, "ssh-rsa")


def test_no_exchange_in_common(sshd):
    port = sshd("KexAlgorithms ecdh-sha2-nistp256")
    with pytest.raises(HostKeyError):
        learn_host_key("127.0.0.1", port, "ssh-ed25519")


def answering(*pieces: bytes) -> int:
    """The port of a server that says this to one visitor, whatever it hears."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        visitor, _address = server.accept()
        with visitor, server:
            for piece in pieces:
                visitor.sendall(piece)
            visitor.settimeout(2)
            try:
                while visitor.recv(4096):
                    pass
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    return int(server.getsockname()[1])


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"x" * 9000,
        b"SSH-1.5-old\r\n",
        b"SSH-2.0-liar\r\n" + b"\xff" * 64,
        b"SSH-2.0-liar\r\n" + b"\x00\x00\x00\x08\x04\x14" + b"\x00" * 6,
        b"SSH-2.0-liar\r\n" + b"\x00\x00\x00\x0c\x0a\x01" + b"\x00" * 10,
    ],
)
def test_what_is_no_ssh_server(said):
    with pytest.raises(HostKeyError):
        learn_host_key("127.0.0.1", answering(said), "ssh-ed25519", timeout=2)


def test_silence_has_an_end():
    began = time.monotonic()
    with pytest.raises((HostKeyError, OSError)):
        learn_host_key("127.0.0.1", answering(b""), "ssh-ed25519", timeout=0.5)
    assert time.monotonic() - began < 60


@pytest.mark.parametrize("line", ["", "nonsense", "ssh-ed25519 ///", "ssh-ed25519"])
def test_no_fingerprint_of_nonsense(line):
    assert fingerprint(line) == ""
