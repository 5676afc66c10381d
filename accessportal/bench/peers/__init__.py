"""The relays that are compared: each is a process of its own, given guacd's port and its own."""
