"""People, their companies, roles and invitations; how they sign in."""

from accessportal.accounts.models.api_token import ApiToken
from accessportal.accounts.models.borrowed import PermissionOverride, RoleDelegation
from accessportal.accounts.models.coded_factors import AuthenticatorApp, RecoveryCodes
from accessportal.accounts.models.directory import (
    BreakGlassAccount,
    DirectoryIdentity,
    GroupMapping,
)
from accessportal.accounts.models.factor_reset import FactorReset
from accessportal.accounts.models.factor_rule import FactorRule
from accessportal.accounts.models.invitation import Invitation, InvitedRole
from accessportal.accounts.models.lapse import LapseWarning
from accessportal.accounts.models.mailbox_code import MailboxCode
from accessportal.accounts.models.notice import NoticeAcceptance
from accessportal.accounts.models.passkey import Passkey
from accessportal.accounts.models.password_reset import PasswordReset
from accessportal.accounts.models.role import RoleGrant
from accessportal.accounts.models.sign_in_failures import SignInFailures
from accessportal.accounts.models.staff import StaffAttestation, Warned
from accessportal.accounts.models.user import User
from accessportal.accounts.models.vendor import Vendor
from accessportal.accounts.models.web_session import WebSession

__all__ = [
    "ApiToken",
    "AuthenticatorApp",
    "BreakGlassAccount",
    "DirectoryIdentity",
    "FactorReset",
    "FactorRule",
    "GroupMapping",
    "Invitation",
    "InvitedRole",
    "LapseWarning",
    "MailboxCode",
    "NoticeAcceptance",
    "Passkey",
    "PasswordReset",
    "PermissionOverride",
    "RecoveryCodes",
    "RoleDelegation",
    "RoleGrant",
    "SignInFailures",
    "StaffAttestation",
    "User",
    "Vendor",
    "Warned",
    "WebSession",
]
