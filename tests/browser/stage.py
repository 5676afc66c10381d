"""A whole portal in a process of its own, for a browser: pages, broker, real machines.

`python -m tests.browser.stage DATA_DIR PORT GUACD TARGETS` serves the cast of `tests/cast.py`;
TARGETS is the JSON that `Targets.describe()` gives. Each line on standard input is a JSON
list `[function, {arguments}]` of this module's `ACTS`; each answer is one line of JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any


def prepare(data_dir: Path, port: int, guacd: str) -> None:
    """Keys, settings and an empty database."""
    os.environ.update(
        {
            "DJANGO_SETTINGS_MODULE": "accessportal.settings",
            "PORTAL_PROFILE": "embedded",
            "PORTAL_DATA_DIR": str(data_dir),
            "PORTAL_PUBLIC_URL": f"http://localhost:{port}",
            "PORTAL_GUACD": guacd,
            "PORTAL_LOG_LEVEL": "WARNING",
        }
    )
    from accessportal.keys import ensure_keys

    ensure_keys(data_dir / "keys")
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from tests.database import MIGRATED

    # Where other tests have made one already, there is nothing left to do for `migrate`.
    if MIGRATED.exists():
        shutil.copy(MIGRATED, settings.DATABASES["default"]["NAME"])
    call_command("migrate", verbosity=0)


# --- The acts a test can ask for --------------------------------------------------------

PLANT: Any = None
ENDPOINTS = {
    "vnc": "filling_hmi",
    "telnet": "filling_plc",
    "ssh": "filling_gateway",
    "rdp": "palletiser_panel",
}


def cast(targets: list[dict[str, Any]]) -> dict[str, Any]:
    """Make the cast; its machines are the real ones."""
    global PLANT
    from accessportal.plants.models import Credential, VendorAsset
    from accessportal.plants.vault import Secrets, store_secrets
    from tests.cast import make_person, make_plant

    PLANT = make_plant()
    PLANT.tom = make_person("Tom Thoma", vendor=PLANT.fillwerk)
    # Vera's company services every machine here, so that she can try each protocol.
    VendorAsset.objects.create(asset=PLANT.palletiser, vendor=PLANT.fillwerk)
    for target in targets:
        endpoint = getattr(PLANT, ENDPOINTS[target["protocol"]])
        endpoint.host, endpoint.port = target["host"], target["port"]
        endpoint.host_key = target["host_key"]
        endpoint.ignore_certificate = target["protocol"] == "rdp"
        endpoint.max_clients = 99  # each test has a window of its own
        endpoint.save()
        credential = Credential.objects.filter(endpoint=endpoint).first()
        credential = credential or Credential(endpoint=endpoint)
        secrets = {
            name: target[name] for name in ("username", "password", "private_key")
        }
        store_secrets(credential, Secrets(**secrets))
        credential.save()
    return {
        name: getattr(PLANT, name).email for name in ("vera", "olga", "cora", "ivan")
    }


def sign_in(who: str, *, factor_age: float = 0.0) -> str:
    """The cookie of a new web session in which this person is signed in."""
    import time
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django_otp import DEVICE_ID_SESSION_KEY

    from accessportal.accounts.models import AuthenticatorApp
    from accessportal.accounts.web_sessions import open_web_session
    from tests.cast import origin

    user = getattr(PLANT, who)
    web_session = import_module(settings.SESSION_ENGINE).SessionStore()
    web_session[SESSION_KEY] = str(user.pk)
    web_session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    web_session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    web_session["factor_kind"] = "totp"
    web_session["factor_at"] = time.time() - factor_age
    device = AuthenticatorApp.objects.get(user=user, confirmed=True)
    web_session["factor_device"] = device.persistent_id
    web_session[DEVICE_ID_SESSION_KEY] = device.persistent_id
    web_session.create()
    cookie = str(web_session.session_key)
    open_web_session(user, cookie=cookie, factor_kind="totp", origin=origin())
    return cookie


def key_of(cookie: str) -> str:
    """The key of the web session that a cookie leads to."""
    from accessportal.accounts.models import WebSession
    from accessportal.accounts.web_sessions import cookie_hash

    return WebSession.objects.get(cookie_hash=cookie_hash(cookie)).key


def age_factor(who: str, seconds: float) -> None:
    """As if this person's second factor had been used so long ago, everywhere."""
    import time
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import SESSION_KEY

    store = import_module(settings.SESSION_ENGINE).SessionStore
    for row in store.get_model_class().objects.all():
        held = store(row.session_key)
        if held.get(SESSION_KEY) == str(getattr(PLANT, who).pk):
            held["factor_at"] = time.time() - seconds
            held.save()


