"""What a coding assistant reads: CHEATSHEET.md and a skill, made from the notebooks.

Each line is a cure or a tested rule, and ends with the name of the recipe, cell or test that proves it.
``python -m tools.cheatsheet`` says whether the files are up to date; ``--write`` brings them up to date.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from gradio_patterns.collection import Notebook, load_all
from tools import folklore, notebooks

CHEATSHEET = Path("CHEATSHEET.md")
NAME = "gradio-patterns"
SKILL = Path("helpers/gradio_patterns/.agents/skills") / NAME
DESCRIPTION = (
    "Write, fix and review Gradio 6 apps with tested recipes: state and sessions, queue and concurrency, files, "
    "components, events, authentication, deployment behind a proxy or in a container, performance. Use it before "
    "writing code that imports gradio, when a Gradio app shows an error or a wrong result, and to check advice about "
    "Gradio that may be for version 3, 4 or 5."
)


@dataclass(frozen=True)
class Line:
    """A line of the cheat sheet; `proofs` are ids of cells of its notebook, or tests."""

    text: str
    proofs: tuple[str, ...]

    def __str__(self) -> str:
        return f"- {self.text} [{', '.join(f'`{proof}`' for proof in self.proofs)}]"


def cures(nb: Notebook) -> list[Line]:
    """What to do, one line a recipe."""
    return [
        Line(f"**{recipe.heading}**: {_capital(recipe.cure)}", (recipe.name, *(check.id for check in recipe.checks)))
        for recipe in nb.recipes
    ]


def tested(nb: Notebook) -> list[Line]:
    """The rules that people repeat, each with what holds."""
    return [Line(f"{row.rule} **{row.verdict}.** {_capital(row.answer)}", row.proofs) for row in folklore.rows(nb)]


def unproven(nb: Notebook) -> list[str]:
    """The lines of the notebook that nothing proves, each with the reason."""
    names = {recipe.name for recipe in nb.recipes}
    found = []
    for line in (*cures(nb), *tested(nb)):
        reasons = {proof: folklore.unproven(nb, proof) for proof in line.proofs if proof not in names}
        if not reasons:
            found.append(f"{line}: no check, trap or test proves it")
        found += [f"{line}: `{proof}` {reason}" for proof, reason in reasons.items() if reason]
    return found


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _block(title: str, lines: list[Line]) -> str:
    return "\n".join([f"{title}", "", *map(str, lines)])


def _front(nb: Notebook, level: str) -> str:
    return f"{level} {nb.title}\n\n{nb.problem}"


def sheet(collection: list[Notebook]) -> str:
    """CHEATSHEET.md: for each notebook its cures and its folklore."""
    parts = [
        "# Gradio 6 cheat sheet",
        "Made from the notebooks by `make cheatsheet`. In brackets stands what proves a line: a recipe with its\n"
        "checks, a trap, or a test. `gradio-patterns show NAME` prints a recipe; its page is\n"
        f"`{notebooks.recipe_page('NAME')}`.",
    ]
    for nb in collection:
        parts += [_front(nb, "##"), _block("### Do", cures(nb)), _block("### Repeated, and tested", tested(nb))]
    return "\n\n".join(parts) + "\n"


def reference(nb: Notebook) -> str:
    """One file of the skill: symptoms, cures and folklore of a notebook."""
    parts = [_front(nb, "#"), "## Symptoms"]
    parts.append("\n".join(f"- {symptom} → `{s.name}`" for s in nb.sections for symptom in s.symptoms))
    parts += [_block("## Do", cures(nb)), _block("## Repeated, and tested", tested(nb))]
    return "\n\n".join(parts) + "\n"


def skill(collection: list[Notebook]) -> str:
    """SKILL.md: when to use the recipes, how to ask for them, and which file of references has what."""
    install = f'pip install "{notebooks.PROJECT["name"]} @ git+{notebooks.REPOSITORY}"'
    recipes = sum(len(nb.recipes) for nb in collection)
    topics = "\n".join(f"- [{nb.title}](references/{nb.name}.md): {nb.problem}" for nb in collection)
    return f"""---
