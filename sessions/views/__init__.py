"""Pages of the steps console, recording and review."""