def idle_in(who: str, seconds: float) -> None:
    """As if this person had clicked last so long ago that so much is left."""
    from django.utils import timezone

    now = timezone.now()
    getattr(PLANT, who).web_sessions.update(
        idle_at=now + timedelta(seconds=seconds), last_seen_at=now
    )


def seconds_left(who: str) -> float:
    from django.utils import timezone

    row = getattr(PLANT, who).web_sessions.first()
    return float((row.idle_at - timezone.now()).total_seconds())


def asks(who: str, protocol: str, *, dual: bool = False) -> str:
    """The number of a new request of this person; `dual`: IT security has to agree, too.

    The policy that asks for it holds for this request; what comes after has none.
    """
    from requests.policy.rules import IT_SECURITY, OT_SUPERVISOR
    from tests.cast import make_policy, make_request

    steps = [{"who": OT_SUPERVISOR}, {"who": IT_SECURITY}]
    policy = make_policy(PLANT.adam, {"steps": steps}) if dual else None
    made = make_request(
        getattr(PLANT, who), getattr(PLANT, ENDPOINTS[protocol]), policy=policy
    )
    if policy is not None:
        make_policy(PLANT.adam)
    return made.number


def freeze_now(site: str, hours: float) -> int:
    """Production is frozen at a site from now on; its id."""
    from tests.cast import make_freeze

    freeze = make_freeze(
        getattr(PLANT, site), starts_in=timedelta(0), lasts=timedelta(hours=hours)
    )
    return int(freeze.pk)


def lift_freeze(pk: int) -> None:
    from accessportal.plants.models import ProductionFreeze

    ProductionFreeze.objects.filter(pk=pk).delete()


def pushed(who: str, number: str) -> dict[str, Any]:
    """What this person's phone gets of a request; its push service has taken it already."""
    from django.utils import timezone

    from accessportal.notifications.models import Delivery, Notification
    from accessportal.notifications.push import hash_of, message_for

    row = Notification.objects.create(
        recipient=getattr(PLANT, who),
        kind="request.submitted",
        subject=number,
        body=number,
        path=f"/approvals/{number}/",
        about=number,
    )
    receipt = f"receipt of {number}"
    Delivery.objects.create(
        notification=row,
        channel="push",
        sent_at=timezone.now(),
        receipt_hash=hash_of(receipt),
    )
    return message_for(row) | {"receipt": receipt}


def window(
    who: str,
    *protocols: str,
    minutes: float = 120,
    companions: tuple[str, ...] = (),
    **fields: Any,
) -> dict[str, Any]:
    """An open window of this person for the machines of these protocols."""
    from tests.cast import make_window

    endpoints = [getattr(PLANT, ENDPOINTS[protocol]) for protocol in protocols]
    made = make_window(
        getattr(PLANT, who),
        *endpoints,
        decided_by=PLANT.olga,
        lasts=timedelta(minutes=5 + minutes),
        companions=[getattr(PLANT, name) for name in companions],
        **fields,
    )
    start = {
        protocol: f"/sessions/start/{made.pk}/{endpoint.pk}/"
        for protocol, endpoint in zip(protocols, endpoints, strict=True)
    }
    return {"window": made.pk, "start": start}


def recall(window_pk: int, minutes: int) -> int:
    """Olga wants the line back in so many minutes."""
    from requests.models import MaintenanceWindow
    from requests.services.moving import recall_window
    from tests.cast import origin

    window = MaintenanceWindow.objects.get(pk=window_pk)
    recall_window(window, acting_user=PLANT.olga, origin=origin(), minutes=minutes)
    return window_pk


def begin(who: str, window_pk: int, protocol: str, cookie: str) -> str:
    """Have this person start a session, as the start page does; its id."""
    from requests.models import MaintenanceWindow
    from sessions.services.console import start_session
    from tests.cast import origin

    started = start_session(
        MaintenanceWindow.objects.get(pk=window_pk),
        getattr(PLANT, ENDPOINTS[protocol]),
        acting_user=getattr(PLANT, who),
        origin=origin(address="127.0.0.1"),
        web_session_key=key_of(cookie),
        width=1280,
        height=800,
    )
    return str(started.pk)


