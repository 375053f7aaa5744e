"""Findings as text, JSON, SARIF 2.1.0 and GitHub's annotations."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from .findings import RULES, Finding, lesson

LEVELS = {"error": "error", "warning": "warning", "hint": "note"}
COMMANDS = {"error": "error", "warning": "warning", "hint": "notice"}


def as_text(findings: Sequence[Finding]) -> str:
    """For a reader: place, what it is, and under it what one sees, what to do and what proves it."""
    parts = []
    for one in findings:
        lines = [f"{one.where}: {one.severity} [{one.rule}] {one.message}"]
        if one.recipe:
            lines += [f"  You see: {one.symptom}", f"  Do: {one.cure}", f"  Proof: gradio-patterns show {one.recipe}"]
        if one.fixable:
            lines.append("  `--fix` mends it.")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def as_json(findings: Sequence[Finding]) -> str:
    """A list of objects; `cell` is null in a Python file."""
    return json.dumps([_data(one) for one in findings], indent=2, ensure_ascii=False)


def _data(one: Finding) -> dict[str, Any]:
    names = ("rule", "severity", "line", "column", "cell", "message", "symptom", "cure", "recipe", "fixable")
    return {"path": str(one.path), **{name: getattr(one, name) for name in names}}


def as_github(findings: Sequence[Finding]) -> str:
    """Workflow commands, which GitHub Actions shows at the lines of a pull request."""
    lines = []
    for one in findings:
        # A notebook's lines are lines of its JSON there, which nobody reads: the cell is named in the message.
        place = f"file={_escape(str(one.path), True)}" + ("" if one.cell else f",line={one.line},col={one.column}")
        told = one.message if one.cell is None else f"cell {one.cell}, line {one.line}: {one.message}"
        told += f"\nDo: {one.cure}" if one.cure else ""
        lines.append(f"::{COMMANDS[one.severity]} {place},title={_escape(one.rule, True)}::{_escape(told)}")
    return "\n".join(lines)


def _escape(text: str, option: bool = False) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if option else text


def as_sarif(findings: Sequence[Finding]) -> str:
    """A SARIF log; a finding in a notebook points to the file and names cell and line in its message."""
    rules = []
    for rule in RULES.values():
        symptom, cure = lesson(rule.recipe, rule.see)
        rules.append(
            {
                "id": rule.name,
                "shortDescription": {"text": rule.finds},
                "fullDescription": {"text": f"You see: {symptom}"},
                "help": {"text": cure},
                "defaultConfiguration": {"level": LEVELS[rule.severity]},
                "properties": {"recipe": rule.recipe},
            }
        )
    driver = {"name": "gradio-patterns", "rules": rules}
    results = [_result(one) for one in findings]
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    }
    return json.dumps(log, indent=2, ensure_ascii=False)


def _result(one: Finding) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": one.path.as_posix()}}
    message = one.message
    if one.cell is None:
        place["region"] = {"startLine": one.line, "startColumn": one.column}
    else:
        message = f"cell {one.cell}, line {one.line}: {message}"
    told = f"{message}\n{one.cure}" if one.cure else message
    location = {"physicalLocation": place}
    return {"ruleId": one.rule, "level": LEVELS[one.severity], "message": {"text": told}, "locations": [location]}


FORMATS = {"text": as_text, "json": as_json, "sarif": as_sarif, "github": as_github}
