"""What a test can have done inside the portal on the stage: `stage.window("vera", "vnc")`.

Imported once Django is set up. Every function of a module below is an act, by its name.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import isfunction
from types import ModuleType
from typing import Any

from tests.browser.acts import asking, people, plant, working

Acts = dict[str, Callable[..., Any]]


def acts_of(*modules: ModuleType) -> Acts:
    """The functions that these modules define, by name."""
    return {
        name: act
        for module in modules
        for name, act in vars(module).items()
        if isfunction(act) and act.__module__ == module.__name__
    }


ACTS = acts_of(plant, people, asking, working)
