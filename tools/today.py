"""What a test that takes minutes takes today: something else each day.

GRADIO_PATTERNS_DAY, the day's ordinal, makes several processes agree. GRADIO_PATTERNS_EVERY=1 takes every notebook.
"""

import os
from datetime import date
from typing import Any

from gradio_patterns import collection


def recipes(groups: int) -> set[str]:
    """The ids of the recipes whose turn it is, where each has one in so many days."""
    return _turn([recipe.id for notebook in collection.load_all() for recipe in notebook.recipes], groups)


def notebooks(groups: int = 5) -> list[Any]:
    """All notebooks as pytest's parameters; those whose turn it is not are skipped."""
    import pytest

    every = collection.load_all()
    now = _turn([notebook.name for notebook in every], groups)
    if os.environ.get("GRADIO_PATTERNS_EVERY"):
        now = {notebook.name for notebook in every}
    later = pytest.mark.skip(reason="its turn is another day; GRADIO_PATTERNS_EVERY=1 takes every notebook")
    return [pytest.param(nb, id=nb.name, marks=[] if nb.name in now else [later]) for nb in every]


def _turn(every: list[str], groups: int) -> set[str]:
    day = int(os.environ.get("GRADIO_PATTERNS_DAY") or date.today().toordinal())
    return set(every[day % groups :: groups])
