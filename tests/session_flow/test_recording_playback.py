"""Compliance looks: who may, what is written down, what a browser is sent."""

from __future__ import annotations

import json
import warnings
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from django.http import StreamingHttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accessportal.audit.models import AuditEvent
from sessions.models import LeftPressed, Recording
from sessions.recorder import places
from tests.cast import Plant
from tests.session_flow.recorded import (
    Tape,
    make_recording,
    make_session,
    record_session,
)

Browser = Callable[..., Client]


@pytest.fixture
def recording(plant: Plant, committed: Any) -> Recording:
    with committed():
        made = make_recording(plant)
    made.refresh_from_db()
    return made


def number(recording: Recording) -> str:
    return recording.brokered_session.number


def page(recording: Recording) -> str:
    return reverse("recordings:player", args=[number(recording)])


def segment_url(recording: Recording, segment: int) -> str:
    return reverse("recordings:segment", args=[number(recording), segment])


def body(response: Any) -> bytes:
    """All that a streaming answer sends; the product streams it in an event loop."""
    assert isinstance(response, StreamingHttpResponse)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return b"".join(response)


def viewed() -> int:
    return AuditEvent.objects.filter(event="recording.viewed").count()


# --- Who may ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "see", "play"),
    [
        ("cora", 200, 200),
        ("olga", 200, 403),
        ("ivan", 200, 403),
        ("omar", 404, 404),
        ("adam", 404, 404),
        ("vera", 404, 404),
        ("victor", 404, 404),
    ],
)
def test_only_compliance_plays_and_only_the_site_knows(
    recording: Recording,
    plant: Plant,
    browser_of: Browser,
    person: str,
    see: int,
    play: int,
) -> None:
    client = browser_of(getattr(plant, person))
    assert client.get(page(recording)).status_code == see
    for url in (
        segment_url(recording, 1),
        reverse("recordings:map", args=[number(recording)]),
        reverse("recordings:input", args=[number(recording)]) + "?from=0&to=1000",
    ):
        assert client.get(url, HTTP_ACCEPT="application/json").status_code == play
    assert client.post(
        reverse("recordings:verify", args=[number(recording)])
    ).status_code in (
        play,
        302,
    )


def test_the_list_shows_what_is_yours_to_see(
    recording: Recording, plant: Plant, browser_of: Browser
) -> None:
    url = reverse("recordings:list")
    for person, shown in (("cora", True), ("olga", True), ("omar", False)):
        text = browser_of(getattr(plant, person)).get(url).content.decode()
        assert (number(recording) in text) is shown
    assert browser_of(plant.vera).get(url).status_code == 403
    assert browser_of(plant.adam).get(url).status_code == 403


def test_the_list_is_found_again_by_its_address(
    recording: Recording, plant: Plant, browser_of: Browser
) -> None:
    client = browser_of(plant.cora)

    def finds(query: str) -> bool:
        answer = client.get(reverse("recordings:list") + query)
        assert answer.status_code == 200
        return number(recording) in answer.content.decode()

    assert finds(
        "?q=vera+filling&state=sealed&review=open&site=north&span=day&sort=-duration"
    )
    assert finds("?page=999&sort=nonsense&state=nonsense&site=nonsense")
    assert not finds("?q=victor")
    assert not finds("?state=incomplete")
    assert not finds("?state=damaged")
    assert not finds("?site=south")


def test_the_list_asks_the_database_a_fixed_number_of_questions(
    plant: Plant,
    committed: Any,
    browser_of: Browser,
    django_assert_max_num_queries: Any,
) -> None:
    with committed():
        for _ in range(4):
            make_recording(plant, lambda tape: tape.draw())
    client = browser_of(plant.cora)
    client.get(reverse("recordings:list"))
    with django_assert_max_num_queries(24):
        client.get(reverse("recordings:list"))


def test_a_forged_number_is_nothing(plant: Plant, browser_of: Browser) -> None:
    client = browser_of(plant.cora)
    for forged in ("SES-1999-0001", "x'--", "%00", "9" * 300):
        assert client.get(f"/recordings/{forged}/").status_code == 404


# --- What is written down -----------------------------------------------------------------


