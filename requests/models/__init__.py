"""A request, the decision on it and the window in time that an approval creates."""

from requests.models.access_request import (
    AccessRequest,
    RequestedEndpoint,
    RequestedPerson,
)
from requests.models.approval import ApprovalDecision
from requests.models.emergency import EmergencyLook, SkippedStep
from requests.models.escort import Escort
from requests.models.feed import CalendarFeed
from requests.models.handover import LineHandover
from requests.models.later_wish import LaterStep, LaterWish
from requests.models.message import RequestMessage
from requests.models.policy import (
    ApprovalPolicy,
    ApprovalStep,
    ApproverGroup,
    ApproverGroupMember,
    AskedPeople,
    GroupDelegation,
    PolicyDraft,
)
from requests.models.proposal import ProposedChange
from requests.models.saved import Attachment, SavedWish, WishDraft
from requests.models.series import RequestedOccurrence
from requests.models.substitution import Substitution
from requests.models.window import ExtensionRequest, MaintenanceWindow

__all__ = [
    "AccessRequest",
    "ApprovalDecision",
    "Attachment",
    "ApprovalPolicy",
    "ApprovalStep",
    "ApproverGroup",
    "ApproverGroupMember",
    "AskedPeople",
    "CalendarFeed",
    "EmergencyLook",
    "Escort",
    "ExtensionRequest",
    "GroupDelegation",
    "LaterStep",
    "LaterWish",
    "LineHandover",
    "MaintenanceWindow",
    "PolicyDraft",
    "ProposedChange",
    "RequestMessage",
    "RequestedEndpoint",
    "RequestedOccurrence",
    "RequestedPerson",
    "SavedWish",
    "WishDraft",
    "Substitution",
    "SkippedStep",
]
