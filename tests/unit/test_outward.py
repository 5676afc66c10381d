"""An address somebody typed leads only to where the plant allowed, and into no machine of ours."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from accessportal import outward
from accessportal.errors import NotPossible

HOSTS = ["ntfy.plant.example", ".push.example", "chat.plant.example:8443"]


def test_which_addresses_may_be_spoken_to() -> None:
    for address, code in (
        ("https://ntfy.plant.example/topic", ""),
        ("https://NTFY.plant.example/topic", ""),
        ("https://eu.push.example/x", ""),
        ("https://chat.plant.example:8443/x", ""),
        ("https://chat.plant.example/x", "host_not_allowed"),
        ("https://ntfy.plant.example:22/x", "host_not_allowed"),
        ("https://push.example/x", "host_not_allowed"),
        ("https://evilpush.example/x", "host_not_allowed"),
        ("https://ntfy.plant.example.evil.example/x", "host_not_allowed"),
        ("http://ntfy.plant.example/topic", "not_https"),
        ("http://127.0.0.1/topic", "not_https"),
        ("https://ntfy.plant.example@evil.example/", "address_malformed"),
        ("https://ntfy.plant.example /", "address_malformed"),
        ("https://ntfy.plant.example:no/", "address_malformed"),
        ("gopher://ntfy.plant.example/", "address_malformed"),
        ("https:///x", "address_malformed"),
        ("https://ntfy.plant.example/" + "x" * 1000, "address_malformed"),
    ):
        try:
            outward.guard_address(address, HOSTS)
        except NotPossible as error:
            assert error.code == code, address
        else:
            assert code == "", address


def test_which_machines_a_name_may_lead_to(settings: Settings) -> None:
    for address, fair in (
        ("10.1.2.3", True),
        ("192.168.0.10", True),
        ("93.184.216.34", True),
        ("fd00::1", True),
        ("127.0.0.1", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("169.254.169.254", False),
        ("fe80::1%eth0", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
    ):
        assert outward.is_fair(address) is fair, address
    settings.OUTWARD_LOOPBACK = True
    assert outward.is_fair("127.0.0.1") and not outward.is_fair("169.254.169.254")


def test_a_name_that_leads_back_is_not_spoken_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One fair address beside one that is not: none is taken."""

    def lookup(host: str, port: int, **_more: Any) -> list[Any]:
        return [
            (socket.AF_INET, 1, 6, "", (address, port))
            for address in ("10.0.0.5", "127.0.0.1")
        ]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    with pytest.raises(outward.Unreachable, match="leads back"):
        outward.post(
            "https://ntfy.plant.example/", content=b"", headers={}, hosts=HOSTS
        )


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """A server that sends everybody on to another address."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.headers["Host"])
            self.send_response(307)
            self.send_header("Location", "http://127.0.0.1:1/internal")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/hook", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_it_goes_where_it_was_sent_and_no_further(
    settings: Settings, elsewhere: tuple[str, list[str]]
) -> None:
    settings.OUTWARD_LOOPBACK = True
    address, asked = elsewhere
    answer = outward.post(address, content=b"{}", headers={}, hosts=["127.0.0.1"])
    assert answer.status_code == 307
    assert asked == [address.split("/")[2]]


def test_why_nothing_was_delivered_is_a_sentence(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """The error's own words are for the log: an administrator reads what to look at."""
    settings.OUTWARD_LOOPBACK = True
    settings.OUTWARD_PROXY = ""
    with socket.create_server(("127.0.0.1", 0)) as plain:
        threading.Thread(target=hang_up, args=(plain,)).start()
        port = plain.getsockname()[1]
        for address, sentence in (
            ("http://127.0.0.1:1/", "Nothing answers at this address."),
            ("https://nobody.invalid/", "Nobody knows the name of the server."),
            (f"http://127.0.0.1:{port}/", "The connection to the server broke."),
        ):
            with pytest.raises(outward.Unreachable) as failed:
                outward.post(
                    address, content=b"", headers={}, hosts=["127.0.0.1", ".invalid"]
                )
            assert str(failed.value) == sentence
    assert "ConnectError" in caplog.text


def hang_up(server: socket.socket) -> None:
    """Take one connection, and close it when something was said."""
    line, _address = server.accept()
    with line:
        line.recv(65536)
