"""Run a notebook's sections one by one, each after the set-up cell alone, in names that no other section has left.

A recipe runs twice in a row, as in JupyterLab, where one changes it and runs it again; its checks run once. So does an
ASGI recipe, which starts a program of its own each time.
``python -m tools.sections notebooks/02_state.ipynb`` runs all of them, the last one first; names of sections after it
run those only. Prints what fails, what stands in a red box, and how long each cell took.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_notebook

from tools.alone import environment

# Between two sections: what the first has named and what it serves is gone, what it has imported stays.
RESET = """
import gradio
for demo in gradio.Blocks.get_instances():
    if demo.is_running:
        demo.close(verbose=False)
if hasattr(get_ipython(), "_demo_keeper"):
    get_ipython()._demo_keeper.close()  # the programs of ASGI apps
get_ipython().reset(new_session=False)
"""


def sections_of(data: nbformat.NotebookNode) -> dict[str, list]:
    """The code cells of each section by the section's name; the cells above the first are the set-up."""
    found: dict[str, list] = {"": []}
    name = ""
    for cell in data.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            name = cell.id.removesuffix("-text").removesuffix("-table")
            found[name] = []
        elif cell.cell_type == "code":
            found[name].append(cell)
    return {name: cells for name, cells in found.items() if cells}


def run(path: Path, names: list[str] | None = None, report=lambda cell, seconds, problem: None) -> list[str]:
    """Run the sections named (default: all, the last one first) alone; what went wrong, a text for each cell."""
    data = nbformat.read(path, as_version=4)
    sections = sections_of(data)
    setup = sections.pop("")
    unknown = set(names or []) - set(sections)
    if unknown:
        raise KeyError(f"no section {', '.join(unknown)} in {path.name}; there are: {', '.join(sections)}")
    problems = []
    with tempfile.TemporaryDirectory(prefix="sections-") as folder:
        (Path(folder) / "empty").mkdir()
        client = NotebookClient(new_notebook(metadata=data.metadata), timeout=300, kernel_name="python3")
        client.resources["metadata"] = {"path": f"{folder}/empty"}
        with client.setup_kernel(env=environment(Path(folder))):
            for name in names or reversed(sections):
                cells = []
                for cell in sections[name]:
                    tags = cell.metadata.get("tags", [])
                    cells += [cell, cell] if "recipe" in tags and "asgi" not in tags else [cell]
                for cell in [*setup, *cells, new_code_cell(RESET, id="reset")]:
                    client.nb.cells = [cell]
                    cell.outputs, begin, problem = [], time.monotonic(), ""
                    try:
                        client.execute_cell(cell, 0)
                    except CellExecutionError as error:
                        problem = str(error)
                    problem += "".join(o.text for o in cell.outputs if o.get("name") == "stderr")
                    if problem:
                        problems.append(f"{path.stem}, section {name}, cell {cell.id}:\n{problem}")
                    report(cell, time.monotonic() - begin, problem)
    return problems


def main() -> int:
    """Command line: NOTEBOOK [SECTION ...]."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("notebook", type=Path)
    parser.add_argument("section", nargs="*")
    options = parser.parse_args()

    def report(cell, seconds: float, problem: str) -> None:
        print(f"{'FAILED' if problem else 'ok':7}{seconds:6.1f} s  {cell.id}", flush=True)
        for output in () if problem else cell.outputs:
            if text := output.get("text") or output.get("data", {}).get("text/plain"):
                print("    " + text.strip().replace("\n", "\n    ")[:600])

    problems = run(options.notebook, options.section, report)
    print("\n\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
