"""Which notebooks a test that takes minutes takes today."""

import os
from datetime import date
from pathlib import Path

from gradio_patterns import collection


def notebooks(number: int) -> dict[str, Path]:
    """So many notebooks by name, others each day; all of them where GRADIO_PATTERNS_EVERY is set, as each week.

    GRADIO_PATTERNS_DAY, the day's ordinal, makes several processes agree.
    """
    paths = collection.paths()
    first = int(os.environ.get("GRADIO_PATTERNS_DAY") or date.today().toordinal()) * number % len(paths)
    chosen = paths if os.environ.get("GRADIO_PATTERNS_EVERY") else (paths + paths)[first : first + number]
    return {path.stem: path for path in sorted(chosen)}
