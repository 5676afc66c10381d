"""The console in a real Chromium, on real machines: work, be watched, frozen, cut off, ended."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.browser.at_console import (
    CUT_OFF,
    enter,
    on_machine,
    phase_is,
    settled,
    until,
)
from tests.browser.axe import axe_findings
from tests.browser.conftest import OpensPages, Stage
from tests.demo.machines import eventually, state


class TestWorking:
    def test_a_click_reaches_the_machine_and_the_strip_says_how_things_stand(
        self, stage: Stage, page_of: OpensPages, work: Callable[..., str]
    ) -> None:
        page = page_of("vera")
        work(page, "vnc")
        hmi = stage.targets["vnc"]
        wanted = not state(hmi)["running"]

        until(
            lambda: page.mouse.click(
                *on_machine(page, stage, "start" if wanted else "stop")
            ),
            lambda: state(hmi)["running"] is wanted,
        )

        expect(page.locator("#strip-rec")).to_contain_text("REC")
        expect(page.locator("#strip-left")).to_contain_text(
            re.compile(r"ENDS IN\s+[12]:\d\d:\d\d")
        )
        expect(page.locator("#strip-people")).to_contain_text("Nobody is watching")
        assert axe_findings(page) == []

    def test_who_is_connected_already_is_led_back(
        self, stage: Stage, page_of: OpensPages, work: Callable[..., str]
    ) -> None:
        page = page_of("vera")
        session = work(page, "vnc")
        page.go_back()
        expect(page.get_by_text("You are connected to this machine")).to_be_visible()
        assert axe_findings(page) == []
        page.get_by_role("link", name="Back to the console").click()
        expect(page).to_have_url(re.compile(f"/{session}/console/$"))

    def test_typing_reaches_the_shell_until_the_chord_takes_the_keyboard_back(
        self, stage: Stage, page_of: OpensPages, work: Callable[..., str]
    ) -> None:
        page = page_of("vera")
        work(page, "ssh")
        place = Path(stage.targets["ssh"].working_directory)

        until(enter(page, "echo done > typed.txt"), (place / "typed.txt").exists)

        page.keyboard.press("Control+Alt+Shift")
        expect(page.locator("#release-keyboard")).to_be_focused()
        expect(page.locator("#keyboard-words")).to_have_text("Keyboard: on this page")
        page.keyboard.type("leaked;")
        page.keyboard.press("Tab")  # Tab walks through the page now
        expect(page.locator("#release-keyboard")).not_to_be_focused()

        page.locator("#release-keyboard").click()  # and back: the line is still empty
        until(enter(page, "touch again.txt"), (place / "again.txt").exists)

    def test_leaving_the_window_lets_go_of_a_held_button(
        self, stage: Stage, page_of: OpensPages, work: Callable[..., str]
    ) -> None:
        page = page_of("vera")
        work(page, "vnc")
        hmi = stage.targets["vnc"]

        page.mouse.move(*on_machine(page, stage, "jog"))
        until(
            lambda: (page.mouse.up(), page.mouse.down()),
            lambda: bool(state(hmi)["jog"]["down"]),
        )
        page.evaluate("() => window.dispatchEvent(new Event('blur'))")

        eventually(lambda: not state(hmi)["jog"]["down"])
        page.mouse.up()

    def test_keys_from_the_panel_and_a_sticky_modifier(
        self, stage: Stage, page_of: OpensPages, work: Callable[..., str]
    ) -> None:
        page = page_of("vera")
        work(page, "ssh")
        place = Path(stage.targets["ssh"].working_directory)

        until(enter(page, "touch busy.txt && sleep 100"), (place / "busy.txt").exists)
        page.locator(".tools [data-panel=keys]").click()
        page.locator("[data-sticky=ctrl]").click()
        expect(page.locator("[data-sticky=ctrl]")).to_have_attribute(
            "aria-pressed", "true"
        )
        page.locator("#release-keyboard").click()
        page.keyboard.press("c")  # Ctrl + C
        expect(page.locator("[data-sticky=ctrl]")).to_have_attribute(
            "aria-pressed", "false"
        )

        until(enter(page, "touch free.txt"), (place / "free.txt").exists)

    def test_view_only_says_so_and_sends_nothing(
        self, stage: Stage, page_of: OpensPages, work: Callable[..., str]
    ) -> None:
        page = page_of("vera")
        work(page, "vnc", permission="view")
        hmi = stage.targets["vnc"]
        before = len(state(hmi)["acts"])

        page.mouse.click(*on_machine(page, stage, "acknowledge"))

        expect(page.locator("#strip-view")).to_contain_text("VIEW ONLY")
        expect(page.locator("#banner-hint")).to_contain_text("View only")
        expect(page.locator("#release-keyboard")).to_be_hidden()
        page.wait_for_timeout(300)
        assert len(state(hmi)["acts"]) == before

    def test_asking_for_more_time(
        self, page_of: OpensPages, work: Callable[..., str]
    ) -> None:
        page = page_of("vera")
        work(page, "telnet")

        page.locator(".tools [data-panel=more-time]").click()
        page.get_by_label("What is it needed for?").fill("The gearbox is stiff")
        page.get_by_role("button", name="Ask the plant").click()

        expect(page.locator("#banner-hint")).to_contain_text("The plant has been told")
        page.locator(".tools [data-panel=more-time]").click()
        expect(page.locator("#more-time-state")).to_contain_text("has not answered yet")

    def test_text_goes_to_the_machines_clipboard_where_that_is_allowed(
        self, stage: Stage, page_of: OpensPages, work: Callable[..., str]
    ) -> None:
        page = page_of("vera")
        work(page, "ssh", clipboard_in=True)
        place = Path(stage.targets["ssh"].working_directory)

        page.locator(".tools [data-panel=clipboard]").click()
        page.get_by_label("Text for the machine").fill("touch pasted.txt")
        page.get_by_role("button", name="To the machine's clipboard").click()
        expect(page.locator("#clipboard-note")).to_contain_text("paste it there")
        page.locator("#release-keyboard").click()
        settled(page)
        page.keyboard.press("Control+Shift+V")
        page.wait_for_timeout(300)
        page.keyboard.press("Enter")

        eventually((place / "pasted.txt").exists)
        expect(page.locator("#clipboard-out-part")).to_be_hidden()

    def test_after_idling_a_fresh_factor_goes_on(
        self, stage: Stage, page_of: OpensPages, work: Callable[..., str]
    ) -> None:
        page = page_of("vera")
        session = work(page, "telnet")
        now = datetime.now(UTC).isoformat()
        model = "brokered_sessions.BrokeredSession"
        stage.change(model, session, frozen_at=now, frozen_cause="idle")

        expect(page.locator("#overlay-frozen")).to_contain_text(
            "Confirm your second factor"
        )
        page.get_by_label("Code from your authenticator app").fill(stage.code("vera"))
        page.get_by_role("button", name="Go on").click()

        expect(page.locator("#overlays")).to_be_hidden()
        assert stage.facts(session)["frozen_cause"] == ""


class TestThePlant:
    def test_olga_watches_freezes_lets_go_on_and_ends(
        self, stage: Stage, page_of: OpensPages, work: Callable[..., str]
    ) -> None:
        vera, olga = page_of("vera"), page_of("olga")
        session = work(vera, "vnc")
        hmi = stage.targets["vnc"]
        olga.goto("/sessions/")
        olga.locator(f'a.btn[href="/sessions/{session}/watch/"]').first.click()
        phase_is(olga, "open")
        expect(vera.locator("#strip-people")).to_contain_text("Olga Olsen is watching")
        expect(olga.locator("#strip-view")).to_contain_text("WATCHING")

        olga.locator(".tools [data-panel=freeze]").click()
        olga.get_by_label("What the contractor reads").fill(
            "Stand clear, checking the valve"
        )
        olga.get_by_role("button", name="Freeze now").click()
        expect(vera.locator("#overlay-frozen")).to_contain_text("Frozen by Olga Olsen")
        expect(vera.locator("#overlay-frozen")).to_contain_text("Stand clear")
        expect(vera.locator("#strip-frozen")).to_be_visible()
        assert axe_findings(vera) == []
        for width in (360, 768, 1440):
            vera.set_viewport_size({"width": width, "height": 900})
            assert vera.evaluate(CUT_OFF) == []
        before = len(state(hmi)["acts"])
        vera.mouse.click(*on_machine(vera, stage, "acknowledge"))
        vera.wait_for_timeout(300)
        assert len(state(hmi)["acts"]) == before

        olga.locator("#banner-frozen").get_by_role("button").click()
        expect(vera.locator("#overlays")).to_be_hidden()
        assert axe_findings(olga) == []

        olga.locator(".tools [data-open-dialog=end-dialog]").click()
        olga.locator("#end-reason").fill("Production needs the line")
        olga.get_by_role("button", name="End the session").click()
        expect(vera.locator("#overlay-over")).to_contain_text(
            "The plant ended the session"
        )
        expect(vera.locator("#overlay-over")).to_contain_text(
            "Production needs the line"
        )
        expect(vera.locator("#over-proof")).to_contain_text("Proven", timeout=60_000)
        assert axe_findings(vera) == []
        eventually(lambda: stage.facts(session)["end_confirmed"])

    def test_the_board_is_live(
        self, page_of: OpensPages, work: Callable[..., str]
    ) -> None:
        vera, olga = page_of("vera"), page_of("olga")
        olga.goto("/sessions/")
        expect(olga.locator("#live-link")).to_have_text("live")

        session = work(vera, "telnet")
        watch = olga.locator(f'a.btn[href="/sessions/{session}/watch/"]')
        expect(watch).to_be_visible()  # nobody reloaded

        vera.locator(".tools [data-open-dialog=end-dialog]").click()
        vera.get_by_role("button", name="End the session").click()
        expect(watch).to_have_count(0)

    def test_they_write_to_each_other(
        self, page_of: OpensPages, work: Callable[..., str]
    ) -> None:
        vera, ivan = page_of("vera"), page_of("ivan")
        session = work(vera, "telnet")
        ivan.goto(f"/sessions/{session}/watch/")
        phase_is(ivan, "open")

        vera.locator(".tools [data-panel=messages]").click()
        vera.get_by_label("Message to the plant").fill("May I start the pump? 🚰")
        vera.get_by_role("button", name="Send").click()

        expect(ivan.locator("#message-count")).to_have_text("1")
        expect(ivan.locator("#banner-hint")).to_contain_text("May I start the pump? 🚰")
        ivan.locator(".tools [data-panel=messages]").click()
        expect(ivan.locator("#message-count")).to_be_hidden()
        ivan.get_by_label("Message to the contractor").fill("Yes")
        ivan.get_by_role("button", name="Send").click()
        expect(vera.locator("#message-list")).to_contain_text("Yes")


class TestTheEnd:
    def test_the_last_minute_counts_down_and_the_window_ends_it(
        self,
        stage: Stage,
        page_of: OpensPages,
        work: Callable[..., str],
        started: list[Any],
    ) -> None:
        page = page_of("vera")
        session = work(page, "telnet")

        stage.end_window_in(started[-1], 12)
        expect(page.locator("#banner-warning")).to_contain_text(
            "ENDS IN", timeout=11_000
        )

        phase_is(page, "over")
        expect(page.locator("#overlay-over")).to_contain_text("window is over")
        expect(page.locator("#start-again")).to_be_hidden()
        assert stage.facts(session)["end_reason"] == "window_closed"

    def test_vera_ends_it_herself_and_may_start_again(
        self, stage: Stage, page_of: OpensPages, work: Callable[..., str]
    ) -> None:
        page, olga = page_of("vera"), page_of("olga")
        session = work(page, "telnet")
        olga.goto(f"/sessions/{session}/watch/")
        phase_is(olga, "open")

        page.locator(".tools [data-open-dialog=end-dialog]").click()
        page.get_by_label("What was done").fill("Torque set to 4.2 Nm")
        page.get_by_role("button", name="End the session").click()

        phase_is(page, "over")
        expect(page.locator("#overlay-over")).to_contain_text("You ended the session")
        expect(page.locator("#overlay-over")).to_contain_text("Torque set to 4.2 Nm")
        expect(page.locator("#start-again")).to_be_visible()
        phase_is(olga, "over")
        expect(olga.locator("#overlay-over")).to_contain_text(
            "Vera Vogt ended the session"
        )
        expect(olga.locator("#overlay-over")).not_to_contain_text("start again")
        assert stage.facts(session)["end_reason"] == "ended_by_contractor"

    def test_leaving_keeps_the_work_open(
        self, stage: Stage, page_of: OpensPages, work: Callable[..., str]
    ) -> None:
        page = page_of("vera")
        session = work(page, "telnet")

        page.locator(".tools [data-open-dialog=leave-dialog]").click()
        page.locator("#leave-now").click()
        page.wait_for_url(f"**/sessions/{session}/")
        eventually(lambda: stage.facts(session)["frozen_cause"] == "away")

        page.get_by_role("link", name="Back to the console").click()
        phase_is(page, "open")
        eventually(lambda: stage.facts(session)["frozen_cause"] == "")


class TestOnThePhone:
    def test_a_tap_reaches_the_machine_and_everything_fits(
        self, stage: Stage, page_of: OpensPages, work: Callable[..., str]
    ) -> None:
        page = page_of("vera", phone=True)
        work(page, "vnc")
        hmi = stage.targets["vnc"]
        wanted = not state(hmi)["running"]

        until(
            lambda: page.touchscreen.tap(
                *on_machine(page, stage, "start" if wanted else "stop")
            ),
            lambda: state(hmi)["running"] is wanted,
        )

        assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
        assert axe_findings(page) == []
        for panel in ("keys", "messages", "more"):
            page.locator(f".tools [data-panel={panel}]").tap()
            expect(page.locator(f"[data-panel-part={panel}]")).to_be_visible()
        assert axe_findings(page) == []
        page.locator("[data-close-panel]:visible").tap()
        page.locator(".tools [data-tool=keyboard]").tap()
        expect(page.locator("#key-sink")).to_be_focused()

    def test_the_phones_own_keyboard_types_and_deletes(
        self, stage: Stage, page_of: OpensPages, work: Callable[..., str]
    ) -> None:
        page = page_of("vera", phone=True)
        work(page, "ssh")
        place = Path(stage.targets["ssh"].working_directory)
        page.locator(".tools [data-tool=keyboard]").tap()
        sink = page.locator("#key-sink")
        expect(sink).to_be_focused()
        settled(page)

        # Such keyboards send no keys but what they wrote or took away.
        event = "(sink, how) => sink.dispatchEvent(new InputEvent('input', how))"
        insert = {"bubbles": True, "data": "touch wordx"}
        delete = {"bubbles": True, "inputType": "deleteContentBackward"}
        sink.evaluate(event, insert)
        sink.evaluate(event, delete)
        page.keyboard.press("Enter")

        eventually((place / "word").exists)

    def test_the_board_and_the_freeze_in_thumbs_reach(
        self, page_of: OpensPages, work: Callable[..., str]
    ) -> None:
        vera, olga = page_of("vera"), page_of("olga", phone=True)
        session = work(vera, "telnet")
        olga.goto("/sessions/")
        assert axe_findings(olga) == []

        olga.locator(f'[data-open-dialog^="freeze-{session}"]').tap()
        olga.get_by_role("button", name="Freeze now").tap()

        expect(vera.locator("#overlay-frozen")).to_contain_text("Frozen by Olga Olsen")
