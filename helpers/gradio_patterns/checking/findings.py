"""What the rules are, and what they find. The words of symptom and cure are the notebooks' own."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import libcst as cst

from gradio_patterns import collection

if TYPE_CHECKING:
    from .program import Program

SEVERITIES = ("error", "warning", "hint")
Edit = tuple[cst.CSTNode, Callable[[Any], Any]]


@dataclass(frozen=True)
class Hit:
    """Where a rule strikes: the node, what is special here, and edits that mend it for certain."""

    node: cst.CSTNode
    note: str = ""
    edits: tuple[Edit, ...] = ()
    recipe: str = ""


@dataclass(frozen=True)
class Rule:
    """One rule. `see` is a part of the section's symptom that fits best, where the first one does not."""

    name: str
    severity: str
    recipe: str
    finds: str
    check: Callable[[Program], Iterable[Hit]] | None
    see: str = ""
    fixable: bool = False
    built: bool = False  # needs the built app: `--run`


RULES: dict[str, Rule] = {}


def rule(name: str, severity: str, recipe: str, finds: str, see: str = "", fixable: bool = False) -> Callable:
    """Register a function that reads a `Program` and yields a `Hit` for each place where the rule strikes."""

    def register(check: Callable[[Program], Iterable[Hit]]) -> Callable[[Program], Iterable[Hit]]:
        RULES[name] = Rule(name, severity, recipe, finds, check, see, fixable)
        return check

    return register


def built_rule(name: str, severity: str, recipe: str, finds: str, see: str = "") -> None:
    """Register a rule that `built.py` answers from the built app."""
    RULES[name] = Rule(name, severity, recipe, finds, None, see, built=True)


@dataclass(frozen=True)
class Finding:
    """One finding; `cell` counts all cells of a notebook from 1, lines and columns count from 1."""

    path: Path
    line: int
    column: int
    rule: str
    severity: str
    message: str
    recipe: str = ""
    symptom: str = ""
    cure: str = ""
    cell: int | None = None
    fixable: bool = False
    edits: tuple[Edit, ...] = field(default=(), compare=False, repr=False)

    @property
    def where(self) -> str:
        """Path and place, as an editor opens it: `app.py:3:5`, or `demo.ipynb: cell 2, line 3`."""
        if self.cell is None:
            return f"{self.path}:{self.line}:{self.column}"
        return f"{self.path}: cell {self.cell}, line {self.line}"


@functools.cache
def lesson(recipe: str, see: str = "") -> tuple[str, str]:
    """Symptom and cure of the recipe with this name, from its notebook. Raises KeyError if there is none."""
    found = _recipes()[recipe]
    return next((symptom for symptom in found.symptoms if see in symptom), found.symptoms[0]), found.cure


@functools.cache
def _recipes() -> dict[str, collection.Recipe]:
    return {recipe.name: recipe for notebook in collection.load_all() for recipe in notebook.recipes}
