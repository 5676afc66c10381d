"""What the approval policy demands of a wish, and of a request by the version it has kept."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from accessportal.accounts.models import User, Vendor
from accessportal.plants.models import Endpoint, Site
from requests.models import AccessRequest, ApprovalPolicy
from requests.policy import rules as policy_rules
from requests.policy.evaluation import demands_on
from requests.policy.reading import demands_from, rules_from
from requests.policy.rules import Demands


def policy_in_force() -> ApprovalPolicy | None:
    return ApprovalPolicy.objects.order_by("-version").first()


def demands_at(
    policy: ApprovalPolicy | None,
    *,
    site: Site,
    endpoints: Iterable[Endpoint],
    vendor: Vendor,
    permission: str,
    start: datetime | None,
    end: datetime | None,
) -> Demands:
    """What `policy` demands of a wish; without one, or a time that can be, one supervisor."""
    if policy is None or start is None or end is None or end <= start:
        return Demands()
    wish = policy_rules.Wish(
        site=site.pk,
        time_zone=site.time_zone,
        machines=tuple(
            policy_rules.Machine(
                endpoint.asset_id,
                endpoint.asset.zone_id,
                endpoint.asset.criticality,
            )
            for endpoint in endpoints
        ),
        vendor=vendor.pk,
        permission=permission,
        start=start,
        end=end,
    )
    return demands_on(wish, _rules_of(policy))


def _rules_of(policy: ApprovalPolicy) -> tuple[policy_rules.Rule, ...]:
    """A version's rules; the same text is read once in this process."""
    return _read(json.dumps(policy.rules))


@lru_cache(maxsize=8)
def _read(text: str) -> tuple[policy_rules.Rule, ...]:
    return rules_from(json.loads(text))


def demands_on_wish(
    *,
    person: User,
    site: Site,
    endpoints: Iterable[Endpoint],
    permission: str,
    start: datetime | None,
    end: datetime | None,
    own_request: AccessRequest | None = None,
) -> tuple[ApprovalPolicy | None, Demands]:
    """The policy in force, or the one `own_request` was sent under, and what it demands of
    a wish that is not sent yet."""
    assert person.vendor is not None  # only a vendor's people have wishes
    policy = own_request.policy if own_request else policy_in_force()
    demands = demands_at(
        policy,
        site=site,
        endpoints=endpoints,
        vendor=person.vendor,
        permission=permission,
        start=start,
        end=end,
    )
    return policy, demands


def demands_now(access_request: AccessRequest) -> Demands:
    """What that policy demands of the request with the facts it has now."""
    return demands_at(
        access_request.policy,
        site=access_request.site,
        endpoints=access_request.endpoints.select_related("asset"),
        vendor=access_request.vendor,
        permission=access_request.permission,
        start=access_request.wanted_from,
        end=access_request.wanted_until,
    )


def demands_on_request(
    access_request: AccessRequest,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
) -> Demands:
    """What the policy that the request was sent under demands of it, or at another time.

    Of an emergency it demands the same at every time: its steps are the few that count then.
    """
    if access_request.emergency_at is not None:
        return demands_from(access_request.demands)
    start = start or access_request.wanted_from
    end = end or access_request.wanted_until
    if (start, end) == (access_request.wanted_from, access_request.wanted_until):
        return demands_from(access_request.demands)
    return demands_at(
        access_request.policy,
        site=access_request.site,
        endpoints=access_request.endpoints.select_related("asset"),
        vendor=access_request.vendor,
        permission=access_request.permission,
        start=start,
        end=end,
    )
