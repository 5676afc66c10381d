"""The API for machines: /api/v1/, with bearer tokens only (docs/api.md)."""
