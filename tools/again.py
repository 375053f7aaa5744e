"""Ask every demo of a notebook again, in its kernel, after its last cell: each must answer as it did at first.

The suite adds `cell(path)` to the copy of a notebook that it executes, and reads what that cell printed.
"""

from __future__ import annotations

import json
from pathlib import Path

from gradio_patterns import notebook
from gradio_patterns.collection import Notebook
from gradio_patterns.testing import serve
from tools.alone import call

ID = "asked-again"


def cell(path: Path) -> str:
    """The source of a last cell that asks each demo of the notebook at `path`."""
    root = Path(__file__).resolve().parent.parent
    return f"import sys\nsys.path.insert(0, {str(root)!r})\nfrom tools import again\nagain.ask({str(path)!r})"


def ask(path: str) -> None:
    """Print, as JSON, for each recipe that launches a demo what went wrong when it was asked; "" if it answered."""
    import gradio as gr

    found: dict[str, str] = {}
    running = [demo for demo in gr.Blocks.get_instances() if demo.is_running]
    for recipe in Notebook(path).recipes:
        if "asgi" in recipe.cell.tags:
            continue
        own = [demo for demo in running if notebook.source_of(demo) == recipe.cell.source]
        if not own:
            found[recipe.name] = "its demo does not run any more"
            continue
        try:
            with serve(own[-1]) as app:  # it runs already: this keeps what its handlers print out of the answer
                call(recipe, app.url)
            found[recipe.name] = ""
        except Exception as error:  # whatever went wrong is the test's to report
            found[recipe.name] = f"{type(error).__name__}: {error}"
    print(json.dumps(found))
