"""Tables that are made together: in any order, and with their models built once."""

from __future__ import annotations

from django.db import models
from django.db.migrations import CreateModel
from django.db.migrations.state import ProjectState, StateApps
from pytest import MonkeyPatch

from accessportal.migration_steps import CreateModels


def naming(name: str, other: str) -> CreateModel:
    """A model that names another one."""
    key = models.ForeignKey(other, models.PROTECT, null=True, related_name="+")
    fields = [("id", models.AutoField(primary_key=True)), ("other", key)]
    return CreateModel(name, fields)


def test_models_that_name_one_another_are_built_once(monkeypatch: MonkeyPatch) -> None:
    built: list[str] = []
    build = StateApps.render_multiple

    def counted(self: StateApps, states: list) -> None:  # type: ignore[type-arg]
        built.extend(state.name for state in states)
        build(self, states)

    monkeypatch.setattr(StateApps, "render_multiple", counted)
    state = ProjectState()
    assert not state.apps.get_models(), "the registry of before is there"
    step = CreateModels([naming("Key", "plant.Lock"), naming("Lock", "plant.Key")])
    step.state_forwards("plant", state)
    key, lock = state.apps.get_model("plant.Key"), state.apps.get_model("plant.Lock")
    assert key._meta.get_field("other").related_model is lock
    assert lock._meta.get_field("other").related_model is key
    assert sorted(built) == ["Key", "Lock"]
