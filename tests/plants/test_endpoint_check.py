"""Adam tests a connection: it asks before it disturbs, and tells what it found."""

from __future__ import annotations

import socket
from datetime import timedelta

import pytest
from django.utils import timezone

from accessportal.audit.models import AuditEvent
from accessportal.errors import NotAllowed, NotPossible, TooLate
from accessportal.plants.models import Endpoint, EndpointCheck
from accessportal.plants.vault import Secrets, store_secrets
from sessions.guacamole.endpoint_check import CheckResult
from sessions.models import BrokeredSession
from sessions.services import endpoint_check
from sessions.services.endpoint_check import run_endpoint_check, start_endpoint_check
from tests.cast import make_window, origin

pytestmark = pytest.mark.django_db

PASSED = CheckResult(
    True, "ok", "Signing in works, and the machine's screen arrives.", 321
)


@pytest.fixture
def listening():
    """The port of something that accepts connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def hmi(filling_hmi) -> Endpoint:
    filling_hmi.probe = Endpoint.Probe.FULL
    filling_hmi.host = "127.0.0.1"
    filling_hmi.save()
    return filling_hmi


def start(endpoint, by, kind="tcp", **fields):
    return start_endpoint_check(
        endpoint, acting_user=by, origin=origin(), kind=kind, **fields
    )


def test_something_listens(committed, adam, hmi, listening):
    Endpoint.objects.filter(pk=hmi.pk).update(port=listening)
    with committed():
        check = start(hmi, adam)
    check.refresh_from_db()
    assert check.state == EndpointCheck.State.PASSED
    assert check.milliseconds is not None
    found = AuditEvent.objects.filter(event="endpoint.checked").order_by("id")
    assert [event.detail["state"] for event in found] == ["running", "passed"]


def test_nothing_listens(committed, adam, hmi):
    with socket.create_server(("127.0.0.1", 0)) as server:
        Endpoint.objects.filter(pk=hmi.pk).update(port=server.getsockname()[1])
    with committed():
        check = start(hmi, adam)
    check.refresh_from_db()
    assert check.state == EndpointCheck.State.FAILED
    assert "Nothing accepts a connection" in check.finding


class TestAskingFirst:
    def test_a_full_test_of_a_single_client_machine(self, adam, hmi):
        with pytest.raises(NotPossible) as error:
            start(hmi, adam, kind="full")
        assert error.value.code == "disturbance_not_accepted"
        assert start(hmi, adam, kind="full", disturbance_accepted=True)

    def test_a_machine_with_places_to_spare(self, adam, hmi):
        Endpoint.objects.filter(pk=hmi.pk).update(max_clients=3)
        assert start(hmi, adam, kind="full")

    def test_a_local_screen_is_taken_however_many_places(self, adam, hmi):
        Endpoint.objects.filter(pk=hmi.pk).update(
            max_clients=3, takes_local_screen=True
        )
        with pytest.raises(NotPossible):
            start(hmi, adam, kind="full")

    def test_never_while_somebody_works_there(self, adam, vera, olga, hmi):
        BrokeredSession.objects.create(
            number="SES-2026-0001",
            window=make_window(vera, hmi, decided_by=olga),
            endpoint=hmi,
            started_by=vera,
            permission="control",
            slot=0,
        )
        with pytest.raises(TooLate) as error:
            start(hmi, adam, kind="full", disturbance_accepted=True)
        assert "Vera Vogt works on this machine now" in str(error.value)
        assert start(hmi, adam, kind="tcp")

    @pytest.mark.parametrize(
        ("probe", "kind"),
        [("never", "tcp"), ("never", "full"), ("tcp", "full"), ("full", "x")],
    )
    def test_what_the_facts_forbid(self, adam, hmi, probe, kind):
        Endpoint.objects.filter(pk=hmi.pk).update(probe=probe)
        with pytest.raises(NotPossible) as error:
            start(hmi, adam, kind=kind, disturbance_accepted=True)
        assert error.value.code == "check_not_allowed"

    @pytest.mark.parametrize("who", ["olga", "ivan", "vera"])
    def test_only_administrators(self, request, who, hmi):
        with pytest.raises(NotAllowed):
            start(hmi, request.getfixturevalue(who))


class TestRunning:
    def test_one_at_a_time(self, adam, hmi):
        start(hmi, adam)
        with pytest.raises(TooLate) as error:
            start(hmi, adam)
        assert error.value.code == "check_running"

    def test_what_a_dead_worker_left_is_closed(self, adam, hmi):
        left = start(hmi, adam)
        EndpointCheck.objects.filter(pk=left.pk).update(
            started_at=timezone.now() - timedelta(minutes=10)
        )
        assert start(hmi, adam)
        left.refresh_from_db()
        assert left.state == EndpointCheck.State.FAILED
        assert "interrupted" in left.finding

    def test_the_full_test_signs_in_with_what_is_stored(
        self, monkeypatch, adam, filling_gateway
    ):
        tried = []

        def check(guacd, endpoint, sign_in):
            tried.append((endpoint.protocol, sign_in.username, sign_in.password))
            return PASSED

        monkeypatch.setattr(endpoint_check, "check_endpoint", check)
        Endpoint.objects.filter(pk=filling_gateway.pk).update(probe="full")
        run_endpoint_check(start(filling_gateway, adam, kind="full"))
        assert tried == [("ssh", "service", "asset-password")]

    def test_a_credential_that_cannot_be_opened(
        self, adam, filling_gateway, filling_hmi
    ):
        credential = filling_gateway.credential
        credential.endpoint = filling_hmi  # an envelope is bound to its own endpoint
        store_secrets(credential, Secrets(username="x", password="y"))
        type(credential).objects.filter(endpoint=filling_gateway).update(
            password_envelope=credential.password_envelope
        )
        Endpoint.objects.filter(pk=filling_gateway.pk).update(probe="full")
        check = run_endpoint_check(start(filling_gateway, adam, kind="full"))
        assert check.state == EndpointCheck.State.FAILED
        assert "cannot be opened" in check.finding

    def test_a_bug_leaves_nothing_running(self, monkeypatch, adam, hmi):
        def broken(host, port):
            raise RuntimeError("broken")

        monkeypatch.setattr(endpoint_check, "check_tcp", broken)
        check = start(hmi, adam)
        with pytest.raises(RuntimeError):
            run_endpoint_check(check)
        assert check.state == EndpointCheck.State.FAILED

    def test_run_twice_it_tests_once(self, monkeypatch, adam, hmi):
        monkeypatch.setattr(endpoint_check, "check_tcp", lambda host, port: PASSED)
        check = run_endpoint_check(start(hmi, adam))
        assert run_endpoint_check(check).finished_at == check.finished_at


class TestPages:
    LINE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKx5Zs7Qb1mJ0Zk8Vt9n2xq7b1mJ0Zk8Vt9n2xq7b1mJ"

    def test_what_will_happen_is_said_before(self, browser_of, adam, hmi):
        page = (
            browser_of(adam).get(f"/plants/endpoints/{hmi.pk}/check/").content.decode()
        )
        assert (
            "This disturbs the machine" in page
            and "The people at the machine know" in page
        )

    def test_a_machine_never_to_be_touched(self, browser_of, adam, hmi):
        Endpoint.objects.filter(pk=hmi.pk).update(probe="never")
        page = (
            browser_of(adam).get(f"/plants/endpoints/{hmi.pk}/check/").content.decode()
        )
        assert "must not be touched" in page and "/check/start/" not in page

    def test_from_starting_to_what_it_found(
        self, committed, monkeypatch, browser_of, adam, filling_gateway
    ):
        monkeypatch.setattr(endpoint_check, "check_tcp", lambda host, port: PASSED)
        monkeypatch.setattr(
            endpoint_check, "offered_host_keys", lambda host, port: [self.LINE]
        )
        browser = browser_of(adam)
        with committed():
            response = browser.post(
                f"/plants/endpoints/{filling_gateway.pk}/check/start/", {"kind": "tcp"}
            )
        page = browser.get(response.headers["Location"]).content.decode()
        assert "Passed" in page and "SHA256:" in page and "Pin this key" in page

        check = EndpointCheck.objects.get()
        browser.post(f"/plants/checks/{check.pk}/pin/")
        filling_gateway.refresh_from_db()
        assert filling_gateway.host_key == self.LINE
        assert AuditEvent.objects.filter(event="asset.hostkey.pinned").exists()
        page = browser.get(response.headers["Location"]).content.decode()
        assert "Any other key is refused" in page

        browser.post(f"/plants/endpoints/{filling_gateway.pk}/unpin/")
        filling_gateway.refresh_from_db()
        assert filling_gateway.host_key == ""

    def test_pinning_needs_a_fresh_factor_and_a_key(
        self, browser_of, adam, hmi, filling_gateway
    ):
        check = EndpointCheck.objects.create(
            endpoint=filling_gateway,
            kind="tcp",
            started_by=adam,
            learnt_host_key=self.LINE,
        )
        path = f"/plants/checks/{check.pk}/pin/"
        assert browser_of(adam, factor_age=600).post(path).status_code == 403
        EndpointCheck.objects.filter(pk=check.pk).update(learnt_host_key="")
        assert browser_of(adam).post(path).status_code == 422
        filling_gateway.refresh_from_db()
        assert filling_gateway.host_key == ""
