"""Two people type into one real shell by turns; the input track says whose hands it was."""

from __future__ import annotations

from pathlib import Path

from asgiref.sync import sync_to_async

from accessportal.accounts.models import User
from accessportal.demo.targets import Targets
from accessportal.plants.models import Endpoint
from requests.models import MaintenanceWindow
from sessions.models import Recording
from sessions.services.baton import pass_baton
from sessions.services.playback import hands_of, map_of
from sessions.services.recording_check import input_lines
from tests.cast import Plant, make_window, origin
from tests.integration.test_sessions_on_guacd import (
    begin,
    bench,
    end,
    eventually,
    machine_at,
    type_text,
    until_sealed,
)
from tests.session_flow.tunnel_kit import Bench

__all__ = ["bench"]  # the fixture

SHIFT = 0xFFE1


async def test_the_input_track_names_both(
    bench: Bench,  # noqa: F811 - the fixture
    plant: Plant,
    targets: Targets,
    vera: User,
    tom: User,
    olga: User,
) -> None:
    place = Path(targets["ssh"].working_directory)

    def approved() -> tuple[MaintenanceWindow, Endpoint]:
        shell = machine_at(plant.filling_hmi, targets, "ssh")
        window = make_window(vera, shell, decided_by=olga, companions=[tom])
        return window, shell

    window, shell = await sync_to_async(approved)()
    live, hers = await begin(bench, window, shell, vera)
    his = await bench.enter(live, tom)
    await his.picture(20.0)

    both = place / "both.txt"
    await type_text(hers, "echo vera >> both.txt\n")
    await eventually(lambda: both.exists() and both.read_text() == "vera\n", 30.0)
    await hers.send("key", SHIFT, 1)
    await bench.until(live, lambda row: row.held_input)
    await sync_to_async(pass_baton)(
        live, acting_user=vera, origin=origin(address="127.0.0.1"), to=tom.pk
    )
    await his.word("state", works=True)
    await hers.send("key", ord("x"), 1)  # too late: the baton has gone on
    await hers.send("key", ord("x"), 0)
    await type_text(his, "echo tom >> both.txt\n")
    await eventually(lambda: both.read_text() == "vera\ntom\n", 30.0)
    await end(bench, live, vera)
    await until_sealed(live)

    def look() -> None:
        recording = Recording.objects.get(brokered_session=live)
        lines = [line for some in input_lines(recording) for line in some]
        turn = next(at for at, line in enumerate(lines) if line.kind == "baton")
        before = {line.user_id for line in lines[:turn] if line.kind == "key"}
        after = {line.user_id for line in lines[turn:] if line.kind == "key"}
        assert (before, after) == ({vera.pk}, {tom.pk})
        # What she held was let go of in her name, before his first key.
        kinds = [(line.kind, line.user_id) for line in lines]
        assert kinds.index(("release", vera.pk)) < kinds.index(("key", tom.pk))
        people = {span[3] for span in map_of(recording)["timeline"]["typing"]}
        assert people == {vera.pk, tom.pk}
        hands = [(hand.name, hand.role) for hand in hands_of(recording)]
        assert hands == [("Vera Vogt", "owner"), ("Tom Thoma", "companion")]

    await sync_to_async(look)()
