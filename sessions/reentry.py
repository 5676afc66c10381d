"""What is asked before a suspended vendor comes back: a short list, every point answered.

The questions are code, so that each answer that is kept says to which one it was given.
A "no" does not forbid the way back, but somebody has to say why it is safe all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accessportal.errors import NotPossible

YES, NO = "yes", "no"
NOTE_LENGTH = 300

QUESTIONS: dict[str, str | Promise] = {
    "cause_removed": gettext_lazy(
        "Is the cause of the suspension known and dealt with?"
    ),
    "people_confirmed": gettext_lazy(
        "Has the company said who of its people still works for it?"
    ),
    "secrets_changed": gettext_lazy(
        "Were the passwords and second factors that were at risk changed?"
    ),
    "computers_clean": gettext_lazy(
        "Are the computers that its people come in with looked after and clean?"
    ),
    "sponsor_agrees": gettext_lazy("Does the sponsor at the plant agree?"),
}


@dataclass(frozen=True)
class ReentryAnswer:
    """`answer` is yes or no; a no has a note."""

    question: str
    answer: str
    note: str = ""

    @property
    def words(self) -> str | Promise:
        return QUESTIONS.get(self.question, self.question)


def answers_from(typed: Mapping[str, str]) -> list[ReentryAnswer]:
    """What a form says, unchecked: fields `answer-<question>` and `note-<question>`."""
    return [
        ReentryAnswer(
            question,
            typed.get(f"answer-{question}", ""),
            typed.get(f"note-{question}", "").strip()[:NOTE_LENGTH],
        )
        for question in QUESTIONS
    ]


def checked_answers(answers: list[ReentryAnswer]) -> list[dict[str, str]]:
    """The answers as they are kept. Raises `NotPossible` unless every question has one."""
    given = {one.question: one for one in answers}
    for question, words in QUESTIONS.items():
        one = given.get(question)
        if one is None or one.answer not in {YES, NO}:
            raise NotPossible(
                _("Answer each question first. Missing: %(question)s")
                % {"question": words},
                code="checklist_incomplete",
            )
        if one.answer == NO and not one.note:
            raise NotPossible(
                _("Say in a note why it is safe all the same: %(question)s")
                % {"question": words},
                code="note_missing",
            )
    return [
        {
            "question": question,
            "answer": given[question].answer,
            "note": given[question].note,
        }
        for question in QUESTIONS
    ]
