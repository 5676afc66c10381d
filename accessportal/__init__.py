"""Access Portal: third-party access to plant machines, approved, brokered and recorded."""

__version__ = "0.1.0"
