"""The recipes for `npx shadcn add`, which writes a recipe's program into somebody's project.

It takes them from the site, `ADDRESS/r/NAME.json`, or from the repository, `OWNER/REPOSITORY/NAME`, whose registry.json
names a file for each.

Form: https://ui.shadcn.com/docs/registry/registry-item-json. An item of type `registry:item` needs no components.json
and no JavaScript project.
"""

from __future__ import annotations

import json
from pathlib import Path

from gradio_patterns import scripts
from gradio_patterns.collection import Notebook, Recipe
from tools.notebooks import PROJECT, SITE

SCHEMA = "https://ui.shadcn.com/schema"


def item(recipe: Recipe) -> dict:
    """One recipe, with its program in it."""
    return {
        "$schema": f"{SCHEMA}/registry-item.json",
        **_entry(recipe),
        "files": [{**_file(recipe), "content": scripts.script(recipe)}],
        "docs": f"{recipe.cure}\n\nIt says itself what it needs: uv run {_file(recipe)['target'].removeprefix('~/')}",
    }


def registry(notebooks: list[Notebook]) -> dict:
    """The list of all recipes."""
    items = [{**_entry(recipe), "files": [_file(recipe)]} for notebook in notebooks for recipe in notebook.recipes]
    return {"$schema": f"{SCHEMA}/registry.json", "name": PROJECT["name"], "homepage": SITE, "items": items}


def source(notebooks: list[Notebook]) -> dict[str, str]:
    """What lies in the repository: paths, and what stands there."""
    recipes = [recipe for notebook in notebooks for recipe in notebook.recipes]
    return {
        **{_file(recipe)["path"]: scripts.script(recipe) for recipe in recipes},
        "registry.json": _text(registry(notebooks)),
    }


def write(notebooks: list[Notebook], folder: Path) -> None:
    """Write the list as `registry.json`, and each recipe as `NAME.json` beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    for recipe in (recipe for notebook in notebooks for recipe in notebook.recipes):
        _write(folder / f"{recipe.name}.json", item(recipe))
    _write(folder / "registry.json", registry(notebooks))


def _entry(recipe: Recipe) -> dict:
    categories = [recipe.notebook.name]
    title, seen = recipe.heading, " · ".join(recipe.symptoms)
    return {"name": recipe.name, "type": "registry:item", "title": title, "description": seen, "categories": categories}


def _file(recipe: Recipe) -> dict:
    name = f"{recipe.name.replace('-', '_')}.py"  # several may be added to one project
    return {"path": f"recipes/{name}", "type": "registry:file", "target": f"~/{name}"}


def _text(data: dict) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def _write(path: Path, data: dict) -> None:
    path.write_text(_text(data), encoding="utf-8")