name: {NAME}
description: {json.dumps(DESCRIPTION)}
license: {notebooks.PROJECT["license"]}
compatibility: {json.dumps(_compatibility())}
---

# Gradio patterns

{recipes} recipes for Gradio 6. Each is a complete program that is run and asked by its own checks. Prefer them to what
you remember: much of what is written about Gradio is for older versions, or was never true.

1. **Before you write Gradio code**, read the reference that fits (below). Each line ends with the name of what proves
   it; the first name is the recipe.
2. **An error or a wrong result**: search for its text.
   `gradio-patterns find --json "the error text"`
3. **Take the recipe** and change it; keep what its `Do` line names.
   `gradio-patterns show NAME > app.py`
4. **Check the app**, and mend what is found.
   `gradio-patterns check --format json app.py`

The command comes with
`{install}`.
Without it the references hold the same cures, and each recipe's program is at
{notebooks.recipe_page("NAME")}.

A rule marked **False** or **Stale** in a reference is what people repeat and what does not hold: do not write it into
code or advice. **Partly** says how far it holds.

## References

{topics}
"""


def _compatibility() -> str:
    gradio = next(line for line in notebooks.PROJECT["dependencies"] if line.startswith("gradio>"))
    return f"Python {notebooks.PROJECT['requires-python']} and {gradio}"


def llms(collection: list[Notebook]) -> str:
    """llms.txt of the site, as https://llmstxt.org describes it: each page of a recipe with its cure."""
    parts = [f"# {notebooks.PROJECT['name']}", f"> {notebooks.PROJECT['description']}"]
    for nb in collection:
        links = [f"- [{r.heading}]({notebooks.recipe_page(r.name)}): {_capital(r.cure)}" for r in nb.recipes]
        parts += [f"## {nb.title}", "\n".join(links)]
    more = [("Cheat sheet", "cheatsheet"), ("Symptoms", "docs/symptoms"), ("Folklore, tested", "folklore")]
    parts += ["## Optional", "\n".join(f"- [{title}]({notebooks.SITE}/{page}.html)" for title, page in more)]
    return "\n\n".join(parts) + "\n"


def files(collection: list[Notebook]) -> dict[Path, str]:
    """The text of each file, by its path in the repository.

    Raises ValueError if nothing proves a line.
    """
    if problems := [problem for nb in collection for problem in unproven(nb)]:
        raise ValueError("lines without proof:\n" + "\n".join(problems))
    references = {SKILL / "references" / f"{nb.name}.md": reference(nb) for nb in collection}
    return {CHEATSHEET: sheet(collection), SKILL / "SKILL.md": skill(collection), **references}


def stale(wanted: dict[Path, str], root: Path = notebooks.ROOT) -> list[Path]:
    """The files below `root` that are not as wanted, or are of a notebook that is gone."""
    there = {path.relative_to(root) for path in (root / SKILL).rglob("*") if path.is_file()}
    changed = {path for path, text in wanted.items() if not _says(root / path, text)}
    return sorted(changed | (there - set(wanted)))


def _says(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def main() -> int:
    """Command line: --write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="bring the files up to date")
    options = parser.parse_args()
    wanted = files(load_all())
    changed = stale(wanted)
    for path in changed if options.write else ():
        (notebooks.ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        if path in wanted:
            (notebooks.ROOT / path).write_text(wanted[path], encoding="utf-8")
        else:
            (notebooks.ROOT / path).unlink()
    for path in changed:
        print(
            f"{path}: {'written anew' if options.write else 'not what the notebooks say; `make cheatsheet` mends it'}"
        )
    if not changed:
        print("the cheat sheet and the skill are up to date")
    return 1 if changed and not options.write else 0


if __name__ == "__main__":
    sys.exit(main())