def test_opening_the_player_is_an_act(
    recording: Recording, plant: Plant, browser_of: Browser
) -> None:
    client = browser_of(plant.cora)
    client.get(page(recording))
    assert viewed() == 1
    body(client.get(segment_url(recording, 1)))
    client.get(page(recording))
    assert viewed() == 1
    event = AuditEvent.objects.get(event="recording.viewed")
    assert event.actor_id == plant.cora.pk
    assert event.session_number == number(recording)


def test_a_hand_made_address_is_an_act_too(
    recording: Recording, plant: Plant, browser_of: Browser
) -> None:
    body(browser_of(plant.cora).get(segment_url(recording, 2)))
    assert viewed() == 1


def test_seeing_that_it_exists_is_not_looking(
    recording: Recording, plant: Plant, browser_of: Browser
) -> None:
    browser_of(plant.olga).get(page(recording))
    assert viewed() == 0


# --- What is sent ---------------------------------------------------------------------------


def test_a_segment_comes_as_the_instructions_that_were_seen(
    recording: Recording, plant: Plant, browser_of: Browser
) -> None:
    client = browser_of(plant.cora)
    response = client.get(segment_url(recording, 1))
    plain = body(response)
    assert plain.startswith(b"4.size,1.0,3.640,3.480;")
    assert f"4.sync,7.{Tape.BOOT}".encode() in plain
    assert "no-store" in response["Cache-Control"]

    packed = client.get(
        segment_url(recording, 1), HTTP_ACCEPT_ENCODING="gzip, deflate, br"
    )
    deflated = body(packed)
    assert packed["Content-Encoding"] == "deflate"
    assert int(packed["Content-Length"]) == len(deflated)
    assert zlib.decompress(deflated) == plain


def test_the_map_leads_from_a_time_to_a_segment(
    recording: Recording, plant: Plant, browser_of: Browser
) -> None:
    response = browser_of(plant.cora).get(
        reverse("recordings:map", args=[number(recording)])
    )
    found = response.json()
    assert found["duration"] == 25_000
    assert [row[:3] for row in found["segments"]] == [
        [1, 0, 10_000],
        [2, 10_000, 19_000],
        [3, 19_000, 25_000],
    ]
    assert found["timeline"]["typing"] == [[4000, 6000, 3, plant.vera.pk]]
    assert sum(found["activity"]) > 0
    assert "no-store" in response["Cache-Control"]


def test_what_was_done_is_told_for_a_range_of_time(
    recording: Recording, plant: Plant, browser_of: Browser
) -> None:
    client = browser_of(plant.cora)
    url = reverse("recordings:input", args=[number(recording)])
    lines = client.get(f"{url}?from=2000&to=4000").json()["lines"]
    assert [line[0] for line in lines if line[1] == "mouse"] == [2000, 3000, 4000]
    for query in ("", "?from=a&to=b", "?from=1"):
        answer = client.get(url + query, HTTP_ACCEPT="application/json")
        assert answer.status_code == 422
    assert client.get(f"{url}?from=-99&to=999999999999999").status_code == 200


def test_keys_are_not_shown_where_they_are_not_kept(
    recording: Recording, plant: Plant, browser_of: Browser
) -> None:
    url = reverse("recordings:input", args=[number(recording)])
    text = browser_of(plant.cora).get(f"{url}?from=0&to=30000").content.decode()
    assert '"key"' in text
    assert "97" not in json.dumps([line[3] for line in json.loads(text)["lines"]])


def test_a_recording_being_written_cannot_be_played(
    plant: Plant, browser_of: Browser
) -> None:
    recording = record_session(make_session(plant))
    client = browser_of(plant.cora)
    text = client.get(page(recording)).content.decode()
    assert "still being recorded" in text
    answer = client.get(segment_url(recording, 1), HTTP_ACCEPT="application/json")
    assert (answer.status_code, answer.json()["code"]) == (422, "still_writing")
    assert viewed() == 0


def test_a_segment_that_is_not_there(
    recording: Recording, plant: Plant, browser_of: Browser
) -> None:
    client = browser_of(plant.cora)
    for wrong in (0, 4, 999_999):
        assert client.get(segment_url(recording, wrong)).status_code == 404


