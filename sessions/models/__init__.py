"""Brokered sessions, who took part, the evidence of them and the look back."""

from sessions.models.brokered_session import BrokeredSession
from sessions.models.participant import ConsoleMessage, Participant, TunnelTicket
from sessions.models.recording import Recording, Segment
from sessions.models.review import ComplianceReview

__all__ = [
    "BrokeredSession",
    "ComplianceReview",
    "ConsoleMessage",
    "Participant",
    "Recording",
    "Segment",
    "TunnelTicket",
]
