"""What each tool wants to be sent: a body and its headers. Pure; nothing is sent here.

A generic webhook is signed: HMAC-SHA256 with the webhook's secret over
`<Portal-Timestamp>.<body>`, in hex, in `Portal-Signature: v1=...`. Who receives it compares in
constant time, refuses what is older than five minutes, and takes each `Portal-Delivery` once.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from email.header import Header
from typing import Any

SENDER = "Access Portal"


@dataclass(frozen=True)
class Said:
    """One thing to tell. link: the portal's own address of it. at: ISO 8601, UTC."""

    call_id: str
    kind: str
    about: str
    title: str
    link: str
    at: str
    site: str
    urgent: bool


def body_and_headers(
    tool: str, said: Said, *, secret: str, now: int, open_words: str
) -> tuple[bytes, dict[str, str]]:
    """now: seconds since 1970, for the signature. Raises `KeyError` for an unknown tool."""
    if tool == "ntfy":
        return _ntfy(said)
    content = _as_json(
        {"teams": _teams, "slack": _slack, "generic": _generic}[tool](said, open_words)
    )
    headers = {"Content-Type": "application/json; charset=utf-8"}
    if tool == "generic":
        headers |= {
            "Portal-Delivery": said.call_id,
            "Portal-Timestamp": str(now),
            "Portal-Signature": signature(secret, now, content),
        }
    return content, headers


def signature(secret: str, now: int, content: bytes) -> str:
    signed = str(now).encode() + b"." + content
    return "v1=" + hmac.digest(secret.encode(), signed, "sha256").hex()


def _generic(said: Said, open_words: str) -> dict[str, Any]:
    return {
        "id": said.call_id,
        "kind": said.kind,
        "number": said.about,
        "site": said.site,
        "title": said.title,
        "link": said.link,
        "at": said.at,
        "urgent": said.urgent,
    }


def _teams(said: Said, open_words: str) -> dict[str, Any]:
    """An adaptive card, as the webhooks of Teams' workflows take it. Text in it is Markdown:
    what people typed is shown, and formats nothing."""
    lines = [
        {"type": "TextBlock", "text": SENDER, "size": "Small", "isSubtle": True},
        {
            "type": "TextBlock",
            "text": _without_markup(said.title),
            "weight": "Bolder",
            "wrap": True,
        },
    ]
    if said.site:
        lines.append(
            {"type": "TextBlock", "text": _without_markup(said.site), "wrap": True}
        )
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": lines,
        "actions": [{"type": "Action.OpenUrl", "title": open_words, "url": said.link}],
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "content": card}]}


def _slack(said: Said, open_words: str) -> dict[str, Any]:
    title = said.title.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {"text": f"{title}\n<{said.link}|{open_words}>"}


def _ntfy(said: Said) -> tuple[bytes, dict[str, str]]:
    """A header holds ASCII only; ntfy reads RFC 2047."""
    return said.title.encode(), {
        "Title": Header(said.site or SENDER, "utf-8", maxlinelen=10_000).encode(),
        "Click": said.link,
        "Priority": "high" if said.urgent else "default",
        "Content-Type": "text/plain; charset=utf-8",
    }


def _without_markup(text: str) -> str:
    for letter in "\\*_[]()`#~>|!":
        text = text.replace(letter, f"\\{letter}")
    return text


def _as_json(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()
