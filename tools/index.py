"""What is written from the notebooks: docs/recipes.md, docs/symptoms.md, the README's short tables, and each recipe as
a program in recipes/, with registry.json, which lets `npx shadcn add` take it from the repository.

``python -m tools.index`` says whether they are up to date; ``--write`` brings them up to date.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from gradio_patterns.collection import Notebook, Section, load_all
from tools import notebooks
from tools.site import registry

README = notebooks.ROOT / "README.md"
RECIPES = notebooks.ROOT / "docs" / "recipes.md"
SYMPTOMS = notebooks.ROOT / "docs" / "symptoms.md"
# Whose first symptoms the README shows: what newcomers run into, at least one of each notebook.
WANTED = (
    "stable-api",
    "own-cart",
    "remembered-chats",
    "who-waits",
    "one-gpu",
    "stream",
    "not-allowed",
    "behind-nginx",
    "chat-messages",
    "model-server",
    "mcp-tools",
    "log-in",
    "one-click-once",
    "load-once",
    "limits-without-sleep",
)


def recipes_page(collection: list[Notebook]) -> str:
    """docs/recipes.md: for each notebook its title, its badge, its problem and its recipes."""
    parts = ["# Recipes"]
    for nb in collection:
        lines = [f"## [{nb.title}](../notebooks/{nb.path.name})", "", notebooks.badge(nb.path.name), "", nb.problem, ""]
        lines += [f"- {_link(nb, section)}" for section in nb.sections if section.tagged("recipe")]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def symptoms_page(collection: list[Notebook]) -> str:
    """docs/symptoms.md: all symptoms, quoted messages first, each with the recipe or reference that explains it."""
    rows = sorted(
        ((symptom, _link(nb, section)) for nb in collection for section in nb.sections for symptom in section.symptoms),
        key=lambda row: (not row[0].startswith("`"), row[0].casefold()),
    )
    return f"# Symptoms\n\nError messages first, then what one sees.\n\n{_table(['You see', 'Recipe'], rows)}\n"


def notebooks_table(collection: list[Notebook]) -> str:
    """The README's table of notebooks, each with its badge and how many recipes it has."""
    rows = [
        (f"[{nb.title}](notebooks/{nb.path.name})", str(len(nb.recipes)), notebooks.badge(nb.path.name))
        for nb in collection
    ]
    return _table(["Notebook", "Recipes", "Colab"], rows)


def wanted_table(collection: list[Notebook]) -> str:
    """The README's table of the symptoms most wanted: the first of each recipe in `WANTED`.

    Raises KeyError for a name that is no recipe.
    """
    sections = {recipe.name: (nb, recipe.section) for nb in collection for recipe in nb.recipes}
    if unknown := [name for name in WANTED if name not in sections]:
        raise KeyError(f"no recipe {', '.join(unknown)}; correct WANTED in tools/index.py")
    chosen = [sections[name] for name in WANTED]
    return _table(["You see", "Recipe"], [(section.symptoms[0], _link(nb, section)) for nb, section in chosen])


def _table(head: list[str], rows) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_in_table(cell) for cell in line)} |" for line in lines)


def _link(nb: Notebook, section: Section) -> str:
    """The recipe's page; of a section that is a table to look things up in, its place in the notebook's page."""
    page = f"{notebooks.SITE}/notebooks/{nb.name}.html#{section.name}"
    if section.tagged("recipe"):
        page = notebooks.recipe_page(section.name)
    return f"[{section.heading}]({page}) · `{section.name}`"


def _in_table(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", text)


def render(readme: str, collection: list[Notebook]) -> str:
    """The README's text with both tables between their markers.

    Raises ValueError if a pair of markers, `<!-- notebooks:begin -->` and `<!-- notebooks:end -->` or the same
    of `symptoms`, is not there exactly once.
    """
    for name, body in (("notebooks", notebooks_table(collection)), ("symptoms", wanted_table(collection))):
        pattern = re.compile(rf"(<!-- {name}:begin -->\n).*?(<!-- {name}:end -->)", re.DOTALL)
        readme, count = pattern.subn(lambda found, body=body: f"{found[1]}\n{body}\n\n{found[2]}", readme)
        if count != 1:
            raise ValueError(f"the README has {count} pairs of the markers {name}:begin and {name}:end, not one")
    return readme


def pages(collection: list[Notebook]) -> dict[Path, str]:
    """The wanted text of each file."""
    readme = render(README.read_text(encoding="utf-8"), collection)
    found = {README: readme, RECIPES: recipes_page(collection), SYMPTOMS: symptoms_page(collection)}
    return found | {notebooks.ROOT / path: text for path, text in registry.source(collection).items()}


def left_over(wanted: dict[Path, str]) -> list[Path]:
    """The programs of recipes that are no more."""
    return [path for path in (notebooks.ROOT / "recipes").glob("*") if path not in wanted]


def main() -> int:
    """Command line: --write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="bring the files up to date")
    options = parser.parse_args()
    every = pages(load_all())
    stale = [path for path, wanted in every.items() if not path.is_file() or path.read_text("utf-8") != wanted]
    for path in [*stale, *left_over(every)]:
        if not options.write:
            print(path.name, "is not what the notebooks say; `make index` mends it")
        elif path in every:
            path.parent.mkdir(exist_ok=True)
            path.write_text(every[path], encoding="utf-8")
            print(path.name, "is written anew")
        else:
            path.unlink()
            print(path.name, "is gone")
    return 0 if options.write else bool(stale or left_over(every))


if __name__ == "__main__":
    sys.exit(main())
