"""The words of the console: the notice, advice on refusals, and what the scripts say."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accessportal.plants.models import Endpoint
from requests.models import ExtensionRequest
from sessions.models import BrokeredSession

Words = str | Promise

ROUTES = {
    "ticket": "ticket",
    "status": "status",
    "message": "message",
    "more_time": "more_time",
    "freeze": "freeze",
    "unfreeze": "unfreeze",
    "resume": "resume",
    "end": "end",
    "continue_unrecorded": "continue_unrecorded",
    "detail": "detail",
    "acknowledge": "acknowledge",
    "recall_seen": "recall_seen",
    "declare_step": "declare_step",
    "accept_step": "accept_step",
    "refuse_step": "refuse_step",
    "end_step": "end_step",
    "give_time": "give_time",
    "refuse_time": "refuse_time",
    "attend": "attend",
    "take_charge": "take_charge",
    "ask_baton": "ask_baton",
    "pass_baton": "pass_baton",
    "take_control": "take_control",
    "return_control": "return_control",
}

CALL: Words = gettext_lazy(
    "Call your contact at the plant; only the plant can change this."
)
ADVICE: dict[str, Words] = {
    "window_not_open": gettext_lazy(
        "Leave this page open: it changes by itself when the time comes."
    ),
    "window_closed": gettext_lazy("Ask for a new window if there is work left."),
    "window_revoked": CALL,
    "site_isolated": CALL,
    "asset_locked": gettext_lazy(
        "Wait until the plant has unlocked it: this page changes by itself."
    ),
    "vendor_suspended": CALL,
    "account_disabled": CALL,
    "account_expired": CALL,
    "contract_ended": CALL,
    "training_expired": gettext_lazy(
        "Renew the training, or call the plant, which can escort you."
    ),
    "person_not_confirmed": gettext_lazy(
        "Ask your sponsor at the plant to confirm you; the portal has told them."
    ),
    "training_missing": gettext_lazy("Call the plant, which can escort you."),
    "nda_missing": CALL,
    "line_not_given": gettext_lazy(
        "Call the control room. This page changes by itself when the line is yours."
    ),
    "production_freeze": gettext_lazy(
        "Try again later, or agree on another time with the plant."
    ),
    "asset_not_serviced": CALL,
    "recorder_not_ready": gettext_lazy(
        "The plant's IT has to look at this. Please tell them."
    ),
    "host_key_not_pinned": gettext_lazy(
        "The plant's administrator has to test the connection and pin its key first."
    ),
    "endpoint_busy": gettext_lazy(
        "Wait until it is free: this page changes by itself. If it is urgent, call the control room."
    ),
    "person_limit": gettext_lazy(
        "Go back to that session, or end it, under Sessions. This page changes by itself."
    ),
    "vendor_limit": gettext_lazy(
        "Wait until one of them has ended. If it is urgent, call your contact at the plant."
    ),
    "risk_refused": CALL,
    "desktop_left_over": gettext_lazy(
        "Somebody of the plant has to look at the machine and say that it is clear."
    ),
    "signed_out": gettext_lazy("Sign in again."),
}


def advice_for(code: str, endpoint: Endpoint) -> str:
    """What to do about a refusal of the policy decision point, with a number to call."""
    advice = str(ADVICE.get(code, CALL))
    phone = endpoint.asset.zone.site.control_room_phone
    if not phone or code in {"window_not_open", "signed_out"}:
        return advice
    return f"{advice} " + _("Control room: %(phone)s.") % {"phone": phone}


def extension_news(brokered_session: BrokeredSession) -> dict[str, Any] | None:
    """The last wish for more time in this window, with its answer in a sentence."""
    wish = ExtensionRequest.objects.filter(window=brokered_session.window_id).first()
    if wish is None:
        return None
    minutes = {"minutes": wish.minutes}
    sentences = {
        ExtensionRequest.State.PENDING: _(
            "You asked for %(minutes)d more minutes; the plant has not answered yet."
        ),
        ExtensionRequest.State.GRANTED: _(
            "The plant granted %(minutes)d more minutes."
        ),
        ExtensionRequest.State.REFUSED: _("The plant did not grant more time."),
    }
    sentence = sentences[ExtensionRequest.State(wish.state)] % minutes
    if wish.decision_reason:
        sentence = f"{sentence} “{wish.decision_reason}”"
    return {"id": wish.pk, "state": wish.state, "sentence": sentence}


def console_texts() -> dict[str, str]:
    """What the console's scripts show, in the reader's language."""
    return {**_picture_texts(), **side_texts()}


def side_texts() -> dict[str, str]:
    """What plant and contractor settle beside the picture."""
    return {
        "phrase_from": _("%(name)s, %(time)s"),
        "acknowledged_by": _("Acknowledged by %(name)s, %(time)s"),
        "acknowledged_not": _("Not acknowledged yet"),
        "recall_by": _("%(name)s wants the line back."),
        "recall_why": _("%(name)s wants the line back: “%(reason)s”"),
        "recall_read": _("Wanted back by %(time)s, and read."),
        "recall_unread": _("Wanted back by %(time)s; not read yet."),
        "in_charge_is": _("In charge at the plant: %(name)s"),
        "in_charge_you": _("You are in charge of this session."),
        "in_charge_nobody": _("Nobody at the plant is in charge of this session."),
        "charge_offered": _("Offered to %(name)s, not yet accepted."),
        "charge_offered_to_you": _("%(name)s hands this session over to you."),
        "wish_asked": _(
            "%(name)s asks for %(minutes)s more minutes, until %(time)s: “%(reason)s”"
        ),
        "wish_give": _("Give %(minutes)s min"),
        "step_asked": _(
            "%(name)s asks for a critical step: “%(what)s”, %(minutes)s min"
        ),
        "step_waits": _("Waiting for the plant: “%(what)s”, %(minutes)s min"),
        "step_runs": _(
            "Critical step until %(time)s: “%(what)s”. Accepted by %(name)s."
        ),
        "step_refused": _("%(name)s did not accept the critical step “%(what)s”."),
        "step_withdrawn": _("%(by)s does not need the critical step any more."),
        "step_over": _("The critical step “%(what)s” is over."),
        "step_done": _("It is done"),
        "step_withdraw": _("I do not need it any more"),
        "step_take_back": _("Take the consent back"),
        "attended_by": _("%(name)s is there, until %(time)s."),
        "attended_by_nobody": _("Nobody is there. Input waits for that."),
    }


def _picture_texts() -> dict[str, str]:
    return {
        "no_answer": _("The portal did not answer. Nothing was lost; try again."),
        "server_error": _("The portal met an error. Nothing was changed by this step."),
        "signed_out": _("You are signed out of the portal."),
        "session_over": _("The session is over"),
        "not_connected": _("Not connected"),
        "rec": _("REC"),
        "rec_off": _("NOT RECORDED"),
        "rec_done": _("RECORDED"),
        "link": _("Link"),
        "link_good": _("Good"),
        "link_fair": _("Slow"),
        "link_poor": _("Very slow"),
        "link_quiet": _("No answer"),
        "link_lost": _("Lost"),
        "picture_old": _("Picture %(s)s s old"),
        "offline": _("This computer has no network."),
        "lost_for_long": _(
            "The portal cannot be reached. Check the network of this computer; this page keeps trying."
        ),
        "nobody_watches": _("Nobody is watching"),
        "one_watches": _("%(names)s is watching"),
        "many_watch": _("%(names)s are watching"),
        "working": _("%(names)s is working"),
        "you": _("(you)"),
        "role_owner": _("works on the machine"),
        "role_observer": _("watches"),
        "watching": _("WATCHING"),
        "view_only": _("VIEW ONLY"),
        "works": _("%(name)s works; you watch."),
        "works_away": _("%(name)s has the baton and is away. The work is held."),
        "you_work": _("You work; the others watch."),
        "you_have_control": _(
            "You have control. Nobody else's input reaches the machine."
        ),
        "plant_has_control": _("%(name)s of the plant has control. You watch."),
        "asks_for_baton": _("%(name)s asks for the baton."),
        "hand_to": _("Hand over to %(name)s"),
        "back_to_owner": _("Give back to who started the session"),
        "who_started": _("who started the session"),
        "frozen": _("Frozen"),
        "held": _("Held"),
        "frozen_by": _("Frozen by %(name)s"),
        "frozen_since": _("since %(time)s"),
        "unfrozen": _("You can go on."),
        "input_stands_still": _(
            "Input stands still: nothing you do reaches the machine now."
        ),
        "view_only_hint": _("View only: the machine takes no input from here."),
        "keyboard_on_machine": _("Keyboard: on the machine"),
        "keyboard_on_page": _("Keyboard: on this page"),
        "keyboard_here": _("The keyboard is back on this page."),
        "view_fit": _("The picture fits the window."),
        "view_full": _("The picture is shown at 100 %."),
        "message_from": _("%(name)s: %(text)s"),
        "you_wrote": _("You"),
        "clipboard_sent": _("The text is on the machine's clipboard: paste it there."),
        "clipboard_copied": _("Copied to this computer's clipboard."),
        "clipboard_denied": _(
            "The browser does not allow it. Use Ctrl+V or Ctrl+C in the field instead."
        ),
        "end_proven": _("Proven: the connection to the machine is closed."),
        "end_unproven": _(
            "Not yet proven that the connection to the machine is closed; the portal keeps checking."
        ),
    }
