"""guacd's numbers become sentences."""

from __future__ import annotations

import pytest

from sessions.guacamole.instruction import Instruction
from sessions.guacamole.status import STATUSES, status_of, status_of_error


@pytest.mark.parametrize("code", [512, 515, 519, 769, 776])
def test_the_codes_that_were_seen_have_their_own_sentence(code: int) -> None:
    assert status_of(code).code == code
    assert status_of(code).key != "unknown"


def test_every_key_and_sentence_is_its_own() -> None:
    assert len({status.key for status in STATUSES.values()}) == len(STATUSES)
    assert len({str(status.sentence) for status in STATUSES.values()}) == len(STATUSES)


def test_over_ssh_512_is_the_host_key() -> None:
    assert status_of(512, "ssh").key == "host_key_mismatch"
    assert status_of(512, "vnc").key == "host_refused"


def test_an_unknown_code_is_named_in_its_sentence() -> None:
    assert "4711" in str(status_of(4711).sentence)


@pytest.mark.parametrize(
    "args", [(), ("text",), ("text", "x"), ("text", "٥"), ("text", "9" * 30)]
)
def test_a_malformed_error_is_still_an_error(args: tuple[str, ...]) -> None:
    assert status_of_error(Instruction("error", args)).key == "unknown"


@pytest.mark.parametrize("protocol", ["vnc", "rdp"])
def test_519_over_a_screen_protocol_may_be_the_credential(protocol: str) -> None:
    assert "credential" in str(status_of(519, protocol).sentence)
    assert "credential" not in str(status_of(519, "telnet").sentence)
