"""Access Portal: third-party access to plant machines, approved, brokered and recorded."""

from accessportal.memory import look_for_garbage_seldom

__version__ = "0.1.0"

look_for_garbage_seldom()  # first of all, in each of the portal's processes
