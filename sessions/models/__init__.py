"""Brokered sessions, who took part, the evidence of them and the look back."""

from sessions.models.brokered_session import BrokeredSession
from sessions.models.critical_step import CriticalStep
from sessions.models.fleet import BrokerNode, GuacdNode
from sessions.models.participant import ConsoleMessage, Participant, TunnelTicket
from sessions.models.recording import Recording, Segment
from sessions.models.review import ComplianceReview

__all__ = [
    "BrokerNode",
    "BrokeredSession",
    "ComplianceReview",
    "ConsoleMessage",
    "CriticalStep",
    "GuacdNode",
    "Participant",
    "Recording",
    "Segment",
    "TunnelTicket",
]
