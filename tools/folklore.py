"""The tables of folklore as data: the rules that people repeat, each with its verdict and what proves it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gradio_patterns.collection import Notebook, Section
from tools import notebooks


@dataclass(frozen=True)
class Row:
    """A rule as repeated; `verdict` is True, False, Partly or Stale, `answer` what holds, `proofs` ids or tests."""

    rule: str
    verdict: str
    answer: str
    proofs: tuple[str, ...]


def cells_of_table(section: Section) -> list[list[str]]:
    """The cells of each line of the table, the head and the line under it included."""
    return [
        [part.strip() for part in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        for line in section.text.source.splitlines()
        if line.lstrip().startswith("|")
    ]


def rows(nb: Notebook) -> list[Row]:
    """The notebook's folklore. Raises ValueError for a line that is no rule with a verdict and a proof."""
    found = []
    for section in nb.sections:
        for cells in cells_of_table(section)[2:] if section.is_folklore else ():
            verdict = re.match(r"\*\*(\w+)[.:,;]?\*\*[.:,;]?\s*(.*)", cells[1]) if len(cells) == 3 else None
            if not verdict:
                raise ValueError(f"{nb.name}: this line of the folklore has no verdict: {' | '.join(cells)}")
            found.append(Row(cells[0], verdict[1], verdict[2], tuple(re.findall(r"`([^`]+)`", cells[2]))))
    return found


def unproven(nb: Notebook, proof: str) -> str | None:
    """What is wrong with a proof, the id of a cell or a test as `tests/x.py::test_y`; None if nothing is."""
    if proof.startswith("tests/"):
        path, _, test = proof.partition("::")
        if not (notebooks.ROOT / path).is_file():
            return "is no file of this repository"
        if test and not re.search(rf"def {re.escape(test)}\(", (notebooks.ROOT / path).read_text(encoding="utf-8")):
            return "is no test in that file"
        return None
    try:
        cell = nb.cell(proof)
    except KeyError:
        return "is no cell of this notebook"
    return None if {"check", "trap"} & set(cell.tags) else "is not a check or a trap, so it proves nothing"
