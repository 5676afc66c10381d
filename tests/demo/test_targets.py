"""The demo's machines: they come up, react, listen on loopback only, and leave nothing."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from accessportal.demo.targets import (
    KEYS,
    ProgramMissing,
    TargetFailed,
    Targets,
    start_targets,
)
from accessportal.demo.targets.ntlm import md4, sam_line
from accessportal.demo.targets.secret_store import vnc_password_file

from .machines import (
    alive,
    click,
    converse,
    eventually,
    family,
    listening_addresses,
    point,
    refuses,
    ssh,
    state,
    xdotool,
)

pytestmark = pytest.mark.guacd

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def targets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Targets]:
    with start_targets(tmp_path_factory.mktemp("plant")) as running:
        yield running


def test_all_four_machines_are_described(targets: Targets) -> None:
    described = {facts["key"]: facts for facts in targets.describe()}

    assert tuple(described) == KEYS
    assert {facts["host"] for facts in described.values()} == {"127.0.0.1"}
    assert len(described["vnc"]["password"]) == 8
    assert described["rdp"]["username"] == "engineer"
    assert described["ssh"]["private_key"].startswith("-----BEGIN RSA PRIVATE KEY")
    port = described["ssh"]["port"]
    assert described["ssh"]["host_key"].startswith(f"[127.0.0.1]:{port} ssh-ed25519 ")
    assert described["telnet"]["username"] == "service"


def test_nothing_listens_beyond_loopback(targets: Targets) -> None:
    ours = set(family(targets.process_ids()))
    addresses = listening_addresses(ours)

    ports = {facts["port"] for facts in targets.describe()}
    assert {port for _, port in addresses} == ports
    assert {address for address, _ in addresses} == {"127.0.0.1"}


def test_the_filling_line_reacts_to_its_stop_and_start_buttons(
    targets: Targets,
) -> None:
    line = targets["vnc"]
    assert state(line)["running"] is True

    click(line, "stop")
    eventually(lambda: state(line)["running"] is False)
    click(line, "start")
    eventually(lambda: state(line)["running"] is True)


def test_the_filling_line_moves_by_itself(targets: Targets) -> None:
    line = targets["vnc"]
    bottles = state(line)["good"]

    eventually(lambda: state(line)["good"] > bottles)


def test_the_jog_button_counts_presses_and_seconds(targets: Targets) -> None:
    line = targets["vnc"]
    before = state(line)["jog"]

    point(line, "jog")
    xdotool(line, "mousedown", "1")
    eventually(lambda: state(line)["jog"]["down"])
    assert state(line)["input"]["buttons_down"] == [1]
    time.sleep(0.4)
    xdotool(line, "mouseup", "1")
    eventually(lambda: not state(line)["jog"]["down"])

    after = state(line)["jog"]
    assert after["presses"] == before["presses"] + 1
    assert after["held_seconds"] - before["held_seconds"] >= 0.4
    assert after["holds"][-1]["seconds"] >= 0.4
    assert state(line)["input"]["buttons_down"] == []


def test_the_speed_follows_plus_and_minus(targets: Targets) -> None:
    line = targets["vnc"]
    speed = state(line)["speed_setpoint"]

    click(line, "faster")
    eventually(lambda: state(line)["speed_setpoint"] == speed + 600)
    click(line, "slower")
    eventually(lambda: state(line)["speed_setpoint"] == speed)


def test_a_lot_number_is_typed(targets: Targets) -> None:
    line = targets["vnc"]

    click(line, "lot")
    eventually(lambda: state(line)["acts"][-1]["act"] == "lot_edit")
    xdotool(line, "key", *["BackSpace"] * 14)
    xdotool(line, "type", "L3-7")
    xdotool(line, "key", "Return")

    eventually(lambda: state(line)["acts"][-1] | {"at": 0} == lot_act("L3-7"))
    eventually(lambda: state(line)["input"]["keys_down"] == [])


def test_the_palletiser_changes_its_recipe(targets: Targets) -> None:
    station = targets["rdp"]

    click(station, "recipe_R-118")

    eventually(lambda: state(station)["recipe"] == "R-118")


def test_nobody_opens_a_display_without_its_cookie(targets: Targets) -> None:
    tried = subprocess.run(
        ["xdotool", "getmouselocation"],
        env={"PATH": os.environ["PATH"], "DISPLAY": targets["vnc"].display},
        capture_output=True,
        check=False,
    )

    assert tried.returncode != 0


def test_the_gateway_runs_a_command_for_the_holder_of_the_key(
    targets: Targets, tmp_path: Path
) -> None:
    gateway = targets["ssh"]

    said = ssh(gateway, tmp_path, "pwd && ls && echo 17 > proof.txt")

    assert said.returncode == 0, said.stderr
    assert said.stdout.splitlines()[0] == gateway.working_directory
    assert "recipes" in said.stdout
    proof = Path(gateway.working_directory, "proof.txt")
    assert proof.read_text() == "17\n"


def test_the_gateway_opens_a_terminal(targets: Targets, tmp_path: Path) -> None:
    said = ssh(targets["ssh"], tmp_path, "test -t 0 && stty size", "-tt")

    assert said.returncode == 0, said.stdout + said.stderr


def test_the_gateway_never_gives_root_away(targets: Targets, tmp_path: Path) -> None:
    said = ssh(targets["ssh"], tmp_path, "id -u")

    assert said.stdout.strip() != "0"


def test_the_gateway_refuses_another_key(targets: Targets, tmp_path: Path) -> None:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "other"],
        check=True,
    )

    said = ssh(targets["ssh"], tmp_path, "id", key=(tmp_path / "other").read_text())

    assert said.returncode == 255
    assert "Permission denied" in said.stderr


def test_the_controller_answers_after_login(targets: Targets) -> None:
    controller = targets["telnet"]

    said = converse(
        controller, [controller.username, controller.password, "READ DB10", "LOGOUT"]
    )

    assert "DB10.0000" in said
    assert "Goodbye" in said
    assert controller.password not in said, "a password is never echoed"
    assert state(controller)["commands"][-1]["line"] == "READ DB10"


def test_the_controller_refuses_a_wrong_password(targets: Targets) -> None:
    said = converse(targets["telnet"], ["service", "guess", "\x04"])

    assert "Login incorrect" in said
    assert "CP-3> " not in said


def test_the_controller_takes_what_telnet_may_send_in_between(targets: Targets) -> None:
    controller = targets["telnet"]
    noise = b"\xff\xfd\x01\xff\xfa\x18\x00XTERM\xff\xff\xff\xf0\xff\xf1"
    name = noise + controller.username.encode() + b"\r\0"

    said = converse(
        controller, [name, controller.password, "SET TORQUE_SP 9", "LOGOUT"]
    )

    assert "must be between" in said


def test_a_machine_is_switched_off_and_on_at_the_same_address(tmp_path: Path) -> None:
    with start_targets(tmp_path, only=["telnet"]) as targets:
        before = targets["telnet"]
        targets.stop_one("telnet")
        assert refuses(before.port)

        after = targets.start("telnet")

        assert after == before


def test_a_second_start_finds_the_same_machines(tmp_path: Path) -> None:
    with start_targets(tmp_path, only=["telnet", "ssh"]) as targets:
        first = [facts | {"working_directory": ""} for facts in targets.describe()]
    with start_targets(tmp_path, only=["telnet", "ssh"]) as targets:
        second = [facts | {"working_directory": ""} for facts in targets.describe()]

    assert first == second


def test_a_machine_that_dies_is_started_again_when_watched(tmp_path: Path) -> None:
    with start_targets(tmp_path, only=["telnet"], watch=True) as targets:
        (pid,) = targets.process_ids()
        os.kill(pid, 9)

        eventually(lambda: targets.process_ids() not in ([], [pid]), seconds=10)
        eventually(lambda: not refuses(targets["telnet"].port))


def test_stop_leaves_no_process_and_no_port(tmp_path: Path) -> None:
    targets = start_targets(tmp_path)
    described = targets.describe()
    with socket.create_connection(("127.0.0.1", targets["ssh"].port)):
        ours = family(targets.process_ids())
        assert len(ours) >= 7
        targets.stop()

    assert [pid for pid in ours if alive(pid)] == []
    assert all(refuses(facts["port"]) for facts in described)
    targets.stop()


def test_the_machines_die_with_whoever_started_them(tmp_path: Path) -> None:
    program = (
        "import sys, time\n"
        "from accessportal.demo.targets import start_targets\n"
        f"targets = start_targets({str(tmp_path)!r})\n"
        "print(*targets.process_ids(), flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    ) as owner:
        assert owner.stdout
        pids = [int(pid) for pid in owner.stdout.readline().split()]
        assert len(pids) == 7
        owner.kill()

    eventually(lambda: not [pid for pid in pids if alive(pid)])


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(
            TargetFailed, match="Plant gateway GW-1 did not start"
        ) as told:
            start_targets(tmp_path, only=["ssh"], ports={"ssh": port})

    assert "Address already in use" in str(told.value)


def test_a_missing_program_names_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "accessportal.demo.targets.rdp.find_program",
        lambda target, program, package: exec_missing(target, program, package),
    )

    with pytest.raises(ProgramMissing, match="freerdp2-shadow-x11"):
        start_targets(tmp_path, only=["rdp"])


def test_the_password_forms_are_those_of_their_protocols() -> None:
    # RFC 1320, appendix A.5, and the well-known forms of the word "password".
    assert md4(b"message digest").hex() == "d9130a8164549fe818874806e1c7014b"
    assert sam_line("eve", "password") == "eve:::8846f7eaee8fb117ad06bdd830b7586c:::\n"
    assert vnc_password_file("password").hex() == "dbd83cfd727a1458"


def exec_missing(target: str, program: str, package: str) -> str:
    raise ProgramMissing(target, program, package)


def lot_act(lot: str) -> dict[str, object]:
    return {"at": 0, "act": "lot", "value": lot}
