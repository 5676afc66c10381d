"""Several people in one session: one works, the others watch, and everybody knows who."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from accessportal.accounts.models import User
from accessportal.audit.models import AuditEvent
from accessportal.errors import (
    FreshFactorNeeded,
    NotAllowed,
    NotKnown,
    NotPossible,
    TooLate,
)
from sessions.access import session_visible_to
from sessions.broker.seat import CloseCode
from sessions.models import BrokeredSession, Participant
from sessions.services.baton import (
    ask_for_baton,
    pass_baton,
    take_control,
)
from sessions.services.console import request_end
from sessions.services.freezes import freeze_session, resume_session, unfreeze_session
from sessions.services.tickets import issue_ticket
from sessions.verdict_words import verdict_lines
from tests.cast import make_person, origin
from tests.session_flow.baton_kit import (
    act,
    hers,
    his,
    keys,
    let_go_of,
    live,
    olgas,
    proves_deaf,
    said_of,
    window,
    works,
)
from tests.session_flow.fake_guacd import FakeGuacd
from tests.session_flow.tunnel_kit import Bench, Tunnel

FreezeCause = BrokeredSession.FreezeCause

__all__ = ["hers", "his", "live", "olgas", "window"]  # the fixtures


class TestCompanion:
    async def test_sees_everything_and_moves_nothing(
        self, hers: Tunnel, his: Tunnel, fake_guacd: FakeGuacd
    ) -> None:
        state = await his.word("state", role="companion")
        assert (state["works"], state["may_send"]) == (False, False)
        assert state["baton"]["name"] == "Vera Vogt"
        people = await hers.until(
            lambda: [
                data["participants"]
                for kind, data in hers.words
                if kind == "participants" and len(data["participants"]) == 2
            ]
        )
        assert {(one["name"], one["role"], one["works"]) for one in people[-1]} == {
            ("Vera Vogt", "owner", True),
            ("Tom Thoma", "companion", False),
        }
        await proves_deaf(his, hers, fake_guacd.connection)
        assert not await AuditEvent.objects.filter(
            event="session.input.blocked"
        ).aexists()

    async def test_a_colleague_who_was_not_named_learns_of_nothing(
        self, live: BrokeredSession, hers: Tunnel, fillwerk: Any
    ) -> None:
        vito = await sync_to_async(make_person)("Vito Vogel", vendor=fillwerk)
        with pytest.raises(NotKnown):
            await sync_to_async(session_visible_to)(vito, live.pk)
        with pytest.raises(NotAllowed):
            await sync_to_async(issue_ticket)(
                live, acting_user=vito, origin=origin(), web_session_key="w"
            )

    async def test_comes_with_a_fresh_factor_and_comes_back_without(
        self, bench: Bench, live: BrokeredSession, hers: Tunnel, tom: User
    ) -> None:
        key = await bench.web_session_key(tom)
        old = origin(address="127.0.0.1", factor_age=1_000)

        def ticket() -> Any:
            return issue_ticket(live, acting_user=tom, origin=old, web_session_key=key)

        for _again in range(2):
            with pytest.raises(FreshFactorNeeded):
                await sync_to_async(ticket)()
        his = await bench.enter(live, tom)
        await his.picture()
        await his.vanish()
        assert (await sync_to_async(ticket)()).token
        # The refusal is kept although it undid the rest, and none of it twice.
        assert await said_of(live, tom) == [
            ("joining", "refuse", ["fresh_factor_needed"]),
            ("joining", "allow", []),
        ]

    async def test_training_that_has_run_out_keeps_him_out(
        self, bench: Bench, live: BrokeredSession, hers: Tunnel, tom: User
    ) -> None:
        tom.training_expires_at = timezone.now()
        await tom.asave()
        with pytest.raises(NotAllowed) as refused:
            await bench.ticket(live, tom)
        assert refused.value.code == "training_expired"
        assert await said_of(live, tom) == [("joining", "refuse", ["training_expired"])]

    async def test_whose_access_is_ended_is_shown_out_and_the_work_goes_on(
        self,
        bench: Bench,
        live: BrokeredSession,
        hers: Tunnel,
        his: Tunnel,
        tom: User,
        fake_guacd: FakeGuacd,
    ) -> None:
        await User.objects.filter(pk=tom.pk).aupdate(disabled_at=timezone.now())
        assert await his.closed() == CloseCode.NOT_WELCOME
        assert (await bench.row(live)).is_live
        await hers.hold(97, fake_guacd.connection)
        (event,) = await bench.events("session.participant.left")
        assert event.actor_id == tom.pk
        assert await said_of(live, tom) == [
            ("joining", "allow", []),
            ("shown_out", "end", ["account_disabled"]),
        ]
        # What is said of the session itself is not mixed up with it.
        assert await said_of(live, live.started_by) == [("start", "allow", [])]
        olga = await User.objects.aget(email="olga.olsen@example.test")
        lines = await sync_to_async(verdict_lines)(live, olga)
        assert [(line.who, str(line.words)) for line in lines] == [
            ("", "Let in"),
            ("Tom Thoma", "Let in"),
            ("Tom Thoma", "Had to leave"),
        ]

    async def test_the_owner_whose_access_is_ended_takes_the_session_along(
        self, live: BrokeredSession, hers: Tunnel, his: Tunnel, bench: Bench, vera: User
    ) -> None:
        await User.objects.filter(pk=vera.pk).aupdate(disabled_at=timezone.now())
        ended = await his.word("ended")
        assert ended["reason"] == "account_disabled"
        assert ended["what_now"] == ""

    async def test_the_newer_of_his_browsers_replaces_the_older(
        self, bench: Bench, live: BrokeredSession, his: Tunnel, tom: User
    ) -> None:
        await bench.enter(live, tom)
        assert await his.closed() == CloseCode.REPLACED


class TestPassing:
    async def test_what_she_held_is_let_go_before_he_begins(
        self,
        bench: Bench,
        live: BrokeredSession,
        hers: Tunnel,
        his: Tunnel,
        vera: User,
        tom: User,
        fake_guacd: FakeGuacd,
    ) -> None:
        asset = fake_guacd.connection
        await hers.hold(97, asset)
        await act(pass_baton, live, vera, to=tom.pk)
        await works(his)
        await works(hers, False)
        await let_go_of("97", asset)
        await his.hold(98, asset)
        assert keys(asset).index(("97", "0")) < keys(asset).index(("98", "1"))
        await his.send("key", 98, 0)

        await proves_deaf(hers, his, asset)
        (passed,) = await bench.events("session.baton.passed")
        assert (passed.actor_id, passed.detail["to"]) == (vera.pk, "Tom Thoma")

    async def test_asking_is_seen_and_ends_with_the_change(
        self,
        bench: Bench,
        live: BrokeredSession,
        hers: Tunnel,
        his: Tunnel,
        vera: User,
        tom: User,
    ) -> None:
        def asking() -> list[str]:
            people = [data for kind, data in hers.words if kind == "participants"][-1]
            return [one["name"] for one in people["participants"] if one["asks"]]

        await act(ask_for_baton, live, tom)
        await act(ask_for_baton, live, tom)
        await hers.until(lambda: asking() == ["Tom Thoma"])
        await bench.events("session.baton.asked", 1)
        await act(pass_baton, live, vera, to=tom.pk)
        await hers.until(lambda: asking() == [])

    async def test_the_owner_takes_it_back(
        self,
        live: BrokeredSession,
        hers: Tunnel,
        his: Tunnel,
        vera: User,
        tom: User,
        fake_guacd: FakeGuacd,
    ) -> None:
        await act(pass_baton, live, vera, to=tom.pk)
        await works(his)
        await act(pass_baton, live, vera, to=vera.pk)
        await works(hers)
        await proves_deaf(his, hers, fake_guacd.connection)

    async def test_only_who_has_it_passes_it_and_only_to_who_is_here(
        self, live: BrokeredSession, hers: Tunnel, vera: User, tom: User, olga: User
    ) -> None:
        with pytest.raises(NotPossible):
            await act(pass_baton, live, vera, to=tom.pk)  # he has not come
        with pytest.raises(NotPossible):
            await act(pass_baton, live, vera, to=olga.pk)
        with pytest.raises(TooLate):
            await act(pass_baton, live, tom, to=vera.pk)
        for nobody in ("", "x", 10**9):
            with pytest.raises(NotPossible):
                await act(pass_baton, live, vera, to=nobody)

    async def test_passed_while_frozen_it_stays_frozen(
        self,
        live: BrokeredSession,
        hers: Tunnel,
        his: Tunnel,
        vera: User,
        tom: User,
        olga: User,
        fake_guacd: FakeGuacd,
    ) -> None:
        asset = fake_guacd.connection
        await hers.hold(97, asset)
        await act(freeze_session, live, olga)
        await act(pass_baton, live, vera, to=tom.pk)
        await works(his)
        await let_go_of("97", asset)
        await his.send("key", 98, 1)
        await act(unfreeze_session, live, olga)
        await his.word("unfrozen")
        await his.hold(99, asset)
        assert ("98", "1") not in keys(asset)

    async def test_a_pass_and_a_taking_of_control_at_once_leave_one_hand(
        self,
        bench: Bench,
        live: BrokeredSession,
        hers: Tunnel,
        his: Tunnel,
        olgas: Tunnel,
        vera: User,
        tom: User,
        olga: User,
        fake_guacd: FakeGuacd,
    ) -> None:
        await asyncio.gather(
            act(pass_baton, live, vera, to=tom.pk),
            act(take_control, live, olga, reason="Alarm on the line"),
            return_exceptions=True,
        )
        row = await bench.row(live)
        assert row.hand_id == olga.pk
        await works(olgas)
        seats = bench.broker.actor_of(live.pk).seats.values()  # type: ignore[union-attr]
        assert [seat.user.pk for seat in seats if seat.has_baton] == [olga.pk]
        await proves_deaf(his, olgas, fake_guacd.connection)

    async def test_idleness_is_his_and_his_factor_lifts_it(
        self,
        bench: Bench,
        live: BrokeredSession,
        hers: Tunnel,
        his: Tunnel,
        vera: User,
        tom: User,
        settings: Any,
        fake_guacd: FakeGuacd,
    ) -> None:
        await act(pass_baton, live, vera, to=tom.pk)
        await works(his)
        settings.IDLE_FREEZE_SECONDS = 1
        assert (await his.word("frozen", cause="idle"))["step_up"] is True
        assert (await hers.word("frozen", cause="idle"))["step_up"] is False
        settings.IDLE_FREEZE_SECONDS = 600
        with pytest.raises(NotAllowed):
            await act(resume_session, live, vera, web_session_key="w")
        key = await bench.web_session_key(tom)
        await act(resume_session, live, tom, web_session_key=key)
        await his.hold(98, fake_guacd.connection)


class TestTheEnd:
    async def test_each_reads_their_own_truth(
        self,
        live: BrokeredSession,
        hers: Tunnel,
        his: Tunnel,
        olgas: Tunnel,
        vera: User,
    ) -> None:
        await act(request_end, live, vera)
        assert (await hers.word("ended"))["sentence"] == "You ended the session."
        for other in (his, olgas):
            said = await other.word("ended")
            assert said["sentence"] == "Vera Vogt ended the session."
            assert (said["what_now"], said["can_start_again"]) == ("", False)

    async def test_who_ended_it_for_the_plant_reads_so(
        self, live: BrokeredSession, hers: Tunnel, olgas: Tunnel, olga: User
    ) -> None:
        await act(request_end, live, olga)
        assert (await olgas.word("ended"))["sentence"] == "You ended the session."
        assert (await hers.word("ended"))["sentence"] == "The plant ended the session."

    async def test_a_companion_ends_it_only_with_the_baton(
        self,
        bench: Bench,
        live: BrokeredSession,
        hers: Tunnel,
        his: Tunnel,
        vera: User,
        tom: User,
    ) -> None:
        with pytest.raises(NotAllowed):
            await act(request_end, live, tom)
        await act(pass_baton, live, vera, to=tom.pk)
        await works(his)
        await act(request_end, live, tom)
        assert (await hers.word("ended"))["sentence"] == "Tom Thoma ended the session."
        row = await bench.until(live, lambda row: row.ended_at)
        assert row.ended_by_id == tom.pk
        roles = {
            one.user_id: one.role
            async for one in Participant.objects.filter(brokered_session=live)
        }
        assert roles == {vera.pk: "owner", tom.pk: "companion"}
