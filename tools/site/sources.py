"""The site's pages as Sphinx reads them: MyST Markdown, and notebooks with their outputs for MyST-NB."""

from __future__ import annotations

import copy
import html
import posixpath
import re
import shutil
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_markdown_cell, new_notebook, new_output

from gradio_patterns.collection import Notebook, Recipe
from tools import cheatsheet, folklore
from tools.notebooks import REPOSITORY, ROOT, SITE, colab_link
from tools.site.execute import THEMES, launches

PICTURES = "_pictures"
COLAB = re.compile(r"\[!\[Open in Colab\]\([^)]*\)\]\(([^)]*)\)")  # an image from elsewhere, and a link
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)\s]*)?\)")
HEADINGS = {"trap": "How the obvious way fails", "recipe": "The program", "check": "What proves it"}


class NotExecuted(Exception):
    """A code cell without a trace of its execution, so that the page would have no outputs."""


def write(collection: list[Notebook], executed: dict[str, nbformat.NotebookNode], folder: Path) -> None:
    """Write all pages into `folder`.

    executed: the notebooks' executed copies, by name.

    Raises `NotExecuted` if one is missing or has a code cell that did not run.
    """
    pages = Pages(collection, folder)
    for nb in collection:
        data = with_pictures(nb, executed.get(nb.name))
        pages.save(f"notebooks/{nb.name}.ipynb", notebook_page(nb, data))
        for recipe in nb.recipes:
            pages.save(f"recipes/{recipe.name}.ipynb", recipe_page(recipe, data))
    for path in sorted((ROOT / "docs").glob("*.*")):
        if path.suffix == ".md":
            pages.save(f"docs/{path.name}", path.read_text(encoding="utf-8"))
        else:
            (folder / "docs").mkdir(exist_ok=True)
            shutil.copy(path, folder / "docs" / path.name)
    pages.save("cheatsheet.md", cheatsheet.sheet(collection))
    pages.save("folklore.md", folklore_page(collection))
    pages.save("index.md", front_page(collection))


