"""The broker: one actor per live session, and everything an actor is made of.

Read in this order: `registry` (the broker), `actor` (one session and its one
connection to guacd), `company` and `seat` (who takes part), `viewer` and `pictures` (what
they see), `hands`, `input`, `pressed` (what they send), `pace`, `supervision` (policy,
window, warnings), `farewell` and `proof` (the end), `interrupted` (after a crash). How
several brokers stand in for one another: `lease`, `fleet`, `anchor`, `adoption`, `handover`.
"""
