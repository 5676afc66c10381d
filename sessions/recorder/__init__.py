"""The recorder: segments written as they happen, read back only when they are intact.

docs/recording-format.md describes every byte. `writer` is what a session actor uses;
`reader`, `scan` and `verification` are for those who look back. Nothing here but the
`ledger` knows the database.
"""
