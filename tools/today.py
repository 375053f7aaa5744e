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


def notebooks(groups: int = 6) -> list[Any]:
    """All notebooks as pytest's parameters; those whose turn it is not are skipped."""
    import pytest

    every = collection.load_all()
    now = _turn([notebook.name for notebook in every], groups)
    return [
        pytest.param(nb, id=nb.name, marks=[] if EVERY or nb.name in now else [pytest.mark.skip(reason=LATER)])
        for nb in every
    ]


def _turn(every: list[str], groups: int) -> set[str]:
    day = int(os.environ.get("GRADIO_PATTERNS_DAY") or date.today().toordinal())
    return set(every[day % groups :: groups])
