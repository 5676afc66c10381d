"""Signing in, one's own account, invitations, vendors, people."""

from __future__ import annotations

from django.urls import path

from accessportal.accounts.directory.urls import urlpatterns as directory_urls
from accessportal.accounts.views import (
    account,
    api_tokens,
    company,
    devices,
    factor_rules,
    forgotten,
    invitations,
    leaving,
    lending,
    not_you,
    notice,
    passkeys,
    people,
    permissions,
    revival,
    sign_in,
    vendor_people,
    vendors,
)

app_name = "accounts"

sign_in_urls = [
    path("accounts/login/", sign_in.sign_in, name="sign_in"),
    path("accounts/login/code/", sign_in.sign_in_code, name="sign_in_code"),
    path("accounts/login/mailbox/", revival.mailbox, name="mailbox"),
    path("accounts/login/mailbox/send/", revival.send_again, name="mailbox_send"),
    path("accounts/login/too-late/", revival.renewal_over, name="renewal_over"),
    path("accounts/notice/", notice.notice, name="notice"),
    path(
        "accounts/login/passkey/",
        passkeys.sign_in_with_passkey,
        name="sign_in_passkey",
    ),
    path("accounts/passkey/", passkeys.challenge, name="passkey_challenge"),
    path("accounts/enrol/", sign_in.enrol, name="enrol"),
    path("accounts/enrol/passkey/", passkeys.enrol_first_passkey, name="enrol_passkey"),
    path("accounts/forgotten/", forgotten.forgotten, name="forgotten"),
    path(
        "accounts/forgotten/<str:token>/",
        forgotten.password_link,
        name="password_link",
    ),
    path("accounts/new-password/", forgotten.new_password, name="new_password"),
    path("accounts/logout/", sign_in.leave, name="sign_out"),
    path("accounts/not-you/", not_you.not_you, name="not_you"),
    path("accounts/language/", sign_in.language, name="language"),
    path("accounts/confirm/", account.confirm, name="confirm"),
    path("accounts/invitation/<str:token>/", invitations.invitation, name="invitation"),
]

account_urls = [
    path("account/", account.account, name="profile"),
    path("account/details/", account.details, name="details"),
    path("account/password/", account.password, name="password"),
    path("account/authenticator/", account.new_authenticator, name="new_authenticator"),
    path(
        "account/recovery-codes/", account.new_recovery_codes, name="new_recovery_codes"
    ),
    path(
        "account/authenticator/remove/",
        passkeys.remove_authenticator,
        name="remove_authenticator",
    ),
    path("account/passkeys/new/", passkeys.new_passkey, name="new_passkey"),
    path(
        "account/passkeys/<int:pk>/remove/",
        passkeys.remove_passkey,
        name="remove_passkey",
    ),
    path("account/devices/others/", devices.revoke_own_others, name="revoke_others"),
    path("account/devices/<int:pk>/", devices.revoke_own, name="revoke_device"),
    path("account/web-session/", devices.web_session, name="web_session"),
]

minding_urls = [
    path("people/<int:pk>/signing-in/", devices.person, name="person_signing"),
    path(
        "people/<int:pk>/devices/",
        devices.revoke_all_of_person,
        name="revoke_person_devices",
    ),
    path(
        "people/<int:pk>/devices/<int:device_pk>/",
        devices.revoke_of_person,
        name="revoke_person_device",
    ),
    path("people/<int:pk>/factor-reset/", devices.ask_reset, name="ask_factor_reset"),
    path(
        "people/<int:pk>/factor-reset/<int:reset_pk>/confirm/",
        devices.confirm_reset,
        name="confirm_factor_reset",
    ),
    path(
        "people/<int:pk>/factor-reset/<int:reset_pk>/withdraw/",
        devices.withdraw_reset,
        name="withdraw_factor_reset",
    ),
    path("second-factors/", factor_rules.rules, name="factor_rules"),
    path("second-factors/demand/", factor_rules.demand, name="demand_passkeys"),
    path(
        "second-factors/<int:pk>/allow/",
        factor_rules.allow,
        name="allow_other_factors",
    ),
]

