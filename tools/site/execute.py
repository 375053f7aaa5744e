"""Execute a notebook, and take a picture of each of its demos, light and dark, while its kernel is alive."""

from __future__ import annotations

import hashlib
import json
import tempfile
from importlib.metadata import version
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell

from gradio_patterns.collection import Notebook, Recipe
from gradio_patterns.testing.pages import open_page
from tools.alone import environment
from tools.lab import DEMO, browser

THEMES = ("light", "dark")
CELL_SECONDS = 300
WIDTH, HEIGHT = 900, 420  # of the window; a taller page is taken whole, up to MOST
MOST = 1400
# Nothing that still comes: a component whose code is loading, an event under way that shows its progress.
SETTLED = """() => {
    const page = document.querySelector('.gradio-container');
    const progress = [...page.querySelectorAll('.progress-text, .meta-text, .meta-text-center')];
    return !page.innerText.includes('Loading...') && !progress.some(node => node.checkVisibility());
}"""
# Which cell launched which demo: `notebook.setup`, the notebook's second cell, remembers it.
WHERE = """
import json
from gradio_patterns import notebook
print(json.dumps(notebook.addresses()))
"""


class PictureMissing(Exception):
    """A demo that the notebook leaves running did not run at its end, so that there is no picture of it."""


def execute(path: Path, pictures: Path) -> nbformat.NotebookNode:
    """The notebook with its outputs; `pictures` gets NAME-light.png and NAME-dark.png of each recipe that launches.

    It runs offline, in an empty folder. A demo that a check closes has no picture.

    Raises:
        nbclient.exceptions.CellExecutionError: A cell failed.
        PictureMissing: A demo does not run at the end, and no check closes it.
    """
    data = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory(prefix="site-") as folder:
        (Path(folder) / "empty").mkdir()
        client = NotebookClient(data, timeout=CELL_SECONDS, kernel_name="python3")
        client.resources["metadata"] = {"path": f"{folder}/empty"}
        with client.setup_kernel(env=environment(Path(folder))):
            for index, cell in enumerate(data.cells):
                client.execute_cell(cell, index)
            data.cells.append(new_code_cell(WHERE))
            where = client.execute_cell(data.cells[-1], len(data.cells) - 1)
            data.cells.pop()
            running = json.loads("".join(output.text for output in where.outputs if output.get("name") == "stdout"))
            _take(Notebook(path).recipes, running, pictures)
    data.metadata["executed"] = key(path)
    return data


def key(path: Path) -> str:
    """What an execution belongs to: the notebook's text and the version of Gradio."""
    return hashlib.sha256(path.read_bytes() + version("gradio").encode()).hexdigest()


def launches(recipe: Recipe) -> bool:
    """Whether the recipe's demo is there after its section: no check closes it."""
    return not any("demo.close(" in check.source for check in recipe.checks)


def _take(recipes: list[Recipe], url_of: dict[str, str], pictures: Path) -> None:
    pictures.mkdir(parents=True, exist_ok=True)
    with browser() as chrome:
        for recipe in recipes:
            if not launches(recipe):
                continue
            if recipe.source not in url_of:
                raise PictureMissing(f"{recipe.id}: its demo does not run after the last cell; see tools/again.py")
            for theme in THEMES:
                page = chrome.new_page(viewport={"width": WIDTH, "height": HEIGHT})
                if auth := recipe.call.get("auth"):  # the page below the log-in form, as one of its visitors sees it
                    form = dict(zip(("username", "password"), auth, strict=True))
                    page.request.post(f"{url_of[recipe.source]}login", form=form, fail_on_status_code=True)
                page.goto(f"{url_of[recipe.source]}?__theme={theme}")
                page.locator(DEMO).first.wait_for(timeout=60_000)
                if page.locator(".gradio-container").count():  # else a page of the recipe's own
                    open_page(page, url_of[recipe.source], f"?__theme={theme}").wait_for_function(SETTLED)
                height = min(MOST, page.evaluate("document.documentElement.scrollHeight"))
                page.set_viewport_size({"width": WIDTH, "height": max(HEIGHT, height)})
                page.screenshot(path=pictures / f"{recipe.name}-{theme}.png", animations="disabled")
                page.close()
