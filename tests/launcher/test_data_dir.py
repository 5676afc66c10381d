"""A data directory belongs to one portal at a time, and only ours is ever deleted."""

from pathlib import Path

import pytest

from accessportal.launcher import data_dir
from accessportal.launcher.console import SetupProblem
from accessportal.launcher.managing import guard_data_is_there, split_data_dir


def test_a_second_portal_on_the_same_data_is_told_so(tmp_path: Path) -> None:
    with (
        data_dir.open_data_dir(tmp_path / "data", demo=False),
        pytest.raises(SetupProblem, match=r"(?s)already runs.*--data-dir"),
    ):
        data_dir.open_data_dir(tmp_path / "data", demo=False)
    data_dir.open_data_dir(tmp_path / "data", demo=False).close()


def test_a_directory_with_somebody_elses_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("ten years of work")
    with pytest.raises(SetupProblem, match="not Access Portal's"):
        data_dir.open_data_dir(tmp_path, demo=False)


@pytest.mark.parametrize(
    ("was_demo", "instead"), [(False, "./portal serve"), (True, "./portal demo")]
)
def test_a_demo_and_a_plants_own_data_are_not_mistaken_for_each_other(
    tmp_path: Path, was_demo: bool, instead: str
) -> None:
    """A demo has people whose passwords are printed, and is thrown away without a question."""
    data_dir.open_data_dir(tmp_path / "data", demo=was_demo).close()
    data_dir.remember_environment(
        tmp_path / "data", {"PORTAL_DEMO": "1" if was_demo else "0"}
    )
    data_dir.open_data_dir(tmp_path / "data", demo=was_demo).close()
    with pytest.raises(SetupProblem, match=f"Start it with {instead}"):
        data_dir.open_data_dir(tmp_path / "data", demo=not was_demo)


def test_reset_leaves_an_empty_directory_that_is_still_held(tmp_path: Path) -> None:
    with data_dir.open_data_dir(tmp_path / "data", demo=False):
        (tmp_path / "data" / "recordings").mkdir()
        (tmp_path / "data" / "portal.sqlite3").write_text("")
        data_dir.reset(tmp_path / "data", ask=False)
        left = {path.name for path in (tmp_path / "data").iterdir()}
    assert left == {".access-portal", "portal.lock"}


def test_reset_of_a_plants_own_data_asks_at_a_terminal(tmp_path: Path) -> None:
    with (
        data_dir.open_data_dir(tmp_path / "data", demo=False),
        pytest.raises(SetupProblem, match="asks at a terminal"),
    ):
        data_dir.reset(tmp_path / "data", ask=True)


def test_manage_sees_the_portal_as_it_was_last_started(tmp_path: Path) -> None:
    assert data_dir.remembered_environment(tmp_path) == {}
    data_dir.remember_environment(tmp_path, {"PORTAL_GUACD": "127.0.0.1:4823"})
    assert data_dir.remembered_environment(tmp_path) == {
        "PORTAL_GUACD": "127.0.0.1:4823"
    }


@pytest.mark.parametrize("words", [["--data-dir", "/data"], ["--data-dir=/data"]])
def test_manage_takes_a_data_directory_first(words: list[str]) -> None:
    assert split_data_dir([*words, "verify_audit"]) == (Path("/data"), ["verify_audit"])


def test_manage_takes_the_directory_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PORTAL_DATA_DIR", "/srv/plant")
    assert split_data_dir(["verify_audit"]) == (Path("/srv/plant"), ["verify_audit"])
    assert split_data_dir(["--data-dir", "/data"]) == (Path("/data"), [])


def test_a_command_about_data_says_where_there_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PORTAL_DATABASE_URL", raising=False)
    with pytest.raises(SetupProblem, match=r"no data in .*--data-dir var/demo"):
        guard_data_is_there(tmp_path, ["verify_audit"])
    guard_data_is_there(tmp_path, ["migrate"])
    guard_data_is_there(tmp_path, [])
    (tmp_path / "portal.sqlite3").write_text("")
    guard_data_is_there(tmp_path, ["verify_audit"])
