"""The approval policy: /policy/."""

from __future__ import annotations

from django.urls import path

from requests.views import policy, policy_draft, policy_groups

app_name = "policy"
urlpatterns = [
    path("", policy.overview, name="overview"),
    path("versions/<int:number>/", policy.version, name="version"),
    path("draft/", policy_draft.draft, name="draft"),
    path("draft/rules/new/", policy_draft.rule, name="new_rule"),
    path("draft/rules/<int:index>/", policy_draft.rule, name="rule"),
    path(
        "draft/rules/<int:index>/remove/", policy_draft.remove_rule, name="remove_rule"
    ),
    path("draft/examples/new/", policy_draft.trial, name="new_trial"),
    path(
        "draft/examples/<int:index>/remove/",
        policy_draft.remove_trial,
        name="remove_trial",
    ),
    path("draft/discard/", policy_draft.discard, name="discard"),
    path("draft/in-force/", policy_draft.enforce, name="enforce"),
    path("groups/", policy_groups.groups, name="groups"),
    path("groups/new/", policy_groups.new_group, name="new_group"),
    path("groups/<int:pk>/add/", policy_groups.add_person, name="add_person"),
    path(
        "groups/people/<int:pk>/remove/",
        policy_groups.remove_person,
        name="remove_person",
    ),
]
