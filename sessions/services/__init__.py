"""The verbs of the steps after approval: console, recording, review."""