class Pages:
    """Saves pages, and mends their links: what is a page stays on the site, what is a file goes to the repository."""

    def __init__(self, collection: list[Notebook], folder: Path):
        self.folder = folder
        self.recipes = {recipe.name for nb in collection for recipe in nb.recipes}
        self.sections = {section.name for nb in collection for section in nb.sections}
        self.known = {f"notebooks/{nb.path.name}" for nb in collection}
        self.known |= {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.*")}

    def save(self, name: str, page: str | nbformat.NotebookNode) -> None:
        """Write a page, Markdown or a notebook, with its links mended."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(page, str):
            path.write_text(self.mend(page, name), encoding="utf-8")
            return
        for cell in page.cells:
            if cell.cell_type == "markdown":
                cell.source = self.mend(cell.source, name)
        nbformat.write(page, path)

    def mend(self, text: str, name: str) -> str:
        """The text with links that work from the page `name`."""
        here = posixpath.dirname(name)

        def relative(found: re.Match) -> str:
            target = posixpath.normpath(posixpath.join(here, found[1]))
            if target in self.known or (self.folder / target).exists():
                return found[0]
            return f"]({REPOSITORY}/blob/main/{target}{found[2] or ''})"

        def of_site(found: re.Match) -> str:
            kind, page, fragment = found.groups()
            if kind == "recipes" and page in self.recipes:
                return f"]({posixpath.relpath(f'recipes/{page}.ipynb', here or '.')})"
            if kind == "notebooks" and fragment and fragment[1:] in self.sections:
                return f"]({fragment})"
            return found[0]

        text = LINK.sub(relative, COLAB.sub(r"[Open in Colab](\1)", text))
        return re.sub(rf"\]\({re.escape(SITE)}/(\w+)/([\w-]+)\.html(#[\w-]+)?\)", of_site, text)


def with_pictures(nb: Notebook, data: nbformat.NotebookNode | None) -> nbformat.NotebookNode:
    """A copy of the executed notebook whose demos' frames are pictures.

    Raises `NotExecuted`.
    """
    if data is None:
        raise NotExecuted(f"{nb.path.name} is not executed")
    data = copy.deepcopy(data)
    recipes = {recipe.name: recipe for recipe in nb.recipes}
    for cell in data.cells:
        if cell.cell_type != "code":
            continue
        if cell.execution_count is None:
            raise NotExecuted(f"{nb.path.name}, cell `{cell.id}` has not run")
        if cell.id in recipes:
            cell.outputs = [output for output in cell.outputs if not _is_live(output)]
            cell.outputs += [_picture(recipes[cell.id])] if launches(recipes[cell.id]) else []
        elif live := [output for output in cell.outputs if "<iframe" in str(output.get("data", ""))]:
            raise NotExecuted(f"{nb.path.name}, cell `{cell.id}` shows a frame of a demo that has ended: {live[0]}")
    return data


def _is_live(output: Any) -> bool:
    """What Gradio shows of a running demo: its frame, its address, and an empty result."""
    if output.get("data", {}) == {"text/plain": ""}:
        return True
    text = output.get("text", "") + str(output.get("data", {}).get("text/html", ""))
    return "<iframe" in text or text.lstrip("* ").startswith(("Running on local URL", "To create a public link"))


def _picture(recipe: Recipe) -> nbformat.NotebookNode:
    alt = html.escape(f"The demo: {recipe.heading}", quote=True)
    images = [
        f'<img class="demo only-{theme}" src="../{PICTURES}/{recipe.name}-{theme}.png" alt="{alt}" loading="lazy">'
        for theme in THEMES
    ]
    return new_output("display_data", {"text/html": "\n".join(images)})


def notebook_page(nb: Notebook, data: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The executed notebook; each section can be linked to by its name, and its recipes' pages stand below it."""
    page = copy.deepcopy(data)
    names = {section.text.id: section.name for section in nb.sections if not section.is_folklore}
    for cell in page.cells:
        if cell.id in names:
            cell.source = f"({names[cell.id]})=\n{cell.source}"
    page.cells.append(new_markdown_cell(_toctree("", [f"../recipes/{recipe.name}" for recipe in nb.recipes])))
    return page


def recipe_page(recipe: Recipe, data: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The recipe's own page: what one sees, what to do, why, trap, program, check, each with what it printed."""
    symptoms = "\n".join(f"- {symptom}" for symptom in recipe.symptoms)
    top = [f"# {recipe.heading}", f"**You see:**\n\n{symptoms}", f"**Do:** {recipe.cure}", recipe.why]
    cells = [new_markdown_cell("\n\n".join(top))]
    executed = {cell.id: cell for cell in data.cells}
    shown: set[str] = set()
    for cell in recipe.section.cells:
        kind = next((tag for tag in HEADINGS if tag in cell.tags), None)
        if kind and kind not in shown:
            shown.add(kind)
            cells.append(new_markdown_cell("\n\n".join([f"## {HEADINGS[kind]}", *_ways(recipe, kind)])))
        cells.append(copy.deepcopy(executed[cell.id]))
        cells[-1].source = recipe.notebook.alone(cell).source if kind else cell.source
    page = new_notebook(cells=cells, metadata=copy.deepcopy(data.metadata))
    page.nbformat_minor = data.nbformat_minor
    return page


def _ways(recipe: Recipe, kind: str) -> list[str]:
    """Under the program's heading: how to get it."""
    if kind != "recipe":
        return []
    start = "uvicorn app:app" if recipe.is_asgi else "python app.py"
    name = recipe.notebook.path.name
    return [
        f"```bash\ngradio-patterns show {recipe.name} > app.py && {start}\n```",
        f"{{ref}}`In the notebook, executed <{recipe.section.name}>` · [Open in Colab]({colab_link(name)})",
    ]


def folklore_page(collection: list[Notebook]) -> str:
    """All tables of folklore; each proof leads to the recipe's page or to the test."""
    parts = ["# Folklore, tested", "What people repeat about Gradio, whether it holds in Gradio 6, and what proves it."]
    for nb in collection:
        names = sorted((recipe.name for recipe in nb.recipes), key=len, reverse=True)
        lines = ["| The rule, as repeated | In Gradio 6 | Proven by |", "|---|---|---|"]
        for row in folklore.rows(nb):
            proofs = ", ".join(_proof(proof, names) for proof in row.proofs)
            lines.append(f"| {row.rule} | **{row.verdict}.** {row.answer} | {proofs} |")
        parts += [f"## {nb.title}", "\n".join(lines)]
    return "\n\n".join(parts) + "\n"


def _proof(proof: str, names: list[str]) -> str:
    if proof.startswith("tests/"):
        path, _, test = proof.partition("::")
        return f"[`{test or path}`]({REPOSITORY}/blob/main/{path})"
    recipe = next((name for name in names if proof.startswith(f"{name}-")), None)
    return f"[`{proof}`](recipes/{recipe}.ipynb)" if recipe else f"`{proof}`"


def front_page(collection: list[Notebook]) -> str:
    """docs/site/index.md, the notebooks with their recipes, and what to look up."""
    parts = [(ROOT / "docs" / "site" / "index.md").read_text(encoding="utf-8").strip()]
    for nb in collection:
        parts += [f"## [{nb.title}](notebooks/{nb.path.name})", nb.problem]
        parts.append("\n".join(f"- [{recipe.heading}](recipes/{recipe.name}.ipynb)" for recipe in nb.recipes))
    look_up = ["docs/symptoms", "cheatsheet", "folklore"]
    others = sorted(f"docs/{path.stem}" for path in (ROOT / "docs").glob("*.md"))
    parts.append(_toctree("Notebooks", [f"notebooks/{nb.name}" for nb in collection]))
    parts.append(_toctree("Look up", look_up + [page for page in others if page not in look_up]))
    return "\n\n".join(parts) + "\n"


def _toctree(caption: str, pages: list[str]) -> str:
    options = [":hidden:", *([f":caption: {caption}"] if caption else [])]
    return "\n".join(["```{toctree}", *options, "", *pages, "```"])
