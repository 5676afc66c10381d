"""The plant takes control and gives it back; a held session is kept, taken over, ended."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from accessportal.accounts.models import RoleGrant, User
from accessportal.errors import (
    FreshFactorNeeded,
    NotAllowed,
    NotPossible,
    TooLate,
)
from accessportal.plants.models import Endpoint
from sessions.models import BrokeredSession
from sessions.services.baton import (
    ask_for_baton,
    keep_hold,
    pass_baton,
    return_control,
    take_control,
)
from sessions.services.freezes import freeze_session, unfreeze_session
from tests.cast import make_person, make_window, origin
from tests.session_flow.baton_kit import (
    act,
    hers,
    his,
    keys,
    let_go_of,
    live,
    olgas,
    proves_deaf,
    window,
    works,
)
from tests.session_flow.fake_guacd import FakeGuacd
from tests.session_flow.tunnel_kit import Bench, Tunnel

FreezeCause = BrokeredSession.FreezeCause

__all__ = ["hers", "his", "live", "olgas", "window"]  # the fixtures


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
        await let_go_of("97", asset)
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
        await let_go_of("98", asset)
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

    async def test_frozen_for_one_who_dropped_when_the_baton_was_back_already(
        self,
        bench: Bench,
        live: BrokeredSession,
        hers: Tunnel,
        his: Tunnel,
        vera: User,
        tom: User,
        fake_guacd: FakeGuacd,
    ) -> None:
        """Both at once: she takes it back while his browser's absence is written down."""
        await act(pass_baton, live, vera, to=tom.pk)
        await works(his)
        await act(pass_baton, live, vera, to=vera.pk)
        await sync_to_async(freeze_session)(
            live, acting_user=None, cause=FreezeCause.AWAY
        )
        await works(hers)
        await bench.until(live, lambda row: row.frozen_at is None)
        await hers.hold(97, fake_guacd.connection)

    async def test_kept_it_waits_longer_than_the_endpoint_holds_it(
        self,
        bench: Bench,
        live: BrokeredSession,
        hers: Tunnel,
        olgas: Tunnel,
        filling_hmi: Endpoint,
        vera: User,
        olga: User,
    ) -> None:
        await Endpoint.objects.filter(pk=filling_hmi.pk).aupdate(hold_minutes=30)
        await hers.vanish()
        await olgas.word("frozen", cause="away")
        for nobody in (vera, olga):
            kept = act(keep_hold, live, nobody, note="He drives home and goes on")
            if nobody is vera:
                with pytest.raises(NotAllowed):
                    await kept
            else:
                await kept
        with pytest.raises(TooLate):
            await act(keep_hold, live, olga)
        (event,) = await bench.events("session.hold.kept")
        assert event.reason == "He drives home and goes on"

        # Long past the half hour: it lives. A new hold is one that nobody has kept.
        long_ago = timezone.now() - timedelta(hours=1)
        frozen = BrokeredSession.objects.filter(pk=live.pk)
        await frozen.aupdate(frozen_at=long_ago)
        look = await bench.broker.actor_of(live.pk).supervision.read()  # type: ignore[union-attr]
        assert look.verdict.allowed
        await frozen.aupdate(hold_kept_at=long_ago - timedelta(minutes=1))
        await olgas.word("ended", reason="held_too_long")

    async def test_only_a_held_session_is_kept(
        self, live: BrokeredSession, hers: Tunnel, olga: User
    ) -> None:
        with pytest.raises(TooLate):
            await act(keep_hold, live, olga)
