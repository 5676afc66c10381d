"""Attacks: each file tells how somebody tries it, and what the portal does about it."""
