"""The verbs of asking, deciding and the bound in time: each one function, one transaction."""
