"""Adam writes the approval policy in the browser: a draft, its examples, and in force."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accessportal.accounts.models import RoleGrant, User
from accessportal.accounts.services.delegations import delegate_role
from accessportal.audit.models import AuditEvent
from accessportal.errors import NotAllowed, TooLate
from accessportal.plants.models import Shift
from requests.models import ApprovalPolicy, ApproverGroup, PolicyDraft
from requests.policy.reading import rules_from
from requests.services.group_delegations import lend_place
from requests.services.policy import change_draft, put_in_force
from tests.cast import make_person, make_policy, origin
from tests.request_flow.conftest import ask, typed

pytestmark = pytest.mark.django_db

OT, IT = "role:ot_supervisor", "role:it_security"


def rule_form(name="High and control", **fields):
    """What the browser sends for a rule with the given steps and limits."""
    steps = fields.pop("steps", [{"who": OT}, {"who": IT}])
    form = {
        "name": name,
        "criticalities": ["high"],
        "permissions": ["control"],
        "weekdays": list("1234567"),
        "allowed_weekdays": list("1234567"),
        "recurring": "",
        "steps-TOTAL_FORMS": "3",
        "steps-INITIAL_FORMS": "0",
        **fields,
    }
    for index in range(3):
        step = steps[index] if index < len(steps) else {}
        step = {"who": "", "quorum": "1", "order": "1", **step}
        form |= {f"steps-{index}-{name}": value for name, value in step.items()}
    return form


def example_form(asset, vendor, asks, **fields):
    return {
        "name": "Fillwerk on line 3",
        "asset": asset.pk,
        "vendor": vendor.pk,
        "permission": "control",
        "weekday": "2",
        "at": "14:00",
        "minutes": "120",
        "asks": asks,
        "people": len(asks),
        "fits": "on",
        **fields,
    }


def text(response):
    return response.content.decode()


def test_from_a_rule_to_a_version_in_force(
    browser_of, adam, vera, olga, ivan, fillwerk, filling_line, filling_hmi
):
    browser = browser_of(adam)
    assert browser.get("/policy/").status_code == 200
    filling_line.criticality = "high"
    filling_line.save()

    sent = browser.post("/policy/draft/rules/new/", rule_form(longest_minutes="240"))
    assert sent.status_code == 302, text(sent)
    browser.post(
        "/policy/draft/examples/new/", example_form(filling_line, fillwerk, [OT])
    )
    draft = text(browser.get("/policy/draft/"))
    for line in ("High and control", "IT security: 1 person", "4 h", "added"):
        assert line in draft
    assert "expected: OT supervisor" in " ".join(draft.split())
    assert not ask(vera, filling_hmi).steps.filter(who=IT).exists()  # nothing holds yet

    refused_answer = browser.post(
        "/policy/draft/in-force/", {"reason": "Audit finding"}
    )
    assert refused_answer.status_code == 422
    assert "come out otherwise than expected: Fillwerk on line 3" in text(
        refused_answer
    )
    browser.post("/policy/draft/examples/0/remove/")
    browser.post(
        "/policy/draft/examples/new/", example_form(filling_line, fillwerk, [OT, IT])
    )
    sent = browser.post("/policy/draft/in-force/", {"reason": "Audit finding"})
    assert sent.status_code == 302, text(sent)

    policy = ApprovalPolicy.objects.get()
    assert (policy.version, policy.made_by, policy.reason) == (1, adam, "Audit finding")
    event = AuditEvent.objects.get(event="policy.changed")
    assert event.detail["rules"] == {"High and control": "added"}
    asked = ask(vera, filling_hmi, start=timezone.now() + timedelta(days=3))
    assert {step.who for step in asked.steps.all()} == {OT, IT}

    browser.post(
        "/policy/draft/rules/0/", rule_form(steps=[{"who": IT, "quorum": "2"}])
    )
    browser.post("/policy/draft/examples/0/remove/")
    browser.post("/policy/draft/in-force/", {"reason": "Two of them"})
    changed = text(browser_of(olga).get("/policy/versions/2/"))
    assert "<del>IT security: 1 person</del>" in changed
    assert "<ins>IT security: 2 people</ins>" in changed
    assert browser.get("/policy/versions/9/").status_code == 404


@pytest.mark.parametrize(
    ("expected", "then", "words"),
    [
        ({"people": 3}, {}, "another number of people"),
        ({"in_order": "on"}, {}, "in another order"),
        ({"passkey": "on"}, {}, "otherwise with the passkey"),
        ({}, {"attendance": "on"}, "otherwise with attendance"),
        ({"people": 2}, {}, ""),
    ],
)
def test_an_example_notices_whatever_loosens(
    browser_of, adam, fillwerk, filling_line, expected, then, words
):
    """The same people asked, but fewer, in no order, without the passkey: not the same."""
    browser = browser_of(adam)
    filling_line.criticality = "high"
    filling_line.save()
    browser.post("/policy/draft/rules/new/", rule_form(**then))
    form = example_form(filling_line, fillwerk, [OT, IT], **expected)
    sent = browser.post("/policy/draft/examples/new/", form)
    assert sent.status_code == 302, text(sent)
    draft = text(browser.get("/policy/draft/"))
    assert (words in draft) if words else ("otherwise" not in draft)
    done = browser.post("/policy/draft/in-force/", {"reason": "Audit finding"})
    assert done.status_code == (422 if words else 302)


def test_what_would_happen(browser_of, adam, olga, ivan, fillwerk, filling_line):
    change_draft(
        acting_user=adam,
        rules=rules_from(
            [{"name": "Night", "when": {"hours": {"from": "22:00", "until": "06:00"}},
              "then": {"steps": [{"who": IT, "deputy": OT, "after_minutes": 30}],
                       "longest_minutes": 60}}]
        ),
    )  # fmt: skip
    now = timezone.now()
    wish = {
        "asset": filling_line.pk,
        "vendor": fillwerk.pk,
        "permission": "control",
        "minutes": "120",
    }
    day = typed(now)[:11]
    browser = browser_of(adam)
    night = text(browser.get("/policy/draft/", {**wish, "start": f"{day}23:00"}))
    for words in ("Ivan Ivers", "Olga Olsen", "At most 1 h long", "could not be asked"):
        assert words in night
    at_once = {**wish, "start": f"{day}23:00", "emergency": "on"}
    in_need = text(browser.get("/policy/draft/", at_once))
    assert "Olga Olsen" in in_need and "Ivan Ivers" not in in_need
    assert "could not be asked" not in in_need
    noon = text(browser.get("/policy/draft/", {**wish, "start": f"{day}12:00"}))
    assert "No rule matches" in noon and "Ivan Ivers" not in noon
    wrong = browser.get("/policy/draft/", {**wish, "start": "2026-03-29T02:30"})
    assert wrong.status_code == 200 and "No rule matches" not in text(wrong)


def test_what_would_happen_names_the_people_of_that_day(
    clock, plant, browser_of, adam, olga, ivan, fillwerk, filling_line
):
    """The roster, lent roles and places, and ends of accounts of the day that is asked about;
    the days before and after, the others."""
    group = ApproverGroup.objects.create(name="Process engineers")
    petra, paul = make_person("Petra Prinz"), make_person("Paul Peters")
    group.members.create(person=petra, added_by=adam)
    step = {"who": group.who, "deputy": IT, "after_minutes": 30}
    make_policy(adam, {"steps": [step]})
    then, day = clock.now + timedelta(days=5), timedelta(days=1)
    lent = {"starts_at": then - day / 4, "ends_at": then + day / 4, "reason": "Holiday"}
    fields = {"acting_user": petra, "origin": origin(), **lent}
    lend_place(group, to=paul, **fields)
    fields["acting_user"] = olga
    delegate_role(role="ot_supervisor", site=plant.north, to=petra, **fields)
    User.objects.filter(pk=ivan.pk).update(expires_at=then + day / 2)
    shift = Shift.objects.create(
        site=plant.north, name="Day", weekdays="1234567", begins="06:00", ends="18:00"
    )
    shift.people.set([olga])
    shift.exceptions.create(date=then.date()).people.set([petra, paul])

    def tried(moment):
        wish = {"asset": filling_line.pk, "vendor": fillwerk.pk, "minutes": "60"}
        wish |= {"permission": "view", "start": typed(moment)}
        page = text(browser_of(adam).get("/policy/", wish))
        return " ".join(page[page.index('id="would"') :].split())

    on_the_day = tried(then)
    for words in (
        "Paul Peters</bdi> (in the place of Petra Prinz) (on shift)",
        "Petra Prinz</bdi> (in the place of Olga Olsen) (on shift)",
        "without an answer also IT security: <bdi>Ivan Ivers",
        then.isoformat(timespec="seconds"),
    ):
        assert words in on_the_day
    assert "Olga Olsen</bdi> (on shift)" not in on_the_day
    assert "Nobody of them" not in on_the_day
    for other in (then - day, then + day):
        page = tried(other)
        assert "Paul Peters" not in page and "in the place of" not in page
        assert "Olga Olsen</bdi> (on shift)" in page
        assert "Nobody of them is on shift then" in page  # of the engineers
        assert ("Ivan Ivers" in page) is (other < then)


def test_groups(browser_of, adam, vera, olga):
    browser = browser_of(adam)
    browser.post("/policy/groups/new/", {"name": "Process", "reason": "They know"})
    group = ApproverGroup.objects.get()
    again = browser.post("/policy/groups/new/", {"name": "process", "reason": "x"})
    assert again.status_code == 422 and "There is a group of this name" in text(again)
    petra = make_person("Petra Prozess")
    path = f"/policy/groups/{group.pk}/add/"
    assert browser.post(path, {"person": vera.pk, "reason": "x"}).status_code == 422
    assert browser.post(path, {"person": petra.pk, "reason": ""}).status_code == 422
    assert (
        browser.post(path, {"person": petra.pk, "reason": "Line 3"}).status_code == 302
    )
    assert browser.post(path, {"person": petra.pk, "reason": "x"}).status_code == 422
    assert "Petra Prozess" in text(browser_of(olga).get("/policy/"))
    member = group.members.get()
    browser.post(f"/policy/groups/people/{member.pk}/remove/", {"reason": "Moved"})
    assert not group.members.exists()
    said = AuditEvent.objects.filter(event="approver_group.changed").order_by("pk")
    assert [event.detail["did"] for event in said] == ["added", "joined", "left"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "required"),
        ({"weekdays": []}, "required"),
        ({"steps": [{"who": OT}, {"who": OT}]}, "same people are asked by two"),
        ({"steps": [{"who": OT, "deputy": IT}]}, "A deputy is somebody else"),
        ({"steps": [{"who": OT, "quorum": "9"}]}, "less than or equal to 5"),
        ({"longest_minutes": "0"}, "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_is_said_and_kept_on_the_form(
    browser_of, adam, changes, sentence
):
    browser = browser_of(adam)
    answer = browser.post(
        "/policy/draft/rules/new/", rule_form(**{"unusual": "Typed", **changes})
    )
    assert answer.status_code == 422
    assert sentence in text(answer) and 'value="Typed"' in text(answer)
    assert not PolicyDraft.objects.exists()


def test_only_an_administrator_of_every_site_changes_it(north, adam, olga, browser_of):
    local = make_person("Ada North", roles=[("administrator", north)])
    for person in (olga, local):
        with pytest.raises(NotAllowed):
            change_draft(acting_user=person, rules=[])
        assert browser_of(person).get("/policy/").status_code == 200
        assert browser_of(person).get("/policy/draft/").status_code == 403
    with pytest.raises(NotAllowed):
        RoleGrant.objects.filter(user=adam).update(site=north)
        put_in_force(acting_user=adam, origin=origin(), reason="x")


def test_a_draft_of_an_older_version_is_not_put_in_force(adam):
    change_draft(acting_user=adam, rules=rules_from([{"name": "A"}]))
    ApprovalPolicy.objects.create(version=1, made_by=adam, reason="Meanwhile")
    with pytest.raises(TooLate):
        put_in_force(acting_user=adam, origin=origin(), reason="Mine")


@pytest.mark.django_db(transaction=True)
def test_two_administrators_at_once(at_once, adam):
    other = make_person("Anna Admin", roles=[("administrator", None)])
    change_draft(acting_user=adam, rules=rules_from([{"name": "A"}]))
    results = at_once(
        *(
            lambda who=who: put_in_force(acting_user=who, origin=origin(), reason="x")
            for who in (adam, other)
        )
    )
    assert sum(isinstance(one, Exception) for one in results) == 1, results
    assert ApprovalPolicy.objects.count() == 1