vendor_urls = [
    path("vendors/", vendors.vendor_list, name="vendors"),
    path("vendors/<slug:slug>/", vendors.vendor_detail, name="vendor"),
    path("vendors/<slug:slug>/limit/", vendors.session_limit, name="session_limit"),
    path("vendors/<slug:slug>/invite/", vendors.invite, name="invite"),
    path(
        "vendors/<slug:slug>/invitations/<int:pk>/revoke/",
        vendors.take_invitation_back,
        name="revoke_invitation",
    ),
    path(
        "vendors/<slug:slug>/people/<int:pk>/",
        vendor_people.person,
        name="vendor_person",
    ),
    path(
        "vendors/<slug:slug>/people/<int:pk>/dates/",
        vendor_people.dates,
        name="person_dates",
    ),
    path(
        "vendors/<slug:slug>/people/<int:pk>/callback-number/",
        vendor_people.callback_number,
        name="callback_number",
    ),
    path(
        "vendors/<slug:slug>/people/<int:pk>/confirm/",
        vendor_people.confirm,
        name="confirm_person",
    ),
    path(
        "vendors/<slug:slug>/people/<int:pk>/coordinator/",
        vendor_people.coordinator,
        name="name_coordinator",
    ),
    path(
        "vendors/<slug:slug>/people/<int:pk>/no-coordinator/",
        vendor_people.no_coordinator,
        name="dismiss_coordinator",
    ),
    path(
        "vendors/<slug:slug>/people/<int:pk>/disable/",
        vendors.disable,
        name="disable_person",
    ),
    path(
        "vendors/<slug:slug>/people/<int:pk>/reactivate/",
        vendors.reactivate,
        name="reactivate_person",
    ),
]

right_urls = [
    path("permissions/", permissions.permissions, name="permissions"),
    path(
        "permissions/export/", permissions.permissions_export, name="permissions_export"
    ),
    path("delegations/", lending.delegations, name="delegations"),
    path("delegations/new/", lending.delegation_new, name="delegation_new"),
    path("delegations/<int:pk>/end/", lending.delegation_end, name="delegation_end"),
    path("api-tokens/", api_tokens.token_list, name="api_tokens"),
    path("api-tokens/new/", api_tokens.token_new, name="api_token_new"),
    path(
        "api-tokens/<int:pk>/revoke/", api_tokens.token_revoke, name="api_token_revoke"
    ),
    path("overrides/", lending.overrides, name="overrides"),
    path("overrides/new/", lending.override_new, name="override_new"),
    path("overrides/<int:pk>/end/", lending.override_end, name="override_end"),
]

people_urls = [
    path("people/", people.people_list, name="people"),
    path("people/invite/", people.invite, name="invite_employee"),
    path(
        "people/invitations/<int:pk>/revoke/",
        people.take_invitation_back,
        name="revoke_colleague_invitation",
    ),
    path("people/<int:pk>/", people.person_detail, name="person"),
    path("people/<int:pk>/roles/", people.grant, name="grant_role"),
    path(
        "people/<int:pk>/roles/<int:grant_pk>/revoke/",
        people.revoke,
        name="revoke_role",
    ),
    path("people/<int:pk>/until/", people.access_end, name="access_end"),
    path("people/<int:pk>/leave/", leaving.leave, name="leaver"),
    path("people/<int:pk>/return/", leaving.come_back, name="returner"),
    path("people/<int:pk>/pseudonym/", leaving.pseudonymise, name="pseudonymise"),
]

company_urls = [
    path("company/", company.company, name="company"),
    path("company/invite/", company.invite, name="company_invite"),
    path(
        "company/invitations/<int:pk>/revoke/",
        company.take_invitation_back,
        name="company_revoke",
    ),
    path("company/attest/", company.attest, name="company_attest"),
]

urlpatterns = [
    *sign_in_urls,
    *account_urls,
    *vendor_urls,
    *right_urls,
    *people_urls,
    *minding_urls,
    *directory_urls,
    *company_urls,
]
