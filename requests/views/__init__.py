"""The pages of submission, approval and window."""
