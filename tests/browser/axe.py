"""The accessibility check of a page, by axe (WCAG 2.2 AA)."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

AXE = Path(__file__).resolve().parents[2] / "node_modules/axe-core/axe.min.js"
# What is half way from one colour to the other, or held down, has no contrast to be judged by.
SETTLED = """async () => {
  for (let turn = 0; turn < 50 && document.querySelector("button:active, a:active"); turn += 1)
    await new Promise((done) => setTimeout(done, 20));
  await Promise.allSettled(document.getAnimations()
    .filter((one) => one.effect.getComputedTiming().endTime < Infinity)
    .map((one) => one.finished));
}"""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


# Only what is wrong, and of it only what a person needs: whatever else axe knows of a page is
# far longer than the page, and would be carried through three processes. Its one rule that needs
# the style sheets beforehand is none of ours; reading all of their rules takes as long as ten others.
RUN = """async (tags) => {
  const found = await axe.run(document, {
    runOnly: { type: "tag", values: tags }, resultTypes: ["violations"],
    preload: { assets: ["media"] } });
  return found.violations.flatMap((rule) => rule.nodes.map((node) =>
    `${location.href}: ${rule.id}: ${rule.help}: ${node.html.slice(0, 160)}`));
}"""


def axe_findings(page: Page) -> list[str]:
    """What axe finds wrong on the page as it is now, one line each."""
    # Our content policy lets no script in but our own; the tool comes in by the debugger. Each
    # further page has it from the beginning: the same script again is not compiled again.
    if not page.evaluate("'axe' in window"):
        page.add_init_script(path=AXE)
        page.evaluate(AXE.read_text())
    page.evaluate(SETTLED)
    found: list[str] = page.evaluate(RUN, RULES)
    return found


WIDTHS = (360, 390, 768, 1440)


def faults(page: Page) -> list[str]:
    """What axe finds wrong on the page, and each width of a screen that it does not fit."""
    found, size = axe_findings(page), page.viewport_size
    assert size is not None
    for width in WIDTHS:
        page.set_viewport_size({**size, "width": width})
        needs = page.evaluate("document.documentElement.scrollWidth")
        if needs > width:
            found.append(f"{page.url}: {needs} px wide at {width}")
    page.set_viewport_size(size)
    return found
