"""One URL group per step: submission, approval, window."""
