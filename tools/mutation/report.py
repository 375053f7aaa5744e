"""docs/mutation.md: what became of the mutants of each recipe when they were last run."""

from __future__ import annotations

import re
from dataclasses import astuple, dataclass
from pathlib import Path

from tabulate import tabulate

PATH = Path(__file__).resolve().parent.parent.parent / "docs" / "mutation.md"
HEAD = """\
# Mutation

Which small breaks of a recipe turn a check red. `make mutate MUTATE="02_state --tests --report"` breaks the recipes of
a notebook, one node at a time (a condition inverted, a statement or an argument dropped, a number changed), and writes
their rows anew; the others keep theirs. A mutant is judged by the checks of its section and, if these stay green, by
the tests that drive the recipe. What nobody could see, or what a test of all recipes sees, is not run but explained in
[`tools/mutation/explained.toml`](../tools/mutation/explained.toml). What is alive is listed at the end.

"""
COLUMNS = ["Recipe", "Mutants", "Killed by its checks", "Killed by tests", "Explained", "Alive", "Date", "Versions"]


@dataclass(frozen=True)
class Row:
    """A recipe's mutants, counted."""

    recipe: str
    mutants: int
    by_checks: int
    by_tests: int
    explained: int
    alive: int
    date: str
    versions: str


def rows(path: Path = PATH) -> dict[str, Row]:
    """What the page says, by the recipe's id."""
    if not path.exists():
        return {}
    found = re.findall(
        r"^\| *(\d\d_\w+::[\w-]+) *\|" + r" *(\d+) *\|" * 5 + r" *(.+?) *\| *(.+?) *\|$", path.read_text(), re.M
    )
    return {one[0]: Row(one[0], *map(int, one[1:6]), *one[6:]) for one in found}  # ty: ignore


def alive(path: Path = PATH) -> dict[str, list[str]]:
    """The mutants that are alive, each as the page has it, by the recipe's id."""
    found: dict[str, list[str]] = {}
    if path.exists():
        for line in path.read_text().splitlines():
            if match := re.match(r"(\d\d_\w+::[\w-]+), line \d+: ", line):
                found.setdefault(match[1], []).append(line)
    return found


def write(row: Row, left: list[str], order: list[str], path: Path = PATH) -> None:
    """Put a row and its live mutants in place of the recipe's old ones; `order` has the recipes that there are."""
    new = rows(path) | {row.recipe: row}
    lines = alive(path) | {row.recipe: left}
    kept = [new[name] for name in order if name in new]
    sums = [sum(numbers) for numbers in zip(*(astuple(one)[1:6] for one in kept), strict=True)]
    table = tabulate([astuple(one) for one in kept], COLUMNS, tablefmt="github", disable_numparse=True)
    total = (
        f"{len(kept)} of {len(order)} recipes: {sums[0]} mutants, {sums[1]} killed by checks, {sums[2]} by tests, "
        f"{sums[3]} explained, {sums[4]} alive."
    )
    shown = [line for name in order for line in lines.get(name, [])]
    listed = "\n## Alive\n\n```text\n" + "\n".join(shown) + "\n```\n" if shown else ""
    path.write_text(f"{HEAD}{total}\n\n{table}\n{listed}", encoding="utf-8")
