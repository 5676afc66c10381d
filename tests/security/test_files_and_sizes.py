"""Paths that climb, archives that explode, requests that are too large."""

from __future__ import annotations

import ast
from collections.abc import Callable

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accessportal.serving import WEBSOCKET_MAX_BYTES, config
from tests.cast import Plant
from tests.guards.sources import python_files

CLIMBING = [
    "/static/../accessportal/settings.py",
    "/static/..%2f..%2faccessportal/settings.py",
    "/static/%2e%2e/%2e%2e/etc/passwd",
    "/static/....//....//etc/passwd",
    "/static//etc/passwd",
    "/static/css/portal.css%00.py",
    "/recordings/..%2f..%2fkeys/",
    "/tunnel/..%2f/",
]


@pytest.mark.parametrize("path", CLIMBING)
def test_no_path_leads_out_of_a_folder(
    path: str, plant: Plant, browser_of: Callable[..., Client]
) -> None:
    for browser in (Client(), browser_of(plant.cora)):
        answer = browser.get(path)
        assert answer.status_code in {302, 404}
        assert b"SECRET_KEY" not in answer.content
        assert b"root:" not in answer.content


def test_no_archive_is_ever_read() -> None:
    """So no archive can explode. What is compressed is our own recordings, whose blocks say
    how long they are and are opened only after their seal fits."""
    archives = {
        "zipfile",
        "tarfile",
        "py7zr",
        "rarfile",
        "lzma",
        "bz2",
        "shelve",
        "pickle",
    }
    found = [
        path.name
        for path in python_files()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        and archives
        & {
            (getattr(node, "module", None) or "").split(".")[0],
            *(alias.name.split(".")[0] for alias in node.names),
        }
    ]
    assert found == []


def test_a_request_that_is_too_large_is_refused_before_it_is_read(
    plant: Plant, browser_of: Callable[..., Client]
) -> None:
    vera = browser_of(plant.vera)
    address = reverse("requests:check")
    large = {"purpose": "x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)}
    assert vera.post(address, large).status_code in {400, 413}
    many = {f"field{number}": "x" for number in range(600)}
    assert vera.post(address, many).status_code == 400
    refused = vera.post(
        address, large, content_type="application/x-www-form-urlencoded"
    )
    assert refused.status_code in {400, 413}


def test_a_socket_takes_no_large_message_and_nothing_that_unfolds() -> None:
    served = config()
    assert served.ws_max_size == WEBSOCKET_MAX_BYTES <= 256 * 1024
    assert served.ws_per_message_deflate is False
    assert served.server_header is False
    assert served.proxy_headers is False
