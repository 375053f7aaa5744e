"""Reads the notebooks: cells, recipes, symptoms, and the two texts that every notebook shares.

The repository's address stands in `pyproject.toml` alone; the badge, the link to Colab and the
install line of the set-up cell are computed from it here.
"""

from __future__ import annotations

import functools
import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

import nbformat.reader

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # ty: ignore

ROOT = Path(__file__).resolve().parent.parent
# GRADIO_PATTERNS_NOTEBOOKS names another folder, for drafts and for the tests of the suite itself.
FOLDER = Path(os.environ.get("GRADIO_PATTERNS_NOTEBOOKS") or ROOT / "notebooks").resolve()

TAGS = ("setup", "trap", "recipe", "check", "asgi")

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REPOSITORY = PROJECT["urls"]["Repository"].rstrip("/")


def colab_link(name: str) -> str:
    """The address that opens the notebook file `name` in Colab."""
    slug = REPOSITORY.removeprefix("https://github.com/")
    return f"https://colab.research.google.com/github/{slug}/blob/main/notebooks/{name}"


def badge(name: str) -> str:
    """The Markdown line that the title cell of the notebook file `name` carries."""
    return f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({colab_link(name)})"


# Notebooks that need more than the recipes' common packages, and the extra that holds it.
EXTRAS = {"05_deploy.ipynb": "[cluster]"}


def setup_cell(name: str) -> str:
    """The source of the second cell of the notebook file `name`."""
    return f"""import sys

if "google.colab" in sys.modules:
    %pip install -q "{PROJECT["name"]}{EXTRAS.get(name, "")} @ git+{REPOSITORY}"

from helpers import notebook

notebook.setup()"""


@dataclass(frozen=True)
class Cell:
    """One cell; `index` counts from 0, `id` is empty where the file has none."""

    index: int
    id: str
    type: str
    source: str
    tags: tuple[str, ...]
    metadata: dict
    outputs: tuple = ()
    execution_count: int | None = None

    def __str__(self) -> str:
        return f"cell `{self.id}`" if self.id else f"cell {self.index}"

    @property
    def lines(self) -> list[str]:
        """The lines of the source that are not blank."""
        return [line for line in self.source.splitlines() if line.strip()]


@dataclass
class Section:
    """A `##` heading and the cells under it, up to the next one."""

    text: Cell
    cells: list[Cell] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The recipe's name, from the id of the text."""
        return re.sub(r"-(text|table)$", "", self.text.id)

    @property
    def heading(self) -> str:
        """The heading's words."""
        return self.text.source.splitlines()[0].removeprefix("##").strip()

    @property
    def symptoms(self) -> list[str]:
        """What stands in the lines that start with `**You see:**`, split at ` · `."""
        found = re.findall(r"^\*\*You see:\*\*[ \t]*(.*)$", self.text.source, re.MULTILINE)
        return [part.strip().removesuffix(".") for line in found for part in line.split(" · ") if part.strip()]

    def tagged(self, tag: str) -> list[Cell]:
        """The section's code cells with this tag."""
        return [cell for cell in self.cells if tag in cell.tags]

    @property
    def is_reference(self) -> bool:
        """Whether the section is a table to look things up in, and no recipe."""
        return self.text.id.endswith("-table")


@dataclass(frozen=True)
class Recipe:
    """A recipe's cell and where it stands."""

    notebook: Notebook = field(repr=False)
    cell: Cell

    @property
    def name(self) -> str:
        """The recipe's name, which is the id of its cell."""
        return self.cell.id

    @property
    def id(self) -> str:
        """Notebook and recipe, as tests name them: `02_state::own-cart`."""
        return f"{self.notebook.path.stem}::{self.name}"


class Notebook:
    """One notebook file, not executed."""

    def __init__(self, path: Path | str):
        self.path = Path(path)
        # Not nbformat.read, which mends what the rules are there to report.
        self.data = nbformat.reader.reads(self.path.read_text(encoding="utf-8"))
        self.metadata = self.data.metadata
        self.cells = [
            Cell(
                index=index,
                id=cell.get("id", ""),
                type=cell.cell_type,
                source=cell.source,
                tags=tuple(cell.metadata.get("tags", ())),
                metadata=dict(cell.metadata),
                outputs=tuple(cell.get("outputs", ())),
                execution_count=cell.get("execution_count"),
            )
            for index, cell in enumerate(self.data.cells)
        ]

    @property
    def title(self) -> str:
        """The words of the first heading."""
        return self.cells[0].source.splitlines()[0].removeprefix("#").strip()

    @property
    def problem(self) -> str:
        """The sentence under the title, which says what the notebook solves."""
        lines = self.cells[0].source.splitlines()[1:]
        return " ".join(line.strip() for line in lines if line.strip() and line != badge(self.path.name))

    @property
    def code(self) -> list[Cell]:
        """The code cells."""
        return [cell for cell in self.cells if cell.type == "code"]

    @functools.cached_property
    def sections(self) -> list[Section]:
        """What stands under each `##` heading, the folklore at the end included."""
        sections: list[Section] = []
        for cell in self.cells:
            if cell.type == "markdown" and cell.source.startswith("## "):
                sections.append(Section(cell))
            elif sections:
                sections[-1].cells.append(cell)
        return sections

    @property
    def recipes(self) -> list[Recipe]:
        """The cells tagged `recipe`."""
        return [Recipe(self, cell) for cell in self.cells if "recipe" in cell.tags]

    def cell(self, id: str) -> Cell:
        """The cell with this id. Raises KeyError, with the ids there are, if there is none."""
        for cell in self.cells:
            if cell.id == id:
                return cell
        known = ", ".join(cell.id for cell in self.code)
        raise KeyError(f"{self.path.name} has no cell {id!r}; its code cells are: {known}")


def paths(folder: Path | None = None) -> list[Path]:
    """The notebook files, in order. Raises FileNotFoundError if the folder holds none."""
    folder = folder or FOLDER
    found = sorted(folder.glob("*.ipynb"))
    if not found:
        raise FileNotFoundError(f"no notebook in {folder}")
    return found


def load(stem: str, folder: Path | None = None) -> Notebook:
    """The notebook with this name, `02_state` or `02_state.ipynb`.

    Raises FileNotFoundError, with the names there are, if there is none.
    """
    path = (folder or FOLDER) / f"{stem.removesuffix('.ipynb')}.ipynb"
    if not path.exists():
        known = ", ".join(p.stem for p in (folder or FOLDER).glob("*.ipynb"))
        raise FileNotFoundError(f"no notebook {path.name} in {path.parent}; there are: {known or 'none'}")
    return Notebook(path)


def load_all(folder: Path | None = None) -> list[Notebook]:
    """All notebooks, in order."""
    return [Notebook(path) for path in paths(folder)]
