"""Several people in one session: one works, the others watch, and everybody knows who."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from accessportal.accounts.models import RoleGrant, User
from accessportal.audit.models import AuditEvent
from accessportal.errors import (
    FreshFactorNeeded,
    NotAllowed,
    NotKnown,
    NotPossible,
    TooLate,
)
from accessportal.plants.models import Endpoint
from requests.models import MaintenanceWindow
from sessions.access import session_visible_to
from sessions.broker.seat import CloseCode
from sessions.models import BrokeredSession, Participant
from sessions.services.baton import (
    ask_for_baton,
    pass_baton,
    return_control,
    take_control,
)
from sessions.services.console import request_end
from sessions.services.freezes import freeze_session, resume_session, unfreeze_session
from sessions.services.tickets import issue_ticket
from tests.cast import make_person, make_window, origin
from tests.session_flow.fake_guacd import FakeConnection, FakeGuacd
from tests.session_flow.tunnel_kit import Bench, Tunnel

FreezeCause = BrokeredSession.FreezeCause


@pytest.fixture
def window(
    filling_hmi: Endpoint, vera: User, tom: User, olga: User
) -> MaintenanceWindow:
    return make_window(
        vera, filling_hmi, decided_by=olga, companions=[tom], clipboard_out=True
    )


@pytest.fixture
async def live(
    bench: Bench, window: MaintenanceWindow, filling_hmi: Endpoint, vera: User
) -> BrokeredSession:
    return await bench.start(window, filling_hmi, vera)


@pytest.fixture
async def hers(bench: Bench, live: BrokeredSession, vera: User) -> Tunnel:
    tunnel = await bench.enter(live, vera)
    await tunnel.picture()
    return tunnel


@pytest.fixture
async def his(bench: Bench, hers: Tunnel, live: BrokeredSession, tom: User) -> Tunnel:
    tunnel = await bench.enter(live, tom)
    await tunnel.picture()
    return tunnel


@pytest.fixture
async def olgas(
    bench: Bench, hers: Tunnel, live: BrokeredSession, olga: User
) -> Tunnel:
    tunnel = await bench.enter(live, olga)
    await tunnel.picture()
    return tunnel


async def act(verb: Any, live: BrokeredSession, user: User, **more: Any) -> Any:
    more.setdefault("origin", origin(address="127.0.0.1"))
    return await sync_to_async(verb)(live, acting_user=user, **more)


def keys(asset: FakeConnection) -> list[tuple[str, ...]]:
    return [one.args[:2] for one in asset.heard if one.opcode == "key"]


async def works(tunnel: Tunnel, yes: bool = True) -> None:
    """Wait until this browser was told that its person works, or does not."""
    await tunnel.word("state", works=yes)
    await tunnel.until(
        lambda: (
            next(data for kind, data in reversed(tunnel.words) if kind == "state")[
                "works"
            ]
            is yes
        )
    )


async def proves_deaf(tunnel: Tunnel, other: Tunnel, asset: FakeConnection) -> None:
    """What `tunnel` types does not arrive; what `other` types after it does."""
    await tunnel.send("key", 120, 1)
    await tunnel.send("key", 120, 0)
    await other.hold(121, asset)
    await other.send("key", 121, 0)
    assert ("120", "1") not in keys(asset)


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

        with pytest.raises(FreshFactorNeeded):
            await sync_to_async(ticket)()
        his = await bench.enter(live, tom)
        await his.picture()
        await his.vanish()
        assert (await sync_to_async(ticket)()).token

    async def test_training_that_has_run_out_keeps_him_out(
        self, bench: Bench, live: BrokeredSession, hers: Tunnel, tom: User
    ) -> None:
        tom.training_expires_at = timezone.now()
        await tom.asave()
        with pytest.raises(NotAllowed) as refused:
            await bench.ticket(live, tom)
        assert refused.value.code == "training_expired"

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
        assert keys(asset)[-1] == ("97", "0")
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
        assert keys(asset)[-1] == ("97", "0")
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


class TestControlByThePlant:
    async def test_olga_takes_control_and_gives_it_back(
        self,
        bench: Bench,
        live: BrokeredSession,
        hers: Tunnel,
        olgas: Tunnel,
        vera: User,
        olga: User,
        fake_guacd: FakeGuacd,
    ) -> None:
        asset = fake_guacd.connection
        await hers.hold(97, asset)
        await act(take_control, live, olga, reason="Moving the line to a safe place")
        await works(olgas)
        state = await olgas.word("state", works=True)
        assert (state["may_send"], state["clipboard_out"]) == (True, False)
        assert (await hers.word("state", works=False))["baton"]["with_plant"] is True
        assert keys(asset)[-1] == ("97", "0")
        await olgas.hold(98, asset)
        await olgas.send("key", 98, 0)
        await proves_deaf(hers, olgas, asset)
        with pytest.raises(TooLate):
            await act(pass_baton, live, vera, to=vera.pk)
        with pytest.raises(NotPossible):
            await act(ask_for_baton, live, vera)

        await act(return_control, live, olga)
        await works(hers)
        await proves_deaf(olgas, hers, asset)
        (taken,) = await bench.events("session.control.taken")
        assert taken.detail["taken_from"] == "Vera Vogt"
        assert taken.reason == "Moving the line to a safe place"
        await bench.events("session.control.returned")

    async def test_it_takes_a_reason_a_fresh_factor_and_the_picture(
        self, bench: Bench, live: BrokeredSession, hers: Tunnel, olga: User
    ) -> None:
        with pytest.raises(NotPossible, match="Watch the session first"):
            await act(take_control, live, olga, reason="Alarm")
        await bench.enter(live, olga)
        with pytest.raises(NotPossible, match="Say why"):
            await act(take_control, live, olga, reason="  ")
        with pytest.raises(FreshFactorNeeded):
            await act(
                take_control, live, olga, reason="A", origin=origin(factor_age=1_000)
            )

    async def test_only_the_supervisor_of_this_site(
        self,
        live: BrokeredSession,
        hers: Tunnel,
        vera: User,
        tom: User,
        omar: User,
        ivan: User,
        cora: User,
        adam: User,
    ) -> None:
        for person in (vera, tom, omar, ivan, cora, adam):
            with pytest.raises(NotAllowed):
                await act(take_control, live, person, reason="Alarm")
            with pytest.raises(NotAllowed):
                await act(return_control, live, person)

    async def test_nobody_works_where_looking_was_approved(
        self, bench: Bench, filling_hmi: Endpoint, vera: User, olga: User
    ) -> None:
        window = await sync_to_async(make_window)(
            vera, filling_hmi, decided_by=olga, permission="view"
        )
        live = await bench.start(window, filling_hmi, vera)
        hers = await bench.enter(live, vera)
        await hers.picture()
        await bench.enter(live, olga)
        with pytest.raises(NotPossible) as refused:
            await act(take_control, live, olga, reason="Alarm")
        assert refused.value.code == "view_only"

    async def test_two_supervisors_at_once_one_is_first(
        self,
        bench: Bench,
        live: BrokeredSession,
        olgas: Tunnel,
        olga: User,
        north: Any,
        fake_guacd: FakeGuacd,
    ) -> None:
        oskar = await sync_to_async(make_person)(
            "Oskar Otte", roles=[(RoleGrant.Role.OT_SUPERVISOR, north)]
        )
        oskars = await bench.enter(live, oskar)
        await oskars.picture()
        came = await asyncio.gather(
            act(take_control, live, olga, reason="Alarm"),
            act(take_control, live, oskar, reason="Alarm"),
            return_exceptions=True,
        )
        assert sorted(type(one) for one in came if one is not None) == [TooLate]
        first, second = (olgas, oskars) if came[0] is None else (oskars, olgas)
        await works(first)
        await proves_deaf(second, first, fake_guacd.connection)

    async def test_a_freeze_holds_the_plants_hands_too(
        self, live: BrokeredSession, olgas: Tunnel, olga: User, fake_guacd: FakeGuacd
    ) -> None:
        await act(freeze_session, live, olga)
        await act(take_control, live, olga, reason="Alarm")
        await works(olgas)
        await olgas.send("key", 98, 1)
        await act(unfreeze_session, live, olga)
        await olgas.word("unfrozen")
        await olgas.hold(99, fake_guacd.connection)
        assert ("98", "1") not in keys(fake_guacd.connection)

    async def test_when_her_browser_goes_it_is_held_and_not_the_vendors(
        self,
        bench: Bench,
        live: BrokeredSession,
        hers: Tunnel,
        olgas: Tunnel,
        olga: User,
        fake_guacd: FakeGuacd,
    ) -> None:
        asset = fake_guacd.connection
        await act(take_control, live, olga, reason="Alarm")
        await works(olgas)
        await olgas.hold(98, asset)
        await olgas.vanish()
        await hers.word("frozen", cause="away")
        assert keys(asset)[-1] == ("98", "0")
        again = await bench.enter(live, olga)
        await again.picture()
        await works(again)
        await bench.until(live, lambda row: row.frozen_at is None)
        await again.hold(99, asset)


class TestHeld:
    async def test_he_drops_with_the_baton_and_she_takes_it_back(
        self,
        bench: Bench,
        live: BrokeredSession,
        hers: Tunnel,
        his: Tunnel,
        vera: User,
        tom: User,
        fake_guacd: FakeGuacd,
    ) -> None:
        await act(pass_baton, live, vera, to=tom.pk)
        await works(his)
        await his.vanish()
        await hers.word("frozen", cause="away")
        await act(pass_baton, live, vera, to=vera.pk)
        await hers.word("unfrozen")
        await hers.hold(97, fake_guacd.connection)

    async def test_she_drops_without_it_and_he_works_on(
        self,
        bench: Bench,
        live: BrokeredSession,
        hers: Tunnel,
        his: Tunnel,
        vera: User,
        tom: User,
        fake_guacd: FakeGuacd,
    ) -> None:
        await act(pass_baton, live, vera, to=tom.pk)
        await works(his)
        await hers.vanish()
        await bench.events("session.participant.left")
        await his.hold(98, fake_guacd.connection)
        assert (await bench.row(live)).frozen_at is None

    async def test_the_companion_does_not_take_what_she_left(
        self,
        live: BrokeredSession,
        hers: Tunnel,
        his: Tunnel,
        vera: User,
        tom: User,
    ) -> None:
        await hers.vanish()
        await his.word("frozen", cause="away")
        with pytest.raises(TooLate):
            await act(pass_baton, live, tom, to=tom.pk)

    async def test_the_plant_takes_over_a_held_session_and_gives_it_to_him(
        self,
        bench: Bench,
        live: BrokeredSession,
        hers: Tunnel,
        his: Tunnel,
        olgas: Tunnel,
        tom: User,
        olga: User,
        fake_guacd: FakeGuacd,
    ) -> None:
        await hers.vanish()
        await olgas.word("frozen", cause="away")
        await act(take_control, live, olga, reason="The line has to run")
        await olgas.word("unfrozen")
        await olgas.hold(98, fake_guacd.connection)
        await act(return_control, live, olga, to=tom.pk)
        await works(his)
        await proves_deaf(olgas, his, fake_guacd.connection)

    async def test_given_back_to_nobody_it_is_held(
        self,
        bench: Bench,
        live: BrokeredSession,
        hers: Tunnel,
        olgas: Tunnel,
        olga: User,
        vera: User,
        fake_guacd: FakeGuacd,
    ) -> None:
        await act(take_control, live, olga, reason="Alarm")
        await works(olgas)
        await hers.vanish()
        await bench.events("session.participant.left")
        await act(return_control, live, olga)
        await bench.until(live, lambda row: row.frozen_cause == FreezeCause.AWAY)
        again = await bench.enter(live, vera)
        await again.picture()
        await again.hold(97, fake_guacd.connection)


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
