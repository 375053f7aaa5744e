"""The command `check`: which files, which rules, which form, and the exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from . import engine
from .findings import RULES, SEVERITIES, Finding
from .report import FORMATS
from .source import Unreadable

SKIPPED = {"node_modules", "site-packages", "__pycache__", "build", "dist"}
MANY = 40  # files; from here on a process for each core is faster than the start of one


def check(
    paths: Annotated[list[Path], typer.Argument(help="Python files, notebooks, or folders of them.")],
    format: Annotated[str, typer.Option(help="text, json, sarif or github.")] = "text",
    select: Annotated[str, typer.Option(help="Only these rules, by commas.")] = "",
    ignore: Annotated[str, typer.Option(help="All but these rules, by commas.")] = "",
    severity: Annotated[str, typer.Option(help="The least that is told: hint, warning or error.")] = "hint",
    fix: Annotated[bool, typer.Option("--fix", help="Mend in the files what can be mended for certain.")] = False,
    run: Annotated[bool, typer.Option("--run", help="Build the app, too, which runs its module, and read it.")] = False,
) -> None:
    """Tell whether an app has one of the traps of the notebooks.

    Exit status: 0 nothing found, 1 something found, 2 a wrong option or a file that cannot be read.
    """
    try:
        chosen = _chosen(select, ignore)
        if format not in FORMATS:
            raise ValueError(f"--format {format}: choose {', '.join(FORMATS)}")
        if severity not in SEVERITIES:
            raise ValueError(f"--severity {severity}: choose {', '.join(SEVERITIES)}")
        files = list(_files(paths))
    except (ValueError, OSError) as problem:
        print(problem, file=sys.stderr)
        raise typer.Exit(2) from problem
    problems: list[str] = []
    found: list[Finding] = []
    mended = 0
    if fix:
        for file in files:
            try:
                mended += engine.fix(file, chosen)
            except Unreadable:
                continue  # told below
    for findings, problem in _all(files, chosen):
        found += findings
        problems += [problem] if problem else []
    if run:
        from .built import check_built

        for file in files:
            try:
                found += check_built(file, chosen)
            except Unreadable as problem:
                problems.append(str(problem))
    found = [one for one in found if SEVERITIES.index(one.severity) <= SEVERITIES.index(severity)]
    if told := FORMATS[format](found):
        print(told)
    _summary(files, found, problems, mended)
    raise typer.Exit(2 if problems else 1 if found else 0)


def _summary(files: list[Path], found: list[Finding], problems: list[str], mended: int) -> None:
    for problem in problems:
        print(problem, file=sys.stderr)
    counts = ", ".join(f"{n} {kind}s" for kind in SEVERITIES if (n := sum(one.severity == kind for one in found)))
    fixed = f"{mended} mended; " if mended else ""
    print(f"{fixed}{len(files)} files: {counts or 'nothing found'}", file=sys.stderr)


def _chosen(select: str, ignore: str) -> set[str]:
    wanted, unwanted = ({name.strip() for name in text.split(",") if name.strip()} for text in (select, ignore))
    if unknown := sorted((wanted | unwanted) - RULES.keys()):
        raise ValueError(f"no rule is called {', '.join(unknown)}; docs/checks.md lists them")
    return (wanted or set(RULES)) - unwanted


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            for folder, folders, names in os.walk(path):
                folders[:] = sorted(name for name in folders if name not in SKIPPED and not name.startswith("."))
                yield from (Path(folder, name) for name in sorted(names) if name.endswith((".py", ".ipynb")))
        elif path.exists():
            yield path
        else:
            raise FileNotFoundError(f"there is no file {path}")


def _all(files: list[Path], chosen: set[str]) -> Iterator[tuple[list[Finding], str]]:
    work = [(file, chosen) for file in files]
    if len(files) < MANY or (os.cpu_count() or 1) == 1:
        yield from map(_one, work)
        return
    with ProcessPoolExecutor() as pool:
        yield from pool.map(_one, work, chunksize=16)


def _one(work: tuple[Path, set[str]]) -> tuple[list[Finding], str]:
    file, chosen = work
    try:
        return [replace(one, edits=()) for one in engine.check(file, chosen)], ""
    except Unreadable as problem:
        return [], str(problem)