def ticket(session: str, who: str, cookie: str) -> dict[str, str]:
    """A way into the tunnel of a session."""
    from sessions.models import BrokeredSession
    from sessions.services.tickets import issue_ticket
    from tests.cast import origin

    issued = issue_ticket(
        BrokeredSession.objects.get(pk=session),
        acting_user=getattr(PLANT, who),
        origin=origin(address="127.0.0.1"),
        web_session_key=key_of(cookie),
    )
    return {"path": issued.path, "token": issued.token}


def still(window_pk: int, protocol: str) -> str:
    """A session as a row only, of a broker that does not run: its tunnel is scripted."""
    from django.utils import timezone

    from sessions.models import BrokeredSession

    number = BrokeredSession.objects.count() + 7001
    made = BrokeredSession.objects.create(
        number=f"SES-{timezone.now().year}-{number}",
        window_id=window_pk,
        endpoint=getattr(PLANT, ENDPOINTS[protocol]),
        started_by=PLANT.vera,
        permission="control",
        state="active",
        slot=number % 1000,
        active_at=timezone.now(),
        broker="elsewhere",
    )
    return str(made.pk)


def over(session: str) -> None:
    """End what `still` made, so that no board shows it any more."""
    from django.utils import timezone

    change(
        "brokered_sessions.BrokeredSession",
        session,
        state="ended",
        slot=None,
        ended_at=timezone.now(),
        end_reason="window_closed",
        end_confirmed_at=timezone.now(),
    )


def facts(session: str) -> dict[str, Any]:
    """What the database says of a session."""
    from sessions.models import BrokeredSession

    row = BrokeredSession.objects.get(pk=session)
    return {
        "state": row.state,
        "end_reason": row.end_reason,
        "end_confirmed": row.end_confirmed_at is not None,
        "frozen_cause": row.frozen_cause,
        "endpoint": row.endpoint_id,
    }


def change(model: str, pk: Any, **fields: Any) -> int:
    """Change fields of a row, as time or somebody else would have."""
    from django.apps import apps

    return int(apps.get_model(model).objects.filter(pk=pk).update(**fields))


def attendance(required: bool) -> int:
    """Whether somebody of the plant has to be at Vera's machines from now on."""
    line = PLANT.filling_line
    return change("plants.Asset", line.pk, attendance_required=required)


def end_window_in(window_pk: int, seconds: float) -> None:
    from django.utils import timezone

    change(
        "access_requests.MaintenanceWindow",
        window_pk,
        closes_at=timezone.now() + timedelta(seconds=seconds),
    )


def code(who: str) -> str:
    """The code that this person's authenticator app shows; not yet used."""
    from django_otp.oath import TOTP

    from accessportal.accounts.models import AuthenticatorApp

    AuthenticatorApp.objects.update(last_t=-1, throttling_failure_count=0)
    device = AuthenticatorApp.objects.get(user=getattr(PLANT, who), confirmed=True)
    totp = TOTP(device.bin_key, device.step, device.t0, device.digits, device.drift)
    totp.time = __import__("time").time()
    return f"{totp.token():06d}"


def people() -> dict[str, str]:
    """Everybody's e-mail address."""
    names = ("vera", "victor", "olga", "omar", "cora", "ivan", "adam")
    return {name: getattr(PLANT, name).email for name in names}


def join(who: str, full_name: str, *, coordinator: bool = False) -> int:
    """Somebody more of Vera's company, confirmed; their id."""
    from django.utils import timezone

    from tests.cast import make_person

    fields = {"coordinator_at": timezone.now()} if coordinator else {}
    person = make_person(full_name, vendor=PLANT.fillwerk, **fields)
    setattr(PLANT, who, person)
    return int(person.pk)


def invitation_link(address: str) -> str:
    """The path of the link in the mail that invites this address."""
    return mailed(address, r"/accounts/invitation/[\w-]+/")


def mailbox_code(address: str) -> str:
    """The code that was mailed to this address, as whoever comes back to an account types it."""
    return mailed(address, r"(?m)^\d{4} \d{4}$")


def mailed(address: str, pattern: str) -> str:
    """What fits the pattern in a mail to this address."""
    import email
    import re

    from django.conf import settings

    def found() -> str:
        for path in sorted(settings.EMAIL_FILE_PATH.glob("*")):
            mail = email.message_from_bytes(path.read_bytes())
            match = re.search(pattern, mail.get_payload(decode=True).decode())
            if match and mail["To"] == address:
                return match[0]
        return ""

    until(found)
    return found()


def unused_for(who: str, days: int) -> None:
    """As if this person had signed in last so long ago."""
    from django.utils import timezone

    used_at = timezone.now() - timedelta(days=days)
    pk = getattr(PLANT, who).pk
    change(
        "accounts.User", pk, last_login=used_at, created_at=used_at - timedelta(days=9)
    )


