"""The notebooks as data: notebooks, their sections, recipes and cells, not executed.

>>> from gradio_patterns import collection
>>> print(collection.recipe("own-cart").source)

It reads the notebooks of a checkout, or those that came with the installed package. The environment
variable ``GRADIO_PATTERNS_NOTEBOOKS`` names another folder. Neither Gradio nor torch is imported.
"""

from __future__ import annotations

import ast
import dataclasses
import difflib
import functools
import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .imports import alone

__all__ = ["Cell", "Notebook", "Recipe", "Section", "folder", "load", "load_all", "mounted_at", "paths", "recipe"]

MARKS = ("You see", "Do")


@dataclass(frozen=True)
class Cell:
    """One cell; `index` counts from 0, `id` is empty where the file has none."""

    index: int
    id: str
    type: str
    source: str
    tags: tuple[str, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict, compare=False)
    outputs: tuple = field(default=(), compare=False)
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
    def why(self) -> str:
        """The text's prose: without its heading and the lines `**You see:**` and `**Do:**`."""
        prose = self.text.source.partition("\n")[2]
        for mark in MARKS:
            prose = _marked(mark).sub("", prose)
        return re.sub(r"\n{3,}", "\n\n", prose).strip()

    @property
    def symptoms(self) -> list[str]:
        """What stands after `**You see:**`, split at ` · `."""
        found = [" ".join(part.split()) for part in _marked("You see").findall(self.text.source)]
        return [part.strip().removesuffix(".") for line in found for part in line.split(" · ") if part.strip()]

    @property
    def cure(self) -> str:
        """The sentence after `**Do:**`, in one line; empty if there is none."""
        return " ".join(" ".join(_marked("Do").findall(self.text.source)).split())

    @property
    def traps(self) -> list[Cell]:
        """The cells tagged `trap`."""
        return self.tagged("trap")

    @property
    def checks(self) -> list[Cell]:
        """The cells tagged `check`."""
        return self.tagged("check")

    @property
    def code(self) -> list[Cell]:
        """The code cells."""
        return [cell for cell in self.cells if cell.type == "code"]

    def tagged(self, tag: str) -> list[Cell]:
        """The section's cells with this tag."""
        return [cell for cell in self.cells if tag in cell.tags]

    @property
    def is_reference(self) -> bool:
        """Whether the section is a table to look things up in, and no recipe."""
        return self.text.id.endswith("-table")

    @property
    def is_folklore(self) -> bool:
        """Whether the section is the table of folklore, which every notebook ends with."""
        return self.text.id == "folklore"


