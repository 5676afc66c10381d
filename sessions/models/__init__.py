"""Brokered sessions, who took part, the evidence of them and the look back."""

from sessions.models.brokered_session import BrokeredSession
from sessions.models.critical_step import CriticalStep
from sessions.models.departure import Departure
from sessions.models.desktop_question import DesktopQuestion
from sessions.models.fleet import BrokerNode, GuacdNode
from sessions.models.known_browser import KnownBrowser
from sessions.models.left_pressed import LeftPressed
from sessions.models.participant import (
    ConsoleMessage,
    Participant,
    TunnelTicket,
    Vantage,
)
from sessions.models.policy_verdict import PolicyVerdict
from sessions.models.recording import Recording, Segment
from sessions.models.review import ComplianceReview
from sessions.models.sighting import Sighting
from sessions.models.station import Station, StationAct, StationCall
from sessions.models.stop_order import StopOrder

__all__ = [
    "BrokerNode",
    "BrokeredSession",
    "ComplianceReview",
    "ConsoleMessage",
    "CriticalStep",
    "Departure",
    "DesktopQuestion",
    "GuacdNode",
    "KnownBrowser",
    "LeftPressed",
    "Participant",
    "PolicyVerdict",
    "Recording",
    "Segment",
    "Sighting",
    "Station",
    "StationAct",
    "StationCall",
    "StopOrder",
    "TunnelTicket",
    "Vantage",
]
