"""Write docs/components.md: what every input component hands a function, and takes back, as measured.

``python -m tools.component_table`` runs the cells ``inputs-table-*`` of notebook 06, the only place where the
table is made, and writes what they find; ``--check`` compares instead, and fails when the file is out of date.
"""

from __future__ import annotations

import sys
from importlib.metadata import version

import nbformat

from tools.notebooks import ROOT

PAGE = ROOT / "docs" / "components.md"
NOTEBOOK = ROOT / "notebooks" / "06_component_traps.ipynb"
SECTION = "inputs-table"
# What the cells above the section have imported by then.
IMPORTS = """
import io, tempfile
from pathlib import Path
import gradio as gr, httpx, numpy as np, pandas as pd
from gradio.media import get_image
from PIL import Image
"""


def measure():
    """The table of the notebook's section, made anew: a pandas DataFrame."""
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    wanted = [c for c in cells if c.id.startswith(f"{SECTION}-") and "check" not in c.metadata.get("tags", [])]
    names: dict = {}
    exec(IMPORTS, names)
    for cell in wanted:
        exec(compile(cell.source, f"{NOTEBOOK.name}:{cell.id}", "exec"), names)
    return names["components"]


def page(table) -> str:
    """The table as Markdown, with the versions it holds for."""
    rows = table.reset_index()
    head = [
        "# What components hand you, and take back",
        "",
        f"Measured with Gradio {version('gradio')} by `python -m tools.component_table`, which runs the cells of",
        f"[notebook 06](../notebooks/{NOTEBOOK.name}); what the columns mean is explained there.",
        "",
        f"| {' | '.join(rows.columns)} |",
        "|" + "---|" * len(rows.columns),
    ]
    for row in rows.astype(str).to_numpy():
        cells = [
            f"`{cell}`" if name in ("settings", "API sends") and cell else cell
            for name, cell in zip(rows, row, strict=True)
        ]
        head.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(head) + "\n"


def main() -> int:
    """Write the page, or compare with it."""
    new = page(measure())
    if "--check" in sys.argv[1:]:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != new:
            print("docs/components.md is out of date: run python -m tools.component_table and review what changed")
            return 1
        return 0
    PAGE.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
