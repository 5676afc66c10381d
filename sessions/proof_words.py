"""What the proof of an end rests on, in words; what was found is in `sessions.broker.proof`."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sessions.models import BrokeredSession

Words = str | Promise

GUACD: dict[str, Words] = {
    "refuses_join": _("The gateway refuses to let anybody join this connection again."),
    "never_connected": _("The gateway never opened a connection."),
    "not_running": _("The gateway itself is not running any more."),
    "still_there": _("The gateway still has the connection."),
    "no_answer": _("The gateway did not answer."),
}
ASSET: dict[str, Words] = {
    "gone": _("The network connection to the machine is gone."),
    "still_there": _("A network connection to the machine is still there."),
    "not_visible": _(
        "The network connection to the machine cannot be seen from the portal."
    ),
}
NOT_VISIBLE: dict[str, Words] = {
    "guacd_is_on_another_machine": _(
        "The network connection to the machine cannot be seen from here: "
        "the gateway runs on another computer."
    ),
}


def proof_lines(brokered_session: BrokeredSession) -> list[str]:
    """One line for each fact: the gateway's, and the machine's own connection."""
    proof = brokered_session.end_proof
    guacd, line = str(proof.get("guacd")), str(proof.get("asset_connection"))
    if guacd == "said_to_be_off":
        said = _("%(name)s said that the gateway's computer is switched off.")
        return [str(said % {"name": proof.get("said_by", "")})]
    of_line = NOT_VISIBLE.get(str(proof.get("not_visible_because")), ASSET.get(line))
    return [str(words) for words in (GUACD.get(guacd), of_line) if words]
