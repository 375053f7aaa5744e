"""Ask every demo of a notebook again, in its kernel, after its last cell: each must answer as it did at first.

The suite adds `cell(path)` to the copy of a notebook that it executes, and reads what that cell printed.
"""

from __future__ import annotations

import json
from pathlib import Path

from gradio_patterns import notebook
from gradio_patterns.collection import Notebook
from gradio_patterns.testing.logs import Log
from tools.alone import call

ID = "asked-again"


def cell(path: Path) -> str:
    """The source of a last cell that asks each demo of the notebook at `path`."""
    root = Path(__file__).resolve().parent.parent
    return f"import sys\nsys.path.insert(0, {str(root)!r})\nfrom tools import again\nagain.ask({str(path)!r})"


def ask(path: str) -> None:
    """Print, as JSON, for each recipe what went wrong when what it shows was asked; "" if it answered."""
    found: dict[str, str] = {}
    addresses = notebook.addresses()
    for recipe in Notebook(path).recipes:
        url = addresses.get(recipe.source)
        if url is None:
            found[recipe.name] = "its demo does not run any more"
            continue
        try:
            with Log():  # keeps what its handlers print out of the answer
                call(recipe, url)
            found[recipe.name] = ""
        except Exception as error:  # whatever went wrong is the test's to report
            found[recipe.name] = f"{type(error).__name__}: {error}"
    print(json.dumps(found))
