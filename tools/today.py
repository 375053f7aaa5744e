"""What a test that takes minutes takes today: something else each day, and all of it once a week.

GRADIO_PATTERNS_DAY, the day's ordinal, makes several processes agree. GRADIO_PATTERNS_EVERY asks for all.
"""

import os
from datetime import date
from pathlib import Path

from gradio_patterns import collection


def notebooks(number: int) -> dict[str, Path]:
    """So many notebooks, by name."""
    paths = collection.paths()
    first = _day() * number % len(paths)
    chosen = paths if os.environ.get("GRADIO_PATTERNS_EVERY") else (paths + paths)[first : first + number]
    return {path.stem: path for path in sorted(chosen)}


def recipes(groups: int) -> set[str]:
    """The ids of the recipes whose turn it is, where each has one in so many days."""
    every = [recipe.id for notebook in collection.load_all() for recipe in notebook.recipes]
    return set(every[_day() % groups :: groups])


def _day() -> int:
    return int(os.environ.get("GRADIO_PATTERNS_DAY") or date.today().toordinal())
