"""One of each thing that an address can name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from accessportal.accounts.models import (
    ApiToken,
    BreakGlassAccount,
    DirectoryIdentity,
    FactorReset,
    FactorRule,
    GroupMapping,
    Invitation,
    Passkey,
    PermissionOverride,
    RoleDelegation,
)
from accessportal.accounts.web_sessions import open_web_session
from accessportal.alerts.models import SecurityAlert
from accessportal.audit import record
from accessportal.notifications.models import PushDevice, Webhook
from accessportal.plants.models import (
    CalendarSource,
    ChecklistItem,
    EndpointCheck,
    MaintenanceStop,
    Shift,
    ShiftException,
)
from requests.attachment_files import digest_of, put
from requests.models import (
    AccessRequest,
    ApprovalPolicy,
    ApproverGroup,
    Attachment,
    Escort,
    ExtensionRequest,
    LineHandover,
    MaintenanceWindow,
    PolicyDraft,
    SavedWish,
)
from requests.policy.rules import IT_SECURITY, OT_SUPERVISOR, Demands, Step
from requests.services.later_decision import open_wish
from requests.services.window import longer_by
from sessions.models import (
    BrokeredSession,
    ComplianceReview,
    Departure,
    GuacdNode,
    Recording,
    Station,
    StopOrder,
)
from tests.cast import (
    Plant,
    make_emergency,
    make_freeze,
    make_person,
    make_request,
    make_window,
    origin,
)


def make_escort(window: MaintenanceWindow, plant: Plant) -> Escort:
    """Olga escorted Vera; nobody has looked at it yet, and Vera may be called again."""
    now = timezone.now()
    plant.vera.callback_number = "+49 40 5550123"
    plant.vera.callback_number_at = now - timedelta(days=7)
    plant.vera.callback_number_by = plant.adam
    plant.vera.save()
    return Escort.objects.create(
        access_request=window.access_request,
        person=plant.vera,
        bridges=Escort.Bridges.FACTOR,
        reason="Line 3 stands",
        offered_by=plant.olga,
        called_number=plant.vera.callback_number,
        code_hash="0" * 64,
        expires_at=now + timedelta(minutes=10),
        used_at=now,
        web_session_ref="0" * 16,
        look_due_at=now + timedelta(hours=24),
    )


def make_things(plant: Plant) -> dict[str, Any]:
    """One of each: a pending request, an open window, a live session, a recording, ..."""
    now = timezone.now()
    pending = make_request(plant.vera, plant.filling_plc, starts_in=timedelta(days=1))
    window = make_window(plant.vera, plant.filling_gateway, decided_by=plant.olga)
    emergency = make_emergency(plant.vera, plant.filling_gateway, decided_by=plant.olga)
    extension = ExtensionRequest.objects.create(
        window=window, minutes=30, reason="More", asked_by=plant.vera
    )
    later = open_wish(
        window,
        longer_by(window, 30),
        Demands(steps=(Step(OT_SUPERVISOR), Step(IT_SECURITY, order=2))),
        reason="More",
        opened_by=plant.olga,
    )
    live = make_session(window, plant, number="SES-2026-9001", state="active", slot=0)
    over = make_session(
        window,
        plant,
        number="SES-2026-9002",
        state="ended",
        ended_at=now,
        end_reason="ended_by_contractor",
        end_confirmed_at=now,
    )
    recording = Recording.objects.create(
        brokered_session=over,
        state="sealed",
        closed_at=now,
        sealed_at=now,
        key_id="0" * 16,
        wrapped_key="v1.x.x",
        manifest={"segments": []},
        manifest_signature="x",
    )
    ComplianceReview.objects.create(
        recording=recording,
        due_at=now + timedelta(days=15),
        worked_by=plant.vera,
        approved_by=plant.olga,
    )
    invitation = Invitation.objects.create(
        email="new@example.test",
        vendor=plant.fillwerk,
        token_hash="0" * 64,
        invited_by=plant.olga,
        expires_at=now + timedelta(days=1),
    )
    colleague_invitation = Invitation.objects.create(
        email="joiner@example.test",
        token_hash="1" * 64,
        invited_by=plant.adam,
        expires_at=now + timedelta(days=1),
    )
    colleague_invitation.roles.create(role="compliance", site=plant.north)
    check = EndpointCheck.objects.create(
        endpoint=plant.filling_gateway,
        kind="tcp",
        state="passed",
        started_by=plant.adam,
        finished_at=now,
        learnt_host_key="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKx5Zs7Qb1mJ",
    )
    order = StopOrder.objects.create(
        number="STOP-2026-9001",
        kind=StopOrder.Kind.ISOLATION,
        site=plant.north,
        reason="Unknown traffic",
        requested_by=plant.olga,
    )
    departure = Departure.objects.create(
        number="DEP-2026-9001",
        person=make_person("Lena Lang", vendor=plant.fillwerk, disabled_at=now),
        vendor=plant.fillwerk,
        left_at=now,
        reported_at=now,
        reported_by=plant.olga,
        access_ended_at=now,
        completed_at=now,
    )
    attached, on_form = make_files(plant, pending)
    event = record("request.submitted", acting_user=plant.vera, access_request=pending)
    return {
        "request": pending.number,
        "attachment": attached.file_id,
        "form_file": on_form.file_id,
        "saved_wish": SavedWish.objects.create(
            name="Torque",
            owner=plant.vera,
            vendor=plant.fillwerk,
            access_request=pending,
        ).pk,
        "emergency": emergency.access_request.number,
        "escort": make_escort(window, plant).pk,
        "window": window.pk,
        "window_number": window.access_request.number,
        "extension": extension.pk,
        "later_wish": later.pk,
        "session": live.pk,
        "broker": "main",
        "recording": over.number,
        "segment": 1,
        "endpoint": plant.filling_gateway.pk,
        "asset": plant.filling_line.slug,
        "site": plant.north.slug,
        "site_pk": plant.north.pk,
        "freeze": make_freeze(
            plant.north, starts_in=timedelta(0), lasts=timedelta(1)
        ).pk,
        "stop": MaintenanceStop.objects.create(
            site=plant.north, starts_at=now, ends_at=now + timedelta(1), reason="Stop"
        ).pk,
        "calendar": CalendarSource.objects.create(
            site=plant.north,
            name="Feed",
            kind="freeze",
            added_by=plant.adam,
            url="http://calendar.example.test/",
        ).pk,
        "shift": Shift.objects.create(
            site=plant.north, name="Early", weekdays="1", begins="06:00", ends="14:00"
        ).pk,
        "shift_exception": ShiftException.objects.create(
            shift=Shift.objects.create(
                site=plant.north,
                name="Late",
                weekdays="1",
                begins="14:00",
                ends="22:00",
            ),
            date=now.date(),
        ).pk,
        "checklist_item": ChecklistItem.objects.create(
            site=plant.north, asset=plant.palletiser, text="Air off"
        ).pk,
        "turn": LineHandover.objects.create(
            window=window,
            returned_at=now,
            returned_by=plant.vera,
            what_was_done="Torque",
            state_left="Running",
        ).pk,
        "check": check.pk,
        "vendor": plant.fillwerk.slug,
        "person": plant.vera.pk,
        "colleague": plant.olga.pk,
        "invitation": invitation.pk,
        "colleague_invitation": colleague_invitation.pk,
        "grant": plant.olga.role_grants.get().pk,
        "event": event.event_id,
        "order": order.number,
        "departure": departure.number,
        **lent_rights(plant),
        "alert": SecurityAlert.objects.create(
            rule="guessing",
            key="10.0.0.9",
            severity="warning",
            first_at=now,
            last_at=now,
        ).pk,
        "mapping": GroupMapping.objects.create(group="ot", role="ot_supervisor").pk,
        "identity": DirectoryIdentity.objects.create(
            user=plant.olga, namespace="https://id.example.test", subject="1"
        ).pk,
        "break_glass": BreakGlassAccount.objects.create(
            user=plant.adam, reason="The directory may be down"
        ).pk,
        **ways_to_sign_in(plant),
        "webhook": Webhook.objects.create(
            name="Pager",
            kind="ntfy",
            site=plant.north,
            groups=["live"],
            says="number",
            language="en",
            host="ntfy.plant.example",
            key="0" * 32,
            created_by=plant.adam,
        ).pk,
        "station": Station.objects.create(
            site=plant.north,
            place="Filling",
            code_expires_at=now,
            enrolled_by=plant.adam,
        ).pk,
        "push_device": PushDevice.objects.create(
            user=plant.vera, endpoint="https://push.example/1", endpoint_hash="3" * 64
        ).pk,
        **a_policy(plant),
        "guacd": GuacdNode.objects.create(address="guacd-2:4822").pk,
    }


def make_files(plant: Plant, pending: AccessRequest) -> list[Attachment]:
    """A file of the request, and one that hangs on a form which was not sent yet."""
    content = b"%PDF-1.7 work order %%EOF"
    made = []
    for access_request in (pending, None):
        attachment = Attachment(
            access_request=access_request,
            submission_key=uuid4(),
            uploaded_by=plant.vera,
            name="work order.pdf",
            kind=Attachment.Kind.PDF,
            size=len(content),
            digest=digest_of(content),
        )
        put(attachment, content)
        attachment.save()
        made.append(attachment)
    return made


def a_policy(plant: Plant) -> dict[str, Any]:
    """A version in force, a draft with a rule and an example, and a group of one."""
    rules = [
        {
            "name": "High",
            "when": {"sites": [plant.north.pk], "assets": [plant.filling_line.pk]},
            "then": {"steps": [{"who": "role:ot_supervisor"}]},
        }
    ]
    version = ApprovalPolicy.objects.create(
        version=1, rules=rules, made_by=plant.adam, reason="First"
    )
    example = {
        "name": "Day",
        "asset": plant.filling_line.pk,
        "vendor": plant.fillwerk.pk,
        "permission": "view",
        "weekday": 1,
        "at": "08:00",
        "minutes": 60,
        "asks": ["role:ot_supervisor"],
    }
    PolicyDraft.objects.create(
        pk=1, rules=rules, wishes=[example], based_on=1, changed_by=plant.adam
    )
    group = ApproverGroup.objects.create(name="Engineers")
    member = group.members.create(
        person=make_person("Petra Prozess"), added_by=plant.adam
    )
    now = timezone.now()
    lent_place = group.delegations.create(
        delegator=plant.olga,
        delegate=plant.ivan,
        starts_at=now + timedelta(days=1),
        ends_at=now + timedelta(days=2),
        reason="On holiday",
    )
    waits = AccessRequest.objects.get(state="pending")
    proposal = waits.proposals.create(
        wanted_from=waits.wanted_from,
        wanted_until=waits.wanted_until,
        permission="view",
        endpoints=[plant.filling_plc.pk],
        proposed_by=plant.olga,
        facts_hash="0" * 64,
        factor="totp",
    )
    approved = AccessRequest.objects.get(state="approved", emergency_at=None)
    wish = approved.substitutions.create(
        leaves=plant.vera,
        comes=make_person("Nina Neu", vendor=plant.fillwerk),
        reason="Ill",
        asked_by=plant.vera,
    )
    return {
        "substitution": wish.pk,
        "proposal": proposal.pk,
        "policy_version": version.version,
        "policy_rule": 0,
        "approver_group": group.pk,
        "approver_member": member.pk,
        "lent_place": lent_place.pk,
    }


def lent_rights(plant: Plant) -> dict[str, Any]:
    """One that is still to come and one that is over: neither lets anybody do more."""
    now = timezone.now()
    delegation = RoleDelegation.objects.create(
        delegator=plant.olga,
        delegate=plant.ivan,
        role="ot_supervisor",
        site=plant.north,
        starts_at=now + timedelta(days=1),
        ends_at=now + timedelta(days=2),
        reason="On holiday",
    )
    override = PermissionOverride.objects.create(
        granted_by=plant.olga,
        granted_to=plant.ivan,
        action="session.control",
        site=plant.north,
        starts_at=now - timedelta(hours=2),
        ends_at=now - timedelta(hours=1),
        reason="Night shift",
    )
    token = ApiToken.objects.create(
        name="Display",
        owner=plant.ivan,
        scopes=["sessions:read"],
        prefix="0a0a0a0a",
        secret_hash="0" * 64,
        expires_at=now + timedelta(days=1),
    )
    return {
        "delegation": delegation.pk,
        "override": override.pk,
        "api_token": token.pk,
    }


def ways_to_sign_in(plant: Plant) -> dict[str, Any]:
    """Vera's passkey and one of her devices, a wish to take her factors away, and a rule."""
    passkey = Passkey.objects.create(
        user=plant.vera, name="Phone", credential_id="AAAA", public_key=b"k"
    )
    device = open_web_session(
        plant.vera, cookie="elsewhere", factor_kind="totp", origin=origin()
    )
    asked = FactorReset.objects.create(
        person=plant.vera,
        asked_by=make_person("Ida Irmer", roles=[("it_security", None)]),
        reason="Lost",
        expires_at=timezone.now() + timedelta(hours=1),
    )
    rule = FactorRule.objects.create(
        role="compliance", site=plant.north, set_by=plant.adam, reason="Audit"
    )
    return {
        "passkey": passkey.pk,
        "device": device.pk,
        "factor_reset": asked.pk,
        "factor_rule": rule.pk,
    }


def make_session(window: Any, plant: Plant, **fields: Any) -> BrokeredSession:
    return BrokeredSession.objects.create(
        window=window,
        endpoint=plant.filling_gateway,
        started_by=plant.vera,
        permission="control",
        active_at=timezone.now(),
        **fields,
    )
