"""Rules and what they demand, in sentences that an administrator and an auditor read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accessportal.accounts.authorisation import Action, sites_where
from accessportal.accounts.models import RoleGrant, User, Vendor
from accessportal.plants.models import Asset, Site, Zone
from accessportal.plants.wording import weekdays_words
from accessportal.words import length_words
from requests.models import AccessRequest, ApproverGroup
from requests.policy.hours import Hours
from requests.policy.rules import ROLES, Demands, Recurring, Rule, Step


def assets_at(sites: QuerySet[Site]) -> QuerySet[Asset]:
    return (
        Asset.objects.filter(zone__site__in=sites)
        .select_related("zone__site")
        .order_by("name")
    )


def vendors_at(sites: QuerySet[Site]) -> QuerySet[Vendor]:
    """The companies that work at one of these sites."""
    return Vendor.objects.filter(sites__in=sites).distinct().order_by("name")


@dataclass(frozen=True)
class RuleWords:
    """`when` is empty where the rule holds for everything."""

    name: str
    when: list[str]
    then: list[str]


class Names:
    """Names of what rules refer to by id, read once for a page.

    The policy is of all sites, and its reader perhaps of one: what belongs to another site
    has no name here (decision 62).
    """

    def __init__(self, reader: User) -> None:
        seen = sites_where(reader, Action.PLANT_SEE)
        self.sites = dict(seen.values_list("pk", "name"))
        self.vendors = dict(vendors_at(seen).values_list("pk", "name"))
        self.assets = dict(assets_at(seen).values_list("pk", "name"))
        self.zones = {
            zone.pk: f"{zone.site.name}: {zone.name}"
            for zone in Zone.objects.filter(site__in=seen).select_related("site")
        }
        self.groups = {
            f"group:{pk}": name
            for pk, name in ApproverGroup.objects.values_list("pk", "name")
        }

    def who(self, who: str) -> str:
        if who in ROLES:
            return str(RoleGrant.Role(who.removeprefix("role:")).label)
        return self.groups.get(who, _("a group that is gone"))

    def rule(self, rule: Rule) -> RuleWords:
        return RuleWords(rule.name, self._when(rule), self._then(rule))

    def _when(self, rule: Rule) -> list[str]:
        when = rule.when
        permissions = dict(AccessRequest.Permission.choices)
        criticalities = dict(Asset.Criticality.choices)
        found = [
            (_("Site"), _listed(when.sites, self.sites)),
            (_("Zone"), _listed(when.zones, self.zones)),
            (_("Machine"), _listed(when.assets, self.assets)),
            (_("Criticality"), _listed(when.criticalities, criticalities)),
            (_("Vendor"), _listed(when.vendors, self.vendors)),
            (_("Permission"), _listed(when.permissions, permissions)),
            (_("Time"), "" if when.hours.always else hours_words(when.hours)),
        ]
        return [f"{label}: {words}" for label, words in found if words]

    def _then(self, rule: Rule) -> list[str]:
        then = rule.then
        recurring = {
            Recurring.ALLOWED: _("Recurring work is approved with its series."),
            Recurring.NEVER: _("Recurring work is decided each time."),
        }
        return [
            *(self.step(step) for step in then.steps),
            *limit_words(
                Demands(
                    longest=then.longest,
                    notice=then.notice,
                    hours=(then.hours,) if then.hours else (),
                    unusual=(then.unusual,) if then.unusual else (),
                    attendance=then.attendance,
                    passkey=then.passkey,
                    confirm_each_use=then.confirm_each_use,
                )
            ),
            *([recurring[then.recurring]] if then.recurring in recurring else []),
        ]

    def step(self, step: Step) -> str:
        """`2. in turn: IT security: 1 person; after 30 min without an answer also ...`"""
        people = ngettext("%(count)s person", "%(count)s people", step.quorum)
        said = _("%(who)s: %(people)s") % {
            "who": step.name or self.who(step.who),
            "people": people % {"count": step.quorum},
        }
        if step.order > 1:
            said = _("%(order)s. in turn: %(step)s") % {
                "order": step.order,
                "step": said,
            }
        if step.deputy:
            said += "; " + _("after %(minutes)s min without an answer also %(who)s") % {
                "minutes": step.after_minutes,
                "who": self.who(step.deputy),
            }
        if step.emergency:
            said += "; " + _("also has to agree when the line is down")
        return said


def limit_words(demands: Demands) -> list[str]:
    """What is demanded beside the people."""
    found: list[str] = []
    if demands.longest is not None:
        found.append(
            _("At most %(length)s long.")
            % {"length": length_words(demands.longest.total_seconds())}
        )
    if demands.notice is not None:
        found.append(
            _("Asked for at least %(length)s ahead.")
            % {"length": length_words(demands.notice.total_seconds())}
        )
    found += [
        _("Only %(hours)s, plant time.") % {"hours": hours_words(hours)}
        for hours in demands.hours
    ]
    found += [
        _("Approvers read: %(sentence)s") % {"sentence": sentence}
        for sentence in demands.unusual
    ]
    if demands.attendance:
        found.append(_("Somebody of the plant attends."))
    if demands.passkey:
        found.append(_("Who agrees confirms it with a passkey."))
    if demands.confirm_each_use:
        found.append(_("The shift confirms each use."))
    return found


def hours_words(hours: Hours) -> str:
    """`Mon–Fri 22:00 to 06:00`, or the days alone."""
    days = weekdays_words(hours.weekdays)
    if hours.start == hours.until:
        return str(days)
    return _("%(days)s %(start)s to %(end)s") % {
        "days": days,
        "start": f"{hours.start:%H:%M}",
        "end": f"{hours.until:%H:%M}",
    }


def _listed(chosen: Iterable[Any], names: Mapping[Any, Any]) -> str:
    return ", ".join(
        sorted(
            str(names.get(one, _("something gone, or of another site")))
            for one in chosen
        )
    )
