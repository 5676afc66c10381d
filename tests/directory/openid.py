"""The provider of these tests in a process of its own, and a browser's way through it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
from django.test import Client

from accessportal.accounts.directory.configuration import OpenIdSettings
from accessportal.launcher.browser_files import node_command
from accessportal.launcher.ports import free_port

START = "/accounts/login/directory/"
BACK = "/accounts/login/directory/back/"
HERE = Path(__file__).parent


class Provider:
    """A running oidc-provider; `people` are told to it before a test needs them."""

    def __init__(self, url: str) -> None:
        self.url = url

    def knows(self, **people: dict[str, Any]) -> None:
        with plain_browser() as browser:
            browser.put(f"{self.url}/people", json=people).raise_for_status()

    def settings(self, **changed: Any) -> OpenIdSettings:
        """How the portal is told of it."""
        values: dict[str, Any] = {
            "issuer": self.url,
            "client_id": "access-portal",
            "client_secret": "access-portal-secret-of-the-tests",
            "scopes": "openid email profile groups",
        }
        return OpenIdSettings(**values | changed)

    def comes_back(self, url: str, name: str) -> str:
        """What the browser calls of the portal after `name` has signed in at the provider."""
        with plain_browser() as browser:
            page = browser.get(url)
            assert page.status_code == 303, page.text
            answer = browser.post(
                self.url + page.headers["Location"], data={"name": name}
            )
            while answer.headers["Location"].startswith(self.url):
                answer = browser.get(answer.headers["Location"])
            back = urlsplit(answer.headers["Location"])
            return f"{back.path}?{back.query}"


def plain_browser() -> httpx2.Client:
    """Without certificates to load: everything here is on loopback."""
    return httpx2.Client(verify=False, trust_env=False, timeout=30)


@contextmanager
def running_provider(*redirect_uris: str) -> Iterator[Provider]:
    port = free_port(0)
    process = subprocess.Popen(
        [*node_command(), HERE / "provider.mjs", str(port), *redirect_uris],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        while (line := process.stdout.readline()) != "ready\n":
            assert line, "The provider did not start."
        yield Provider(f"http://127.0.0.1:{port}")
    finally:
        process.stdin.close()
        process.wait(10)


def through_provider(client: Client, provider: Provider, name: str) -> Any:
    """From the portal's sign-in page to the provider and back; the portal's last answer."""
    begun = client.get(START)
    assert begun.status_code == 302, begun.content
    return client.get(provider.comes_back(begun.url, name))
