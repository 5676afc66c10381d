"""The accessibility check of a page, by axe (WCAG 2.2 AA)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).resolve().parents[2] / "node_modules/axe-core/axe.min.js"
# What is half way from one colour to the other has no contrast to be judged by.
SETTLED = """() => Promise.allSettled(document.getAnimations()
    .filter((one) => one.effect.getComputedTiming().endTime < Infinity)
    .map((one) => one.finished))"""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def axe_findings(page: Page) -> list[str]:
    """What axe finds wrong on the page as it is now, one line each."""
    # Our content policy lets no script in but our own; the tool comes in by the debugger.
    page.evaluate(AXE.read_text())
    page.evaluate(SETTLED)
    result: dict[str, Any] = page.evaluate(
        "(tags) => window.axe.run(document, {runOnly: {type: 'tag', values: tags}})",
        RULES,
    )
    return [
        f"{page.url}: {violation['id']}: {violation['help']}: {node['html'][:160]}"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]
