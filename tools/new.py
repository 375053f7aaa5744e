"""Add a recipe's cells to a notebook: ``python -m tools.new 02_state my-recipe``.

The cells keep every rule but `finished`: each `TODO` in them stands for a text or a line of code to write.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from gradio_patterns import collection
from gradio_patterns.collection import Notebook
from tools import imports
from tools.rules import KEBAB

# NAME is the recipe's name, FUNCTION the same as a name in Python.
CELLS = {
    "text": """\
## TODO: what the reader wants, as in "Give every visitor their own cart"

TODO: two to four sentences. When does one need it, and why does the obvious way fail?

**You see:** TODO: the error as it is printed, or the symptom · TODO: one more

**Do:** TODO: the cure in one sentence, with the `code` that matters.""",
    "trap": """\
import gradio as gr

from gradio_patterns.testing import serve

# TODO: the obvious way, as small as it goes
trap = gr.Interface(len, gr.Textbox(label="Text"), gr.Number(label="Characters"), api_name="FUNCTION")

with serve(trap) as app:
    assert app.visitor().predict(" ", api_name="/FUNCTION") == 1  # TODO: what goes wrong""",
    "recipe": """\
import gradio as gr


def FUNCTION(text):
    if not text.strip():
        raise gr.Error("TODO: what is wrong, and what to do.", print_exception=False)
    return len(text)  # TODO: the right way


with gr.Blocks() as demo:
    text = gr.Textbox(label="Text")
    count = gr.Number(label="Characters")
    gr.Button("Count", variant="primary").click(FUNCTION, text, count, api_name="FUNCTION")

demo.launch()""",
    "check": """\
import pytest
from gradio_client.exceptions import AppError

from gradio_patterns.testing import visitors

alice, bob = visitors(demo, 2)
with pytest.raises(AppError, match="TODO"):  # what is wrong is refused
    bob.predict(" ", api_name="/FUNCTION")
seen = alice.predict("TODO", api_name="/FUNCTION")  # what is right is answered
assert seen == 4
seen""",
}
NEXT = """\
{path} has the cells of `{name}`, before the folklore. What to do next:

1. Write what stands at each TODO. `call` in the recipe's metadata says how the suite calls it.
2. .venv/bin/python -m tools.rules {path}
3. .venv/bin/python -m tools.sections {path} {name}    runs the section alone, after the set-up
4. .venv/bin/python -m tools.alone {path} {name}    runs the recipe as app.py
5. Break the recipe on purpose and see the check fail.
6. make format index test"""


def cells(name: str) -> list[dict]:
    """The section's cells, as they stand in a notebook file."""
    made = []
    for kind, template in CELLS.items():
        source = template.replace("FUNCTION", name.replace("-", "_")).splitlines(keepends=True)
        id = name if kind == "recipe" else f"{name}-{kind}"
        if kind == "text":
            made.append({"cell_type": "markdown", "id": id, "metadata": {}, "source": source})
            continue
        metadata: dict = {"tags": [kind]}
        if kind == "recipe":
            metadata = {"call": {"api_name": f"/{name.replace('-', '_')}", "args": ["TODO"]}, **metadata}
        code = {"cell_type": "code", "execution_count": None, "id": id, "metadata": metadata, "outputs": []}
        made.append({**code, "source": source})
    return made


def add(path: Path, name: str) -> None:
    """Write the cells of the recipe `name` into the notebook at `path`, before the folklore.

    Raises ValueError, and changes nothing, if the name cannot be a recipe's or is taken.
    """
    if not KEBAB.fullmatch(name) or not name[0].isalpha() or name.endswith(("-text", "-table", "-trap", "-check")):
        raise ValueError(f"{name!r} cannot be a recipe's name; one is lower case with dashes, like `own-cart`")
    for notebook in collection.load_all(path.parent):
        if name in [recipe.name for recipe in notebook.recipes]:
            raise ValueError(f"{notebook.path.name} has a recipe {name!r} already")
    notebook = Notebook(path)
    new, ids = cells(name), [cell.id for cell in notebook.cells]
    if taken := {cell["id"] for cell in new} & set(ids):
        raise ValueError(f"{path.name} has cells with these ids already: {', '.join(sorted(taken))}")
    if "folklore" not in ids:
        raise ValueError(f"{path.name} has no cell `folklore`, before which the recipe would go")
    place = ids.index("folklore")
    notebook.data["cells"][place:place] = new
    imports.write(notebook, {})
    imports.write(after := Notebook(path), imports.mended(after))


def main() -> int:
    """Command line: NOTEBOOK RECIPE."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("notebook", help="its name, as 02_state")
    parser.add_argument("recipe", help="the recipe's name, as own-cart")
    options = parser.parse_args()
    try:
        path = collection.load(Path(options.notebook).name).path
        add(path, options.recipe)
    except (FileNotFoundError, ValueError) as error:
        print(error)
        return 1
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    print(NEXT.format(path=shown, name=options.recipe))
    return 0


if __name__ == "__main__":
    sys.exit(main())