def group_of_supervisors(group: str) -> None:
    """Whoever is in this group of the directory is OT supervisor at plant North."""
    from accessportal.accounts.models import GroupMapping

    GroupMapping.objects.create(
        group=group, role="ot_supervisor", site=PLANT.north, mapped_by=PLANT.adam
    )


def away_for(session: str, minutes: float) -> None:
    """As if whoever started this session had left its console so long ago, with a factor as
    old. Waits until the console is left."""
    from django.utils import timezone

    from sessions.models import BrokeredSession, Participant

    left = Participant.objects.filter(
        brokered_session=session, role=Participant.Role.OWNER, left_at__isnull=False
    )
    until(left.exists)
    left.update(left_at=timezone.now() - timedelta(minutes=minutes))
    owner = BrokeredSession.objects.get(pk=session).started_by
    age_factor(owner.full_name.split()[0].lower(), minutes * 60)


def code_for(secret: str) -> str:
    """What an app shows that was set up with this secret, typed from the page."""
    import base64
    import time

    from django_otp.oath import TOTP

    plain = secret.replace(" ", "")
    totp = TOTP(base64.b32decode(plain + "=" * (-len(plain) % 8)))
    totp.time = time.time()
    return f"{totp.token():06d}"


def recorded(kind: str = "sealed") -> str:
    """The number of a session of Vera's that is over and recorded: a square that moves.

    kind: sealed, incomplete (a crash left it), damaged (somebody changed a byte since) or
    idle (for 90 s nobody did anything).
    """
    from django.utils import timezone

    from sessions.models import BrokeredSession
    from sessions.recorder import places
    from sessions.services.recording import seal_recording
    from tests.session_flow.recorded import end, make_session, pause, record_session

    count = BrokeredSession.objects.count()
    session = make_session(
        PLANT, number=f"SES-{timezone.now().year}-{8001 + count}", slot=500 + count
    )
    recording = record_session(
        session, pause if kind == "idle" else None, finish=kind != "incomplete"
    )
    end(session)
    seal_recording(
        recording_id=recording.pk, reason="interrupted" * (kind == "incomplete")
    )
    until(lambda: type(recording).objects.get(pk=recording.pk).verified_at)
    if kind == "damaged":
        path = places.root() / recording.folder / "screen-00002.seg"
        content = bytearray(path.read_bytes())
        content[-30] ^= 1
        path.write_bytes(bytes(content))
    return session.number


def until(met: Callable[[], Any], seconds: float = 60) -> None:
    """Wait for what a worker does."""
    import time

    end = time.monotonic() + seconds
    while not met():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.05)


def trail_is_intact() -> bool:
    """What the verification of the audit trail says."""
    from accessportal.audit.chain import verify_chain

    return verify_chain().intact


ACTS = {
    act.__name__: act
    for act in (
        people,
        freeze_now,
        lift_freeze,
        recall,
        join,
        invitation_link,
        mailbox_code,
        unused_for,
        group_of_supervisors,
        away_for,
        code_for,
        recorded,
        trail_is_intact,
        cast,
        sign_in,
        window,
        begin,
        ticket,
        still,
        over,
        facts,
        change,
        attendance,
        end_window_in,
        code,
        age_factor,
        idle_in,
        seconds_left,
        asks,
        pushed,
    )
}


def listen() -> None:
    """Do what the test asks for, one line after the other, until it closes the pipe."""
    from django.db import connection

    for line in sys.stdin:
        name, positional, named = json.loads(line)
        try:
            answer = {"answer": ACTS[name](*positional, **named)}
        except Exception as error:  # noqa: BLE001 - said to the test, which fails
            answer = {"error": f"{type(error).__name__}: {error}"}
        finally:
            connection.close()
        print(json.dumps(answer, default=str), flush=True)  # noqa: T201 - the pipe


def main() -> None:
    data_dir, port, guacd, targets = sys.argv[1:5]
    prepare(Path(data_dir), int(port), guacd)
    cast(json.loads(targets))
    from accessportal.embedded import Embedded
    from accessportal.serving import Server, config

    def ready() -> None:
        print(json.dumps({"answer": "ready"}), flush=True)  # noqa: T201 - the pipe
        threading.Thread(target=listen, daemon=True).start()

    Server(config(host="127.0.0.1", port=int(port)), Embedded(), ready).run()


if __name__ == "__main__":
    main()
