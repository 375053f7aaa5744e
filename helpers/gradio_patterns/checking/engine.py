"""Run the rules over a file: find, leave out what is silenced, mend."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from . import built as _built  # noqa: F401  registers its rules
from . import rules as _rules  # noqa: F401  registers them
from .editing import apply
from .findings import RULES, Finding, Hit, Rule, lesson
from .program import Program
from .source import Text, parse, read

SILENCE = re.compile(r"#\s*gradio-patterns:\s*ignore\[([^\]]*)\](.*)$")
MAY_CONCERN = re.compile(r"gradio|spaces|os\.environ")


def check(path: Path, chosen: Collection[str] | None = None) -> list[Finding]:
    """What the rules find in a file, by line. Raises Unreadable; `chosen` names the rules, all by default."""
    return check_text(read(path), chosen)


def check_text(text: Text, chosen: Collection[str] | None = None) -> list[Finding]:
    """The same for a text."""
    module = parse(text)
    found = _search(text, module, chosen) if MAY_CONCERN.search(text.code) else []
    unique = {(one.rule, one.cell, one.line, one.column): one for one in found}
    return sorted(_heard(text, list(unique.values())), key=lambda one: (one.cell or 0, one.line, one.column))


def fix(path: Path, chosen: Collection[str] | None = None) -> int:
    """Mend in the file what can be mended for certain; the number of findings mended. Raises Unreadable."""
    text = read(path)
    module = parse(text)
    wanted = [one for one in _heard(text, _search(text, module, chosen)) if one.edits]
    if wanted:
        text.write(apply(module, [edit for one in wanted for edit in one.edits]))
    return len(wanted)


def _search(text: Text, module: cst.Module, chosen: Collection[str] | None) -> list[Finding]:
    program = Program(module)
    hits = [
        (rule, hit)
        for rule in RULES.values()
        if rule.check is not None and (chosen is None or rule.name in chosen)
        for hit in rule.check(program)
    ]
    if not hits:
        return []
    # Nodes are looked up by identity, so nothing may be copied; positions are the slow part of it.
    places = MetadataWrapper(module, unsafe_skip_copy=True).resolve(PositionProvider)
    return [finding(text, rule, hit, *_start(places[hit.node])) for rule, hit in hits]


def _start(place) -> tuple[int, int]:
    return place.start.line, place.start.column + 1


def finding(text: Text, rule: Rule, hit: Hit, line: int, column: int) -> Finding:
    """A hit with its place, and the lesson's words."""
    recipe = hit.recipe or rule.recipe
    symptom, cure = lesson(recipe, rule.see)
    cell, line = text.place(line)
    message = f"{rule.finds}: {hit.note}" if hit.note else rule.finds
    return Finding(
        text.path,
        line,
        column,
        rule.name,
        rule.severity,
        message,
        recipe,
        symptom,
        cure,
        cell,
        bool(hit.edits),
        hit.edits,
    )


def _heard(text: Text, found: list[Finding]) -> list[Finding]:
    """Without the findings that a comment on their line silences, and with what is wrong about such comments."""
    silenced: dict[tuple[int | None, int], set[str]] = {}
    wrong = []
    for number, line in enumerate(text.code.split("\n"), start=1):
        comment = SILENCE.search(line)
        if comment is None:
            continue
        cell, row = text.place(number)
        names = {name.strip() for name in comment[1].split(",") if name.strip()}
        place = (text.path, row, comment.start() + 1)
        if unknown := sorted(names - RULES.keys()):
            wrong.append(Finding(*place, "unknown-rule", "error", f"no rule is called {', '.join(unknown)}", cell=cell))
        if not names or not comment[2].strip():
            told = "say which rule is silenced, and after the bracket why"
            wrong.append(Finding(*place, "no-reason", "error", told, cell=cell))
        else:
            silenced[cell, row] = names
    return [one for one in found if one.rule not in silenced.get((one.cell, one.line), ())] + wrong
