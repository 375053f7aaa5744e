"""What a test that takes minutes takes today: something else each day.

GRADIO_PATTERNS_DAY, the day's ordinal, makes several processes agree.
"""

import os
from datetime import date

from gradio_patterns import collection


def recipes(groups: int) -> set[str]:
    """The ids of the recipes whose turn it is, where each has one in so many days."""
    return _turn([recipe.id for notebook in collection.load_all() for recipe in notebook.recipes], groups)


def notebooks(groups: int) -> set[str]:
    """The names of the notebooks whose turn it is."""
    return _turn([notebook.name for notebook in collection.load_all()], groups)


def _turn(every: list[str], groups: int) -> set[str]:
    day = int(os.environ.get("GRADIO_PATTERNS_DAY") or date.today().toordinal())
    return set(every[day % groups :: groups])
