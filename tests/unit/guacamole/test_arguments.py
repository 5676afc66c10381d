"""guacd is told what the endpoint needs, and nothing that opens another way in."""

from __future__ import annotations

import base64

import pytest

from sessions.guacamole.arguments import (
    VERSION,
    EndpointFacts,
    SignIn,
    Size,
    answer,
    clamp_size,
    connection_arguments,
    host_key_line,
    join_arguments,
    screen_size,
)
from sessions.guacamole.errors import ArgumentsError
from sessions.guacamole.opcodes import OBSERVER, Permissions

KEY = base64.b64encode(b"k" * 51).decode()
PASSWORD = SignIn(username="service", password="s3cret")
CONTROL = Permissions(control=True)
SIZE = Size(1280, 800)

# What guacd 1.3.0 asks for, cut down to the arguments with a meaning here.
ASKED = {
    "vnc": "VERSION_1_3_0 hostname port read-only username password enable-audio "
    "enable-sftp recording-path disable-copy disable-paste wol-send-packet",
    "rdp": "VERSION_1_3_0 hostname port domain username password width height dpi "
    "disable-audio enable-printing enable-drive disable-download disable-upload "
    "server-layout security ignore-cert enable-sftp recording-path resize-method "
    "enable-audio-input read-only disable-copy disable-paste wol-send-packet",
    "ssh": "VERSION_1_3_0 hostname host-key port username password enable-sftp "
    "private-key passphrase color-scheme command typescript-path recording-path "
    "read-only disable-copy disable-paste wol-send-packet",
    "telnet": "VERSION_1_3_0 hostname port username username-regex password "
    "password-regex color-scheme recording-path read-only disable-copy "
    "disable-paste wol-send-packet",
}


def told(
    endpoint: EndpointFacts,
    sign_in: SignIn = PASSWORD,
    permissions: Permissions = CONTROL,
) -> dict[str, str]:
    """What guacd 1.3.0 would hear, by name."""
    names = ASKED[endpoint.protocol].split()
    values = answer(names, connection_arguments(endpoint, sign_in, permissions, SIZE))
    return dict(zip(names, values, strict=True))


