"""The player in a real Chromium: the picture, any moment of it, and the verdict."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.axe import axe_findings
from tests.browser.conftest import OpensPages, Stage

GROUND = [20, 40, 60]
SQUARE = [200, 120, 40]
SYNC = re.compile(r"4\.sync,\d+\.(\d+)")
PIXEL = """([x, y]) => {
  const canvas = document.querySelector("#screen canvas");
  return Array.from(canvas.getContext("2d").getImageData(x, y, 1, 1).data).slice(0, 3);
}"""


def opened(page: Page, number: str, moment: str = "") -> Page:
    """The player, with its picture on the screen."""
    page.goto(
        "/recordings/"
    )  # so that only the moment of an address may change, and counts
    page.goto(f"/recordings/{number}/{moment}")
    is_ready(page)
    return page


def is_ready(page: Page) -> None:
    expect(page.locator("#stage")).to_have_attribute(
        "data-state", "ready", timeout=60_000
    )
    expect(page.locator("#screen canvas").first).to_be_visible()


def shows_moment(page: Page, second: int) -> None:
    """The square has come as far as it was at this second, and no further."""
    expect(page.locator("#now")).to_have_text(f"0:{second:02d}")
    is_ready(page)
    x = second * 10
    assert page.evaluate(PIXEL, [x + 35, 220]) == SQUARE
    assert page.evaluate(PIXEL, [x + 45, 220]) == GROUND


@pytest.fixture(scope="module")
def number(stage: Stage) -> str:
    """A recording of 25 s in three segments; the square moves 10 pixels a second."""
    return str(stage.recorded())


def test_the_picture_comes_and_any_moment_of_it(
    stage: Stage, page_of: OpensPages, number: str
) -> None:
    page = opened(page_of("cora"), number)
    expect(page.locator("#now")).to_have_text("0:00")
    assert page.evaluate(PIXEL, [300, 220]) == GROUND

    for second in (12, 3, 8, 21, 24):  # back, within a segment, into each other
        page.locator("#goto-time").fill(f"0:{second:02d}")
        page.keyboard.press("Enter")
        shows_moment(page, second)


def test_it_opens_with_the_first_picture_where_the_screen_was_empty_before(
    page_of: OpensPages, number: str
) -> None:
    """guacd tells how large a screen is before it has seen anything of it."""
    page = page_of("cora")

    def half_a_second_later(route: Route) -> None:
        answer = route.fetch()
        first = SYNC.search(answer.text())
        assert first is not None
        empty = f"4.size,1.0,3.640,3.480;{first.group()};"
        route.fulfill(body=empty + SYNC.sub(later, answer.text()))

    page.route("**/segments/1/", half_a_second_later)
    opened(page, number)

    expect(page.locator("#now")).to_have_text("0:00")
    assert page.evaluate(PIXEL, [300, 220]) == GROUND
    page.keyboard.press("Home")
    is_ready(page)
    assert page.evaluate(PIXEL, [300, 220]) == [0, 0, 0]


def later(sync: re.Match[str]) -> str:
    return f"4.sync,{len(sync[1])}.{int(sync[1]) + 500}"


def test_a_link_leads_to_its_moment(
    stage: Stage, page_of: OpensPages, number: str
) -> None:
    page = opened(page_of("cora"), number, "#t=0:14")
    shows_moment(page, 14)
    page.evaluate("() => { location.hash = '#t=5' }")
    shows_moment(page, 5)


def test_it_plays_at_the_speed_that_was_chosen(
    stage: Stage, page_of: OpensPages, number: str
) -> None:
    page = opened(page_of("cora"), number)
    page.locator("#speed").select_option("16")
    page.get_by_role("button", name="Play").click()
    expect(page.locator("#now")).to_have_text("0:25", timeout=60_000)
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    assert page.evaluate(PIXEL, [240 + 35, 220]) == SQUARE


def test_it_is_played_by_keys(stage: Stage, page_of: OpensPages, number: str) -> None:
    page = opened(page_of("cora"), number)
    page.keyboard.press("ArrowRight")
    expect(page.locator("#now")).to_have_text("0:05")
    page.keyboard.press("n")  # the next event: a click at 6 s
    expect(page.locator("#now")).to_have_text("0:06")
    expect(page.locator("#events [aria-current]")).to_contain_text("Click")
    page.keyboard.press("End")
    expect(page.locator("#now")).to_have_text("0:25")
    page.keyboard.press("Home")
    expect(page.locator("#now")).to_have_text("0:00")
    page.keyboard.press("+")
    expect(page.locator("#speed")).to_have_value("2")
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.keyboard.press("k")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Keyboard shortcuts")


def test_it_skips_what_nobody_did_anything_in(
    stage: Stage, page_of: OpensPages
) -> None:
    """From 3 s after the last click to a moment before the next; nothing else is left out."""
    page = opened(page_of("cora"), str(stage.recorded("idle")))
    page.locator("#goto-time").fill("0:07")
    page.keyboard.press("Enter")
    expect(page.locator("#now")).to_have_text("0:07")
    page.get_by_label("Skip idle").check()
    page.get_by_role("button", name="Play").click()
    expect(page.locator("#instant")).to_contain_text(re.compile(r"Skipped 1:2\d"))
    expect(page.locator("#now")).to_have_text("1:36", timeout=30_000)
    is_ready(page)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#events")).to_contain_text("Click")


STALE_FRAME = """async () => {
  const { Playback } = await import("/static/js/player/playback.js");
  const told = [];
  const drawing = { behind: 0, feed() {}, settled: async () => {} };
  const frames = [{ at: 0, text: "" }];
  const segment = { end: 9000, done: true, frames, until: async () => {}, indexAt: () => 0 };
  const playback = new Playback({
    segments: { rows: [[0, 0]], indexAt: () => 0, get: () => segment },
    stage: { drawing, begin: () => drawing, show() {} },
    duration: 9000,
    idle: [[1000, 8000]],
    on: { position() {}, state() {}, shown() {}, ended() {}, skipped: (ms) => told.push(ms) },
  });
  playback.skipsIdle = true;
  await playback.seek(2000);
  playback.playing = true;
  playback.loop(playback.last + 20);
  while (playback.busy) await new Promise((resolve) => setTimeout(resolve));
  playback.loop(playback.last - 20);
  playback.pause();
  return { told, position: playback.position };
}"""


def test_a_frame_older_than_a_jump_does_not_take_it_back(
    stage: Stage, page_of: OpensPages
) -> None:
    """Or it would be told once more, as a jump over nothing."""
    page = page_of("cora")
    page.goto("/recordings/")
    assert page.evaluate(STALE_FRAME) == {"told": [5300], "position": 7300}


def test_what_happened_stands_in_the_list(
    stage: Stage, page_of: OpensPages, number: str
) -> None:
    page = opened(page_of("cora"), number)
    events = page.locator("#events")
    for words in ("Vera Vogt joined", "Typing (3 keys)", "Olga Olsen joined", "Frozen: stand clear",
                  "The session ended"):  # fmt: skip
        expect(events).to_contain_text(words)
    events.get_by_role("button", name=re.compile("Frozen")).click()
    shows_moment(page, 13)


def test_what_was_changed_is_refused_in_red(stage: Stage, page_of: OpensPages) -> None:
    number = stage.recorded("damaged")
    page = page_of("cora")
    opened(page, number)
    page.locator("#goto-time").fill("0:12")
    page.keyboard.press("Enter")
    expect(page.locator("#say")).to_contain_text("not intact")
    expect(page.locator("#stage")).to_have_attribute("data-state", "failed")
    expect(page.get_by_text("This recording is NOT intact")).to_be_visible(
        timeout=60_000
    )
    page.reload()
    expect(page.get_by_role("button", name="Clear", exact=True)).to_be_disabled()
    assert axe_findings(page) == []


def test_what_a_crash_left_is_played(stage: Stage, page_of: OpensPages) -> None:
    number = stage.recorded("incomplete")
    page = opened(page_of("cora"), number, "#t=0:12")
    shows_moment(page, 12)
    expect(
        page.get_by_text("The portal was interrupted while it recorded.")
    ).to_be_visible()


def test_cora_flags_with_the_moment_she_means(
    stage: Stage, page_of: OpensPages
) -> None:
    number = stage.recorded()
    page = opened(page_of("cora"), number, "#t=0:07")
    page.get_by_role(
        "button", name="Flag"
    ).click()  # without a word: refused, nothing lost
    expect(page.locator(".toast-note")).to_contain_text("Say in the notes")
    page.get_by_role("button", name="Note this moment").click()
    page.keyboard.type("Typed at the operator panel.")
    page.get_by_role("button", name="Flag").click()
    expect(page.locator("#review")).to_contain_text("Flagged")
    is_ready(page)
    page.locator("#review a[data-moment]").click()
    shows_moment(page, 7)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("phone", [False, True])
def test_everybody_can_use_it(
    stage: Stage, page_of: OpensPages, number: str, phone: bool, scheme: str
) -> None:
    page = page_of("cora", phone=phone, color_scheme=scheme)
    found = []
    for path in (f"/recordings/{number}/", "/recordings/", "/reviews/"):
        page.goto(path)
        if path.endswith(f"{number}/"):
            is_ready(page)
        found += axe_findings(page)
        wide = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{path} is {wide} px wider than the window"
    assert found == []


def test_people_who_may_only_see_that_it_exists(
    stage: Stage, page_of: OpensPages, number: str
) -> None:
    page = page_of("olga")
    page.goto(f"/recordings/{number}/")
    expect(page.locator("main")).to_contain_text("but not play it")
    assert page.locator("#player").count() == 0
    assert axe_findings(page) == []


PASSED = """async () => {
  const { Pictures } = await import("/static/js/player/pictures.js");
  const picture = (type, width, colour) => {
    const canvas = Object.assign(document.createElement("canvas"), { width, height: 20 });
    const pen = canvas.getContext("2d");
    pen.fillStyle = colour;
    pen.fillRect(0, 0, width, 20);
    return canvas.toDataURL(type).split(",")[1];
  };
  const passed = [];
  const pictures = new Pictures((opcode, args) => passed.push([opcode, ...args].join(" ")));
  const names = new Map();
  const draw = (name, { type = "image/jpeg", width = 30, x = "5", layer = "0", mask = "14" } = {}) => {
    const data = picture(type, width, `rgb(${names.size * 9}, 80, 120)`);
    names.set(data, name);
    pictures.take("img", ["3", mask, layer, type, x, "7"]);
    for (let at = 0; at < data.length; at += 240) pictures.take("blob", ["3", data.slice(at, at + 240)]);
    pictures.take("end", ["3"]);
  };
  const shown = () => {
    pictures.flush();
    const told = passed.splice(0).map((line) => names.get(line.split(" ").at(-1)) ?? line);
    return told.join(", ");
  };
  const told = {};
  draw("one"); draw("two"); draw("three");
  told.covered = shown();
  draw("one"); draw("aside", { x: "6" }); draw("larger", { width: 31 });
  draw("hidden layer", { layer: "-1" });
  told.others = shown();
  draw("read"); pictures.take("copy", ["0", "0", "0", "9", "9", "14", "0", "50", "50"]); draw("after");
  told.copied = shown();
  draw("one", { type: "image/png" }); draw("two", { type: "image/png" });
  told.seeThrough = shown();
  draw("one"); draw("faint", { mask: "6" });
  told.mask = shown();
  draw("one"); shown(); draw("two");
  told.next = shown();
  pictures.take("clip", ["0"]); draw("one"); draw("two");
  told.clipped = shown();
  return told;
}"""


def test_only_what_nobody_could_see_is_left_out(
    stage: Stage, page_of: OpensPages
) -> None:
    page = page_of("cora")
    page.goto("/recordings/")
    assert page.evaluate(PASSED) == {
        "covered": "three",
        "others": "one, aside, larger, hidden layer",
        "copied": "read, copy 0 0 0 9 9 14 0 50 50, after",
        "seeThrough": "one, two",
        "mask": "one, faint",
        "next": "two",
        "clipped": "clip 0, one, two",
    }
