"""What the notebooks say about this repository: the badge, the link to Colab, the set-up cell.

The repository's address stands in `pyproject.toml` alone and is taken from there. The notebooks themselves
are read by `gradio_patterns.collection`.
"""

import re
import sys
from pathlib import Path

from gradio_patterns.imports import Import, render

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # ty: ignore

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REPOSITORY = PROJECT["urls"]["Repository"].rstrip("/")


def colab_link(name: str) -> str:
    """The address that opens the notebook file `name` in Colab."""
    slug = REPOSITORY.removeprefix("https://github.com/")
    return f"https://colab.research.google.com/github/{slug}/blob/main/notebooks/{name}"


def badge(name: str) -> str:
    """The Markdown line that the title cell of the notebook file `name` carries."""
    return f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({colab_link(name)})"


# What the cells of a notebook import: the extras of pyproject.toml to install.
EXTRAS = {"05_deploy.ipynb": "notebooks,cluster"}
# What they find running: a function of the kit that the set-up cell calls at its end, and what it does.
STARTS = {
    "11_chat.ipynb": ("use_model_server", "of OPENAI_BASE_URL and MODEL if set, else a small one on this machine")
}


def setup_cell(name: str, imported: dict[str, Import] | None = None) -> str:
    """The source of the second cell of the notebook file `name`, which imports this for the cells below it."""
    imported, started = {"notebook": ("gradio_patterns", "notebook"), **(imported or {})}, ""
    if name in STARTS:
        function, what = STARTS[name]
        imported[function], started = ("gradio_patterns.testing", function), f"\n{function}()  # {what}"
    return f"""import sys

if "google.colab" in sys.modules:
    %pip install -q "{PROJECT["name"]}[{EXTRAS.get(name, "notebooks")}] @ git+{REPOSITORY}"

{render(imported)}

notebook.setup(){started}"""


# Where GitHub Pages serves the site of this repository.
SITE = re.sub(r"https://github\.com/([^/]+)/(.+)", r"https://\1.github.io/\2", REPOSITORY)


def recipe_page(name: str) -> str:
    """The address of a recipe's page on the site."""
    return f"{SITE}/recipes/{name}.html"
