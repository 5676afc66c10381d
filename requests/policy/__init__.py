"""The approval policy: rules as data, and what they demand of a wish. Pure: no I/O here.

`rules` has the values, `hours` the clock of the plant, `reading` their JSON, `evaluation`
the strictest of all rules that match, and `places` who has agreed and who is still needed.
"""