def _marked(mark: str) -> re.Pattern[str]:
    """What follows `**mark:**` at the start of a line, up to a blank line or another mark."""
    others = "|".join(rf"\*\*{other}:\*\*" for other in MARKS)
    return re.compile(rf"^\*\*{mark}:\*\*[ \t]*(.*?)(?=^(?:{others})|^[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Recipe:
    """A recipe: its cell, and the notebook and the section that it stands in."""

    notebook: Notebook
    section: Section
    cell: Cell

    def __repr__(self) -> str:
        return f"Recipe({self.id!r})"

    @property
    def name(self) -> str:
        """The recipe's name, which is the id of its cell."""
        return self.cell.id

    @property
    def id(self) -> str:
        """Notebook and recipe, as tests name them: `02_state::own-cart`."""
        return f"{self.notebook.path.stem}::{self.name}"

    @property
    def source(self) -> str:
        """The program."""
        return self.cell.source

    @property
    def is_asgi(self) -> bool:
        """Whether the program defines an ASGI `app`, for uvicorn, and launches nothing itself."""
        return "asgi" in self.cell.tags

    @property
    def page(self) -> str:
        """The path of its page: "/", or where an ASGI app that has no demo there has mounted its first, as "/demo/"."""
        return front(self.source) if self.is_asgi else "/"

    @property
    def call(self) -> dict[str, Any]:
        """How to call it, from the cell's metadata: `api_name`, `args`, `kwargs`, `auth`, `headers`, `path`."""
        return self.cell.metadata.get("call", {})

    @property
    def text(self) -> Cell:
        """The cell with the section's text."""
        return self.section.text

    @property
    def heading(self) -> str:
        """What the recipe is for, in the words of its heading."""
        return self.section.heading

    @property
    def why(self) -> str:
        """The text's prose."""
        return self.section.why

    @property
    def symptoms(self) -> list[str]:
        """What one sees who needs the recipe."""
        return self.section.symptoms

    @property
    def cure(self) -> str:
        """What to do, in one sentence."""
        return self.section.cure

    @property
    def traps(self) -> list[Cell]:
        """The cells that show how the obvious way fails, each with its imports."""
        return [self.notebook.alone(cell) for cell in self.section.traps]

    @property
    def checks(self) -> list[Cell]:
        """The cells that prove the recipe, each with its imports."""
        return [self.notebook.alone(cell) for cell in self.section.checks]


class Notebook:
    """One notebook file, not executed. `data` is the file's JSON, nothing mended."""

    def __init__(self, path: Path | str):
        self.path = Path(path)
        self.data = json.loads(self.path.read_text(encoding="utf-8"))
        self.metadata: dict[str, Any] = self.data.get("metadata", {})
        self.cells = [
            Cell(
                index=index,
                id=cell.get("id", ""),
                type=cell["cell_type"],
                source="".join(cell["source"]),
                tags=tuple(cell["metadata"].get("tags", ())),
                metadata=cell["metadata"],
                outputs=tuple(cell.get("outputs", ())),
                execution_count=cell.get("execution_count"),
            )
            for index, cell in enumerate(self.data["cells"])
        ]

    def __repr__(self) -> str:
        return f"Notebook({self.path.name!r})"

    @property
    def name(self) -> str:
        """The file's name without its ending: `02_state`."""
        return self.path.stem

    @property
    def title(self) -> str:
        """The words of the first heading."""
        return self.cells[0].source.splitlines()[0].removeprefix("#").strip()

    @property
    def problem(self) -> str:
        """The sentence under the title, which says what the notebook solves; without the badge."""
        lines = [line.strip() for line in self.cells[0].source.splitlines()[1:]]
        return " ".join(line for line in lines if line and not line.startswith("[!["))

    @property
    def code(self) -> list[Cell]:
        """The code cells."""
        return [cell for cell in self.cells if cell.type == "code"]

    @property
    def setup(self) -> Cell | None:
        """The set-up cell, which is tagged `setup`."""
        return next((cell for cell in self.cells if "setup" in cell.tags), None)

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
        return [Recipe(self, section, cell) for section in self.sections for cell in section.tagged("recipe")]

    def alone(self, cell: Cell) -> Cell:
        """The cell with what it takes of the set-up cell's imports at its head."""
        return dataclasses.replace(cell, source=alone(cell.source, self.setup.source)) if self.setup else cell

    def recipe(self, name: str) -> Recipe:
        """The recipe with this name. Raises KeyError, with names that are near, if there is none."""
        return _named(name, self.recipes, self.path.name)

    def cell(self, id: str) -> Cell:
        """The cell with this id. Raises KeyError, with the ids there are, if there is none."""
        for cell in self.cells:
            if cell.id == id:
                return cell
        known = ", ".join(cell.id for cell in self.code)
        raise KeyError(f"{self.path.name} has no cell {id!r}; its code cells are: {known}")


def mounted_at(source: str) -> str:
    """The path that a program gives to `mount_gradio_app` first; "/" where the text does not say."""
    return next(iter(_mounts(source)), "/")


def front(source: str) -> str:
    """The path where a visitor of an ASGI program begins: "/" if a demo is mounted there, as "/demo/" if not."""
    path = "" if "/" in _mounts(source) else mounted_at(source).strip("/")
    return f"/{path}/" if path else "/"


def _mounts(source: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mount_gradio_app"):
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            value = given.get("path", node.args[2] if len(node.args) > 2 else None)
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                found.append(value.value)
    return found


def _named(name: str, recipes: list[Recipe], where: str) -> Recipe:
    known = {recipe.name: recipe for recipe in recipes}
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known) or sorted(n for n in known if name and name in n)
    raise KeyError(f"{where} has no recipe {name!r}" + (f"; there is: {', '.join(near)}" if near else ""))


def folder() -> Path:
    """Where the notebooks are."""
    if other := os.environ.get("GRADIO_PATTERNS_NOTEBOOKS"):
        return Path(other).resolve()
    here = Path(__file__).resolve().parent
    installed = here / "notebooks"
    return installed if installed.is_dir() else here.parent.parent / "notebooks"


def paths(where: Path | None = None) -> list[Path]:
    """The notebook files, in order. Raises FileNotFoundError if the folder holds none."""
    where = where or folder()
    found = sorted(where.glob("*.ipynb"))
    if not found:
        raise FileNotFoundError(f"no notebook in {where}")
    return found


def load(name: str, where: Path | None = None) -> Notebook:
    """The notebook with this name, `02_state` or `02_state.ipynb`.

    Raises FileNotFoundError, with the names there are, if there is none.
    """
    path = (where or folder()) / f"{name.removesuffix('.ipynb')}.ipynb"
    if not path.exists():
        known = ", ".join(sorted(p.stem for p in path.parent.glob("*.ipynb")))
        raise FileNotFoundError(f"no notebook {path.name} in {path.parent}; there are: {known or 'none'}")
    return Notebook(path)


def load_all(where: Path | None = None) -> list[Notebook]:
    """All notebooks, in order."""
    return [Notebook(path) for path in paths(where)]


def recipe(name: str, where: Path | None = None) -> Recipe:
    """The recipe with this name, whichever notebook it is in.

    Raises KeyError, with names that are near, if there is none.
    """
    return _named(name, [recipe for notebook in load_all(where) for recipe in notebook.recipes], "the collection")
