"""The README's two indexes, made from the notebooks: what each recipe is for, and which symptom leads to it.

``python -m tools.index`` says whether the README is up to date; ``--write`` brings it up to date.
"""

from __future__ import annotations

import argparse
import re
import sys

from gradio_patterns.collection import Notebook, Section, load_all
from tools import notebooks

README = notebooks.ROOT / "README.md"


def recipes_index(collection: list[Notebook]) -> str:
    """For each notebook its title, its badge, its problem and its recipes, as Markdown."""
    parts = []
    for nb in collection:
        lines = [f"### [{nb.title}]({_link(nb)}) {notebooks.badge(nb.path.name)}", "", nb.problem, ""]
        for section in nb.sections:
            if section.tagged("recipe"):
                lines.append(f"- [{section.heading}]({_link(nb)}) · `{section.name}`")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def symptoms_index(collection: list[Notebook]) -> str:
    """A Markdown table of all symptoms, quoted messages first, each with the recipe or reference that explains it."""
    rows = sorted(
        (
            (symptom, f"[{section.heading}]({_link(nb)}) · `{_place(section)}`")
            for nb in collection
            for section in nb.sections
            for symptom in section.symptoms
        ),
        key=lambda row: (not row[0].startswith("`"), row[0].casefold()),
    )
    return "\n".join(["| You see | Recipe |", "|---|---|", *(f"| {_in_table(s)} | {_in_table(r)} |" for s, r in rows)])


def _place(section: Section) -> str:
    """The cell to look for: the recipe, or the text of a section that is a reference."""
    return section.name if section.tagged("recipe") else section.text.id


def _link(nb: Notebook) -> str:
    return f"notebooks/{nb.path.name}"


def _in_table(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", text)


def render(readme: str, collection: list[Notebook]) -> str:
    """The README's text with both indexes between their markers.

    Raises ValueError if a pair of markers, `<!-- recipes:begin -->` and `<!-- recipes:end -->` or the same
    of `symptoms`, is not there exactly once.
    """
    for name, body in (("recipes", recipes_index(collection)), ("symptoms", symptoms_index(collection))):
        pattern = re.compile(rf"(<!-- {name}:begin -->\n).*?(<!-- {name}:end -->)", re.DOTALL)
        readme, count = pattern.subn(lambda found, body=body: f"{found[1]}\n{body}\n\n{found[2]}", readme)
        if count != 1:
            raise ValueError(f"the README has {count} pairs of the markers {name}:begin and {name}:end, not one")
    return readme


def main() -> int:
    """Command line: --write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="bring the README up to date")
    options = parser.parse_args()
    there = README.read_text(encoding="utf-8")
    wanted = render(there, load_all())
    if there == wanted:
        print("the README's indexes are up to date")
    elif options.write:
        README.write_text(wanted, encoding="utf-8")
        print("the README's indexes are written anew")
    else:
        print("the README's indexes are not what the notebooks say; `make index` writes them anew")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
