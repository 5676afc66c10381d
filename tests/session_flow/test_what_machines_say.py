"""A machine, or what stands in its place, says markup wherever it can: it is nowhere repeated.

Titles of windows, lines for a log and errors come in instructions of guacd; the greeting of an
SSH server comes before its key. Everything else a machine says is a picture.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import Client

from accessportal.audit.models import AuditEvent
from accessportal.plants.models import Endpoint, EndpointCheck
from sessions.guacamole.instruction import encode
from sessions.services.endpoint_check import run_endpoint_check, start_endpoint_check
from tests.cast import Plant, make_window, origin, signed_in
from tests.security.judges import ATTACK, made_of_text
from tests.session_flow.fake_guacd import FakeGuacd
from tests.session_flow.tunnel_kit import Bench

PAGES = ("/sessions/{0}/", "/sessions/{0}/console/", "/sessions/", "/recordings/", "/")


async def test_titles_log_lines_and_errors_of_a_machine_are_nowhere_repeated(
    bench: Bench, plant: Plant, fake_guacd: FakeGuacd
) -> None:
    window = await sync_to_async(make_window)(
        plant.vera, plant.filling_hmi, decided_by=plant.olga
    )
    live = await bench.start(window, plant.filling_hmi, plant.vera)
    console = await bench.enter(live, plant.vera)
    await console.picture()
    await bench.until(live, lambda row: row.state == "active")

    machine = fake_guacd.connection
    for opcode in ("name", "log"):
        machine.say(encode(opcode, ATTACK))
    machine.say(encode("msg", 1, ATTACK, ATTACK))
    frame = str(machine.next_frame())
    await console.until(
        lambda: any(
            one.opcode == "sync" and int(one.args[0]) >= int(frame)
            for one in console.received
        )
    )
    machine.say(encode("error", ATTACK, 519))
    await bench.until(live, lambda row: row.end_confirmed_at)
    await console.closed()

    said = str(console.received) + str(console.words)
    assert '"asset_unreachable"' in said or "cannot be reached" in said
    assert "xss-" not in said

    def repeated() -> list[str]:
        events = AuditEvent.objects.values_list("detail", "reason")
        found = [str(event) for event in events if "xss-" in str(event)]
        for person in (plant.vera, plant.olga):
            browser = signed_in(Client(), person)
            for path in PAGES:
                page = browser.get(path.format(live.pk)).content.decode()
                found += [path] if "xss-" in page else []
        return found

    assert await sync_to_async(repeated)() == []


@pytest.fixture
def greeting() -> Iterator[int]:
    """The port of what greets like an SSH server, in markup, and speaks an old version."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            with suppress(OSError):  # until it is closed
                while True:
                    connection, _address = server.accept()
                    with connection:
                        connection.sendall(f"{ATTACK}\r\nSSH-1.5-{ATTACK}\r\n".encode())

        threading.Thread(target=greet, daemon=True).start()
        yield server.getsockname()[1]


@pytest.mark.django_db
def test_the_greeting_of_an_ssh_server_is_nowhere_repeated(
    plant: Plant, greeting: int, browser_of: Any
) -> None:
    gateway = plant.filling_gateway
    Endpoint.objects.filter(pk=gateway.pk).update(
        host="127.0.0.1", port=greeting, probe="tcp", host_key=""
    )
    check = run_endpoint_check(
        start_endpoint_check(
            gateway, acting_user=plant.adam, origin=origin(), kind="tcp"
        )
    )
    check.refresh_from_db()
    assert check.state == EndpointCheck.State.PASSED and check.learnt_host_key == ""
    page = browser_of(plant.adam).get(f"/plants/checks/{check.pk}/")
    assert check.finding in page.content.decode()
    for said in (
        page.content.decode(),
        check.finding,
        str(AuditEvent.objects.values()),
    ):
        assert "xss-" not in said
    assert made_of_text(page.content.decode()) == []
