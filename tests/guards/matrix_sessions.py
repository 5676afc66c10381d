"""The table of permissions, the part of live sessions and of what stops many at once."""

from __future__ import annotations

from tests.guards.lines import CONTRACTORS, EVERYBODY, NOT_SEE, PLANT, Line

SESSIONS: dict[str, Line] = {
    # Console
    "sessions:board": Line(yes=EVERYBODY),
    "sessions:now": Line(yes=EVERYBODY),
    "sessions:looked": Line(
        yes="olga ivan",
        no="vera cora adam",
        not_known="vito victor omar",
        args="session",
        method="post",
    ),
    "sessions:console_start": Line(
        yes="vera",
        no="vito olga ivan cora adam",
        not_known=NOT_SEE,
        args="window endpoint",
    ),
    "sessions:detail": Line(
        yes="vera olga ivan cora adam", not_known="vito victor omar", args="session"
    ),
    "sessions:console": Line(
        yes="vera",
        no="olga ivan cora adam",
        not_known="vito victor omar",
        args="session",
    ),
    "sessions:join": Line(
        yes="vera",
        no="olga ivan cora adam",
        not_known="vito victor omar",
        args="session",
    ),
    "sessions:ask_baton": Line(
        yes="vera",
        no="olga ivan cora adam",
        not_known="vito victor omar",
        args="session",
        method="post",
    ),
    "sessions:pass_baton": Line(
        yes="vera",
        no="olga ivan cora adam",
        not_known="vito victor omar",
        args="session",
        method="post",
        data=(("to", "1"),),
    ),
    "sessions:take_control": Line(
        yes="olga",
        no="vera ivan cora adam",
        not_known="vito victor omar",
        args="session",
        method="post",
        data=(("reason", "Alarm"),),
    ),
    "sessions:return_control": Line(
        yes="olga",
        no="vera ivan cora adam",
        not_known="vito victor omar",
        args="session",
        method="post",
    ),
    "sessions:continue_unrecorded": Line(
        yes="olga",
        no="vera ivan cora adam",
        not_known="vito victor omar",
        args="session",
        method="post",
    ),
    "sessions:keep_hold": Line(
        yes="olga ivan",
        no="vera cora adam",
        not_known="vito victor omar",
        args="session",
        method="post",
    ),
    "sessions:watch": Line(
        yes="olga ivan",
        no="vera cora adam",
        not_known="vito victor omar",
        args="session",
    ),
    "tunnel:last_picture": Line(
        yes="olga ivan",
        no="vera cora adam",
        not_known="vito victor omar",
        args="broker session",
    ),
    "sessions:status": Line(
        yes="vera olga ivan cora adam", not_known="vito victor omar", args="session"
    ),
    "sessions:ticket": Line(
        yes="vera olga ivan",
        no="cora adam",
        not_known="vito victor omar",
        args="session",
        method="post",
    ),
    "sessions:message": Line(
        yes="vera olga ivan",
        no="cora adam",
        not_known="vito victor omar",
        args="session",
        method="post",
        data=(("text", "Hello"),),
    ),
    "sessions:more_time": Line(
        yes="vera",
        no="olga ivan cora adam",
        not_known="vito victor omar",
        args="session",
        method="post",
        data=(("minutes", "30"), ("reason", "More")),
    ),
    "sessions:freeze": Line(
        yes="olga ivan",
        no="vera cora adam",
        not_known="vito victor omar",
        args="session",
        method="post",
        data=(("message", "Stand clear"),),
    ),
    "sessions:unfreeze": Line(
        yes="olga ivan",
        no="vera cora adam",
        not_known="vito victor omar",
        args="session",
        method="post",
    ),
    "sessions:resume": Line(
        yes="vera",
        no="olga ivan cora adam",
        not_known="vito victor omar",
        args="session",
        method="post",
    ),
    "sessions:end": Line(
        yes="vera olga ivan",
        no="cora adam",
        not_known="vito victor omar",
        args="session",
        method="post",
    ),
    "sessions:acknowledge": Line(
        yes="vera olga ivan",
        no="cora adam",
        not_known="vito victor omar",
        args="session",
        method="post",
        data=(("message", "1"),),
    ),
    # Olga passes the guard; the verb lets only those acknowledge it who are told.
    "sessions:recall_seen": Line(
        yes="vera",
        no="olga ivan cora adam",
        not_known="vito victor omar",
        args="session",
        method="post",
    ),
    "sessions:declare_step": Line(
        yes="vera",
        no="olga ivan cora adam",
        not_known="vito victor omar",
        args="session",
        method="post",
        data=(("what", "Writing firmware"), ("minutes", "12")),
    ),
    "sessions:accept_step": Line(
        yes="olga",
        no="vera ivan cora adam",
        not_known="vito victor omar",
        args="session",
        method="post",
        data=(("step", "1"),),
    ),
    "sessions:refuse_step": Line(
        yes="olga",
        no="vera ivan cora adam",
        not_known="vito victor omar",
        args="session",
        method="post",
        data=(("step", "1"),),
    ),
    "sessions:end_step": Line(
        yes="vera olga",
        no="ivan cora adam",
        not_known="vito victor omar",
        args="session",
        method="post",
        data=(("step", "1"),),
    ),
    "sessions:give_time": Line(
        yes="olga",
        no="vera ivan cora adam",
        not_known="vito victor omar",
        args="session",
        method="post",
        data=(("wish", "{extension}"),),
    ),
    "sessions:refuse_time": Line(
        yes="olga",
        no="vera ivan cora adam",
        not_known="vito victor omar",
        args="session",
        method="post",
        data=(("wish", "{extension}"), ("reason", "No")),
    ),
    "sessions:attend": Line(
        yes="olga",
        no="vera ivan cora adam",
        not_known="vito victor omar",
        args="session",
        method="post",
    ),
    "sessions:take_charge": Line(
        yes="olga",
        no="vera ivan cora adam",
        not_known="vito victor omar",
        args="session",
        method="post",
    ),
    # Shift change
    "sessions:shift": Line(yes="olga omar", no=f"{CONTRACTORS} ivan cora adam"),
    "sessions:shift_offer": Line(
        yes="olga",
        no="vera ivan cora adam",
        not_known="vito victor omar",
        method="post",
        data=(("session", "{session}"), ("to", "{colleague}")),
    ),
    "sessions:shift_accept": Line(
        yes="olga",
        no="vera ivan cora adam",
        not_known="vito victor omar",
        method="post",
        data=(("session", "{session}"),),
    ),
    "sessions:shift_decline": Line(
        yes="olga",
        no="vera ivan cora adam",
        not_known="vito victor omar",
        method="post",
        data=(("session", "{session}"),),
    ),
    "sessions:shift_attend": Line(
        yes="olga",
        no="vera ivan cora adam",
        not_known="vito victor omar",
        method="post",
        data=(("session", "{session}"),),
    ),
    # Stopping many at once
    "isolation:list": Line(yes=PLANT, no=CONTRACTORS),
    "isolation:site": Line(
        yes="olga ivan",
        no="cora adam",
        not_known=f"{CONTRACTORS} omar",
        args="site",
    ),
    "isolation:isolate": Line(
        yes="olga ivan",
        no="cora adam",
        not_known=f"{CONTRACTORS} omar",
        args="site",
        method="post",
        data=(("reason", "Stop"),),
    ),
    "isolation:vendor": Line(
        yes="ivan adam",
        no="olga omar cora",
        not_known=CONTRACTORS,
        args="vendor",
    ),
    "isolation:suspend": Line(
        yes="ivan adam",
        no="olga omar cora",
        not_known=CONTRACTORS,
        args="vendor",
        method="post",
        data=(("reason", "Stop"),),
    ),
    "isolation:site_drill": Line(
        yes="olga ivan",
        no="cora adam",
        not_known=f"{CONTRACTORS} omar",
        args="site",
    ),
    "isolation:start_site_drill": Line(
        yes="olga ivan",
        no="cora adam",
        not_known=f"{CONTRACTORS} omar",
        args="site",
        method="post",
        data=(("reason", "Stop"),),
    ),
    "isolation:vendor_drill": Line(
        yes="ivan adam",
        no="olga omar cora",
        not_known=CONTRACTORS,
        args="vendor",
    ),
    "isolation:start_vendor_drill": Line(
        yes="ivan adam",
        no="olga omar cora",
        not_known=CONTRACTORS,
        args="vendor",
        method="post",
        data=(("reason", "Stop"),),
    ),
    "isolation:order": Line(
        yes="olga ivan cora adam",
        not_known=f"{CONTRACTORS} omar",
        args="order",
    ),
    "isolation:lift": Line(
        yes="olga ivan",
        no="cora adam",
        not_known=f"{CONTRACTORS} omar",
        args="order",
        method="post",
        data=(("reason", "Over"), ("name", "Plant North")),
    ),
}

# What a companion gains over a colleague who was not named ("vito"): this session, and
# nothing else of it than to take part. Everything not said here is as for the colleague.
COMPANION: dict[str, str] = {
    "sessions:detail": "yes",
    "sessions:status": "yes",
    "sessions:join": "yes",
    "sessions:console": "yes",
    "sessions:ticket": "yes",
    "sessions:message": "yes",
    "sessions:acknowledge": "yes",
    "sessions:recall_seen": "yes",
    "sessions:ask_baton": "yes",
    "sessions:pass_baton": "yes",
    "windows:recall_seen": "yes",  # whoever works there is told to give it back
}
COMPANION |= dict.fromkeys(
    (
        name
        for name, line in SESSIONS.items()
        if "vito" in line.not_known
        and (line.args.endswith("session") or "{session}" in str(line.data))
        and name not in COMPANION
    ),
    "no",
)
