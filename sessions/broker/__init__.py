"""The broker: one actor per live session, and everything an actor is made of.

Read in this order: `registry` (the broker), `actor` (one session), `upstream` (the one
connection to guacd), `participants` (who gets the picture), `hands` (who may send),
`pictures`, `pressed`, `pace`, `supervision` (policy, window, warnings), `proof` (the end).
"""
