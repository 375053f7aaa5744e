"""What a test that takes minutes takes today: something else each day.

GRADIO_PATTERNS_DAY, the day's ordinal, makes several processes agree. GRADIO_PATTERNS_EVERY=1 takes everything.
"""

import os
from datetime import date
from typing import Any

from gradio_patterns import collection

EVERY = bool(os.environ.get("GRADIO_PATTERNS_EVERY"))
LATER = "its turn is another day; GRADIO_PATTERNS_EVERY=1 takes every one"


def recipes(groups: int) -> set[str]:
    """The ids of the recipes whose turn it is, where each has one in so many days."""
    return _turn([recipe.id for notebook in collection.load_all() for recipe in notebook.recipes], groups)


def one(every: list[str]) -> str:
    """The one whose turn it is, where each has one in as many days as there are."""
    return _turn(every, len(every)).pop()


def notebooks(groups: int) -> list[Any]:
    """All notebooks as pytest's parameters; those whose turn it is not are skipped."""
    every = collection.load_all()
    return _parameters(every, _turn([notebook.name for notebook in every], groups), LATER)


def weekly() -> list[Any]:
    """All notebooks as pytest's parameters; all but the first are skipped, which take minutes each."""
    every = collection.load_all()
    return _parameters(every, {every[0].name}, "`make test-every`, which runs each week, takes it")


def _parameters(every: list[collection.Notebook], now: set[str], reason: str) -> list[Any]:
    import pytest

    later = pytest.mark.skip(reason=reason)
    return [pytest.param(nb, id=nb.name, marks=[] if EVERY or nb.name in now else [later]) for nb in every]


def _turn(every: list[str], groups: int) -> set[str]:
    day = int(os.environ.get("GRADIO_PATTERNS_DAY") or date.today().toordinal())
    return set(every[day % groups :: groups])
