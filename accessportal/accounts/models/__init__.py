"""People, their companies, roles and invitations."""

from accessportal.accounts.models.api_token import ApiToken
from accessportal.accounts.models.borrowed import PermissionOverride, RoleDelegation
from accessportal.accounts.models.directory import (
    BreakGlassAccount,
    DirectoryIdentity,
    GroupMapping,
)
from accessportal.accounts.models.invitation import Invitation, InvitedRole
from accessportal.accounts.models.lapse import LapseWarning
from accessportal.accounts.models.mailbox_code import MailboxCode
from accessportal.accounts.models.notice import NoticeAcceptance
from accessportal.accounts.models.role import RoleGrant
from accessportal.accounts.models.staff import StaffAttestation, Warned
from accessportal.accounts.models.user import User
from accessportal.accounts.models.vendor import Vendor

__all__ = [
    "ApiToken",
    "BreakGlassAccount",
    "DirectoryIdentity",
    "GroupMapping",
    "Invitation",
    "NoticeAcceptance",
    "PermissionOverride",
    "RoleDelegation",
    "InvitedRole",
    "LapseWarning",
    "MailboxCode",
    "RoleGrant",
    "StaffAttestation",
    "User",
    "Vendor",
    "Warned",
]