def an_endpoint(protocol: str, **facts: object) -> EndpointFacts:
    return EndpointFacts(protocol=protocol, host="192.168.0.10", port=5900, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize("protocol", ASKED)
def test_address_and_credential_are_told(protocol: str) -> None:
    heard = told(an_endpoint(protocol))

    assert heard["hostname"] == "192.168.0.10"
    assert heard["port"] == "5900"
    assert heard["password"] == "s3cret"


@pytest.mark.parametrize("protocol", ASKED)
def test_no_side_way_is_open(protocol: str) -> None:
    heard = told(an_endpoint(protocol))

    for name in ("enable-sftp", "enable-drive", "enable-printing", "wol-send-packet"):
        assert heard.get(name, "false") == "false"
    for name in ("enable-audio", "enable-audio-input"):
        assert heard.get(name, "false") == "false"
    for name in ("disable-audio", "disable-download", "disable-upload"):
        assert heard.get(name, "true") == "true"
    assert heard["recording-path"] == ""
    assert heard.get("typescript-path", "") == ""


@pytest.mark.parametrize("protocol", ASKED)
def test_copy_paste_and_control_follow_the_permissions(protocol: str) -> None:
    watching = told(an_endpoint(protocol), permissions=OBSERVER)
    assert watching["read-only"] == "true"
    assert watching["disable-copy"] == watching["disable-paste"] == "true"

    working = told(
        an_endpoint(protocol),
        permissions=Permissions(control=True, clipboard_in=True, clipboard_out=True),
    )
    assert working["read-only"] == "false"
    assert working["disable-copy"] == working["disable-paste"] == "false"


def test_the_answer_follows_the_order_asked_and_leaves_the_unknown_empty() -> None:
    arguments = {"hostname": "h", "port": "1", "new-in-us": "x"}

    assert answer(["VERSION_1_5_0", "port", "unheard-of", "hostname"], arguments) == [
        VERSION,
        "1",
        "",
        "h",
    ]


def test_a_version_below_1_3_0_is_spoken_so_that_nobody_is_asked_for_credentials() -> (
    None
):
    assert VERSION == "VERSION_1_1_0"


def test_an_older_guacd_that_sends_no_version_gets_none() -> None:
    assert answer(["hostname"], {"hostname": "h"}) == ["h"]


@pytest.mark.parametrize(
    ("sign_in", "key"),
    [
        (SignIn(), "username_missing"),
        (SignIn(password="x"), "username_missing"),
        (SignIn(username="service"), "credential_missing"),
    ],
)
def test_ssh_without_a_credential_is_refused(sign_in: SignIn, key: str) -> None:
    with pytest.raises(ArgumentsError) as refused:
        told(an_endpoint("ssh"), sign_in)
    assert refused.value.key == key
    assert str(refused.value.sentence)


def test_ssh_takes_a_key_alone() -> None:
    heard = told(an_endpoint("ssh"), SignIn(username="service", private_key="PEM"))

    assert (heard["private-key"], heard["password"]) == ("PEM", "")


@pytest.mark.parametrize(
    "stored",
    [
        f"ssh-rsa {KEY}",
        f"ssh-rsa {KEY} root@plc",
        f"old-name ssh-rsa {KEY}",
        f"ssh-rsa\n{KEY}",
    ],
)
def test_a_host_key_is_told_with_the_present_host(stored: str) -> None:
    assert host_key_line("10.0.0.5", 22, stored) == f"10.0.0.5 ssh-rsa {KEY}"
    assert host_key_line("10.0.0.5", 2222, stored) == f"[10.0.0.5]:2222 ssh-rsa {KEY}"


def test_no_host_key_is_told_as_none() -> None:
    assert host_key_line("10.0.0.5", 22, " ") == ""


@pytest.mark.parametrize(
    "stored", ["nonsense", "ssh-rsa", "ssh-rsa !!!", f"{KEY} ssh-rsa"]
)
def test_an_unreadable_host_key_is_refused_not_left_out(stored: str) -> None:
    with pytest.raises(ArgumentsError) as refused:
        host_key_line("10.0.0.5", 22, stored)
    assert refused.value.key == "host_key_malformed"


def test_telnet_prompts_are_told() -> None:
    heard = told(
        an_endpoint("telnet", username_prompt="User:", password_prompt="Code:")
    )

    assert (heard["username-regex"], heard["password-regex"]) == ("User:", "Code:")


def test_a_telnet_console_without_sign_in_is_possible() -> None:
    assert told(an_endpoint("telnet"), SignIn())["password"] == ""


def test_rdp_security_certificate_and_layout_are_told() -> None:
    heard = told(
        an_endpoint(
            "rdp",
            rdp_security="nla",
            ignore_certificate=True,
            keyboard_layout="de-de-qwertz",
        ),
        SignIn(username="PLANT\\service", password="s3cret"),
    )

    assert (heard["security"], heard["ignore-cert"]) == ("nla", "true")
    assert heard["server-layout"] == "de-de-qwertz"
    assert (heard["domain"], heard["username"]) == ("PLANT", "service")
    assert (heard["width"], heard["height"], heard["dpi"]) == ("1280", "800", "96")


def test_a_certificate_is_checked_unless_told_otherwise() -> None:
    assert told(an_endpoint("rdp"))["ignore-cert"] == "false"


def test_an_unknown_protocol_is_refused() -> None:
    with pytest.raises(ArgumentsError) as refused:
        connection_arguments(an_endpoint("kubernetes"), PASSWORD, CONTROL, SIZE)
    assert refused.value.key == "protocol_unknown"


def test_a_join_cannot_touch() -> None:
    assert join_arguments() == {
        "read-only": "true",
        "disable-copy": "true",
        "disable-paste": "true",
    }


@pytest.mark.parametrize(
    ("wished", "given"),
    [
        ((1, 1, 96), (320, 240, 96)),
        ((0, 0, 0), (320, 240, 48)),
        ((-5, 99999, 9999), (320, 2304, 384)),
        ((1281, 801, 96), (1280, 801, 96)),
    ],
)
def test_sizes_are_clamped(
    wished: tuple[int, int, int], given: tuple[int, int, int]
) -> None:
    assert clamp_size(*wished) == Size(*given)


def test_a_fixed_screen_keeps_its_size() -> None:
    panel = an_endpoint("rdp", fixed_size=Size(800, 480))

    assert screen_size(panel, Size(1920, 1080)) == Size(800, 480)
    assert told(panel)["resize-method"] == ""


def test_a_sign_in_shows_nothing_of_itself() -> None:
    shown = repr(
        SignIn(
            username="service", password="s3cret", private_key="PEM", passphrase="pp"
        )
    )

    assert shown == "SignIn(username='service')"
