"""The console when its link breaks, when it is opened twice, and when the sign-in is over."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import WebSocketRoute, expect

from tests.browser.at_console import phase_is
from tests.browser.conftest import OpensPages, Stage


class TestTheShakyLink:
    def test_a_broken_link_comes_back_by_itself_and_the_work_is_still_open(
        self, stage: Stage, page_of: OpensPages, work: Callable[..., str]
    ) -> None:
        page = page_of("vera")
        tunnels: list[WebSocketRoute] = []

        def pass_on(tunnel: WebSocketRoute) -> None:
            tunnel.connect_to_server()
            tunnels.append(tunnel)

        page.route_web_socket(re.compile("/tunnel/"), pass_on)
        refusing = True
        page.route(
            "**/ticket/",
            lambda route: (
                route.abort() if len(tunnels) == 1 and refusing else route.continue_()
            ),
        )
        work(page, "vnc")

        tunnels[0].close(code=3001)
        expect(page.locator("#overlay-lost")).to_contain_text("Your work is still open")
        expect(page.locator("#strip-link")).to_contain_text("Lost")
        assert page.locator("#stage canvas").count() > 0  # the last picture stays
        page.wait_for_timeout(1200)
        phase_is(page, "lost")

        refusing = False
        phase_is(page, "open")
        expect(page.locator("#overlays")).to_be_hidden()
        assert len(tunnels) == 2

    def test_a_second_window_takes_over_and_can_be_taken_back(
        self, page_of: OpensPages, work: Callable[..., str]
    ) -> None:
        first = page_of("vera")
        work(first, "telnet")
        second = first.context.new_page()
        second.goto(first.url)
        phase_is(second, "open")

        expect(first.locator("#overlay-elsewhere")).to_be_visible()
        first.get_by_role("button", name="Use it here").click()

        phase_is(first, "open")
        phase_is(second, "elsewhere")

    def test_signed_out_is_said_with_what_to_do(
        self, stage: Stage, page_of: OpensPages, started: list[Any]
    ) -> None:
        page = page_of("vera")
        page.route(
            "**/ticket/",
            lambda route: route.fulfill(
                status=401,
                json={"code": "signed_out", "sentence": "You are not signed in."},
            ),
        )
        window = stage.window("vera", "telnet")["window"]
        started.append(window)
        session = stage.still(window, "telnet")
        page.goto(f"/sessions/{session}/console/")

        expect(page.locator("#overlay-signed-out")).to_be_visible()
        expect(page.get_by_role("link", name="Sign in")).to_be_focused()
        stage.over(session)
