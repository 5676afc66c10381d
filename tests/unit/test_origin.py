"""The address of an act: a header is believed only from a proxy that is known."""

import pytest
from pytest_django.fixtures import Settings

from accessportal.origin import address_behind_proxies, web_session_ref


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "address"),
    [
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "203.0.113.9", "192.0.2.1"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.1", "<script>", ""),
        ("", "", ""),
    ],
)
def test_the_browsers_address(
    settings: Settings, peer: str, forwarded_for: str, address: str
) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.1", "10.0.0.2"]
    assert address_behind_proxies(peer, forwarded_for) == address


def test_a_reference_to_a_web_session_does_not_reveal_its_key() -> None:
    assert "abcdef" not in web_session_ref("abcdef")
    assert web_session_ref("abcdef") == web_session_ref("abcdef")
    assert web_session_ref(None) == ""
