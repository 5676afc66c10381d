"""The verbs of people: one function, one transaction (lock, guard, change, record, announce)."""
