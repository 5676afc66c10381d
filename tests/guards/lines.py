"""A line of the table of permissions: how one URL answers each role.

`yes`: the guards let the person through (whatever the verb then says: 200, a redirect, 409
or 422). `no`: 403. `not_known`: 404, the person does not even learn that the thing exists.
"""

from __future__ import annotations

from dataclasses import dataclass

# Vera works at plant North; Vito is her colleague; Victor works for another vendor; Omar
# looks after another site. Ivan, Cora and Adam have their roles at every site.
ROLES = ["vera", "vito", "victor", "olga", "omar", "ivan", "cora", "adam"]
CONTRACTORS = "vera vito victor"
PLANT = "olga omar ivan cora adam"
EVERYBODY = f"{CONTRACTORS} {PLANT}"
# Carla coordinates the people of Vera's company. No line names her: what she gets where a
# colleague does not stands in a table of its own.
COORDINATING = "carla"


@dataclass(frozen=True)
class Line:
    """How one URL answers each role. `args`: what it needs from the things that are there;
    in `data`, `{session}` is put in from them."""

    yes: str = ""
    no: str = ""
    not_known: str = ""
    args: str = ""
    method: str = "get"
    data: tuple[tuple[str, str], ...] = ()

    def answers(self) -> dict[str, str]:
        said = {}
        for answer in ("yes", "no", "not_known"):
            for role in getattr(self, answer).split():
                assert role not in said, f"{role} is said twice"
                said[role] = answer
        assert set(said) == set(ROLES), f"say of {set(ROLES) ^ set(said)} too"
        return said


# Those who see what happens at plant North for Fillwerk, and those who must not know of it.
SEE = "vera vito olga ivan cora adam"
NOT_SEE = "victor omar"