def test_an_incomplete_recording_plays_to_its_last_block(
    plant: Plant, committed: Any, browser_of: Browser
) -> None:
    from sessions.tasks import seal_abandoned_recordings
    from tests.session_flow.recorded import end

    session = make_session(plant)
    recording = record_session(session, lambda tape: (tape.wait(2), tape.draw("x" * 70_000)),
                               finish=False)  # fmt: skip
    end(session)
    screen = places.root() / recording.folder / "screen-00001.seg"
    with screen.open("ab") as file:
        file.write(b"half a block")
    with committed():
        seal_abandoned_recordings()
    client = browser_of(plant.cora)
    assert "Incomplete" in client.get(page(recording)).content.decode()
    plain = body(client.get(segment_url(recording, 1)))
    assert plain.endswith(f"4.sync,7.{Tape.BOOT + 2000},1.1;".encode())


# --- When it is not intact --------------------------------------------------------------------


def test_a_changed_segment_is_refused_loudly_and_remembered(
    recording: Recording, plant: Plant, browser_of: Browser
) -> None:
    path = places.root() / recording.folder / "screen-00002.seg"
    content = bytearray(path.read_bytes())
    content[-40] ^= 1
    path.write_bytes(bytes(content))
    client = browser_of(plant.cora)

    assert body(client.get(segment_url(recording, 1)))  # the others still play
    answer = client.get(segment_url(recording, 2), HTTP_ACCEPT="application/json")
    assert (answer.status_code, answer.json()["code"]) == (422, "recording_not_intact")
    assert "not intact" in answer.json()["sentence"]

    recording.refresh_from_db()
    assert "block_changed" in recording.verification_error
    event = AuditEvent.objects.get(event="recording.verify.failed")
    assert event.actor_id == plant.cora.pk
    shown = client.get(page(recording)).content.decode()
    assert "NOT intact" in shown
    assert "A block was changed" in shown


def test_what_a_crash_left_pressed_is_said_with_the_recording(
    recording: Recording, plant: Plant, browser_of: Browser
) -> None:
    client = browser_of(plant.cora)
    assert "was held down" not in client.get(page(recording)).content.decode()
    left = LeftPressed.objects.create(
        brokered_session=recording.brokered_session, held=1
    )
    shown = client.get(page(recording)).content.decode()
    assert "Something was held down when the connection was lost" in shown
    assert "the machine may still be running" in shown
    left.seen_at, left.seen_by = timezone.now(), plant.olga
    left.save()
    assert (
        "Olga Olsen looked at the machine"
        in client.get(page(recording)).content.decode()
    )


def test_a_forged_manifest_plays_nothing(
    recording: Recording, plant: Plant, browser_of: Browser
) -> None:
    recording.manifest["segments"][0]["ends_ms"] = 1
    recording.save()
    answer = browser_of(plant.cora).get(
        segment_url(recording, 1), HTTP_ACCEPT="application/json"
    )
    assert answer.json()["code"] == "recording_not_intact"


def test_a_damaged_input_track_is_said(
    recording: Recording, plant: Plant, browser_of: Browser
) -> None:
    path = places.root() / recording.folder / "input-00001.seg"
    path.write_bytes(path.read_bytes()[:-200])
    url = reverse("recordings:input", args=[number(recording)])
    answer = browser_of(plant.cora).get(
        f"{url}?from=0&to=99999", HTTP_ACCEPT="application/json"
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "recording_not_intact")


def test_verifying_again_finds_that_it_was_repaired(
    recording: Recording, plant: Plant, browser_of: Browser
) -> None:
    path = places.root() / recording.folder / "screen-00002.seg"
    whole = path.read_bytes()
    path.unlink()
    client = browser_of(plant.cora)
    url = reverse("recordings:verify", args=[number(recording)])
    client.post(url)
    recording.refresh_from_db()
    assert "segment_missing" in recording.verification_error
    path.write_bytes(whole)
    client.post(url)
    recording.refresh_from_db()
    assert recording.verification_error == ""
    assert AuditEvent.objects.filter(
        event="recording.verified", actor_id=plant.cora.pk
    ).exists()
