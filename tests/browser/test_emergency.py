"""The line is down: let in by one yes, and somebody who was passed over looks at it later."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.axe import faults
from tests.browser.conftest import OpensPages, Stage
from tests.browser.hands import number_of, opened, press, press_button
from tests.browser.test_stand_ins import in_the_queue

pytestmark = pytest.mark.every_width


@pytest.fixture
def dual(stage: Stage) -> Iterator[None]:
    """Ordinarily IT security has to agree, too; in an emergency one supervisor is enough."""
    stage.policy(
        [{"who": "role:ot_supervisor", "emergency": True}, {"who": "role:it_security"}]
    )
    yield
    stage.policy()


@pytest.mark.usefixtures("dual")
def test_let_in_at_once_and_looked_at_later(stage: Stage, page_of: OpensPages) -> None:
    vera, olga = page_of("vera", phone=True, width=360), page_of("olga", phone=True)
    ivan = page_of("ivan")
    ivan.goto("/emergencies/")

    vera.goto("/")
    press(vera.get_by_role("link", name="The line is down now"))
    vera.get_by_label("Machine").select_option(label="Filling line 3 – HMI")
    vera.get_by_label("What has happened").fill("The filler stands since 03:00")
    vera.get_by_label("What will be done?").fill("Read the fault, reset the drive")
    assert faults(vera) == []
    press_button(vera, "Call the plant")
    number = number_of(vera)

    olga.goto("/approvals/")
    press(in_the_queue(olga, number))
    expect(olga.get_by_text("The filler stands since 03:00")).to_be_visible()
    assert faults(olga) == []
    press_button(olga, "Approve")
    expect(vera.get_by_text("The window is open")).to_be_visible()

    # Who was passed over is told on the page that was open, and looks.
    owed = ivan.locator("#results").get_by_role("link", name=number).first
    press(owed)
    expect(ivan.locator("#emergency")).to_contain_text("A second look is due")
    dialog = opened(ivan, "Take the second look", "Was it justified?")
    press(dialog.get_by_label("Justified", exact=True))
    dialog.get_by_label("What does your verdict rest on?").fill(
        "It stood, she was seen"
    )
    assert faults(ivan) == []
    press_button(dialog, "Save the verdict")
    expect(ivan.locator("#emergency")).to_contain_text("Second look: Justified")
    ivan.goto(f"/emergencies/?q={number}")
    expect(ivan.locator("#results tbody").last).to_contain_text("Justified")
    expect(ivan.get_by_text("Second looks that are due")).to_have_count(0)
