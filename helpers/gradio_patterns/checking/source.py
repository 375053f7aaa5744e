"""Files to check as text: Python files, and notebooks whose code cells become one program."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import libcst as cst

MAGIC = re.compile(r"^(\s*)((?:[\w, ]+=\s*)?)([%!?].*)$")
HIDDEN = re.compile(r"^(\s*(?:[\w, ]+=\s*)?)(?:pass|None)  # gradio-patterns-magic: (.*)$")
DIVIDER = "# gradio-patterns-cell: "
RUNS_PYTHON = ("%%time", "%%timeit", "%%capture", "%%prun", "%%writefile")


class Unreadable(Exception):
    """The file is missing, no Python or no notebook; the message says which and where."""


@dataclass
class Text:
    """A program's text, and which cell of a notebook each line came from (empty for a Python file)."""

    path: Path
    code: str
    cells: list[tuple[int, int]] = field(default_factory=list)

    def place(self, line: int) -> tuple[int | None, int]:
        """The number of the cell, counted from 1 over all cells, and the line in it, for a line of `code`."""
        return self.cells[line - 1] if self.cells else (None, line)

    def write(self, code: str) -> None:
        """Put `code` into the file, each part into the cell that it came from."""
        if not self.cells:
            with self.path.open("w", encoding="utf-8", newline="") as file:
                file.write(code)
            return
        book = json.loads(self.path.read_text(encoding="utf-8"))
        for part in code.split(DIVIDER)[1:]:
            number, _, body = part.partition("\n")
            lines = [HIDDEN.sub(r"\1\2", line) for line in body.removesuffix("\n").split("\n")]
            source = "\n".join(lines)
            cell = book["cells"][int(number) - 1]
            cell["source"] = source.splitlines(keepends=True) if isinstance(cell["source"], list) else source
        self.path.write_text(json.dumps(book, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read(path: Path) -> Text:
    """The program in a Python file or a notebook. Raises Unreadable."""
    try:
        raw = path.read_bytes().decode("utf-8-sig" if path.suffix == ".ipynb" else "utf-8")
    except OSError as problem:
        raise Unreadable(f"{path}: {problem.strerror or problem}") from problem
    except UnicodeDecodeError as problem:
        raise Unreadable(f"{path}: it is not UTF-8 (byte {problem.start}); save it as UTF-8") from problem
    return _notebook(path, raw) if path.suffix == ".ipynb" else Text(path, raw)


def parse(text: Text) -> cst.Module:
    """The program's syntax tree, for any Python from 3.10 on. Raises Unreadable where the syntax is broken."""
    try:
        return cst.parse_module(text.code)
    except cst.ParserSyntaxError as problem:
        cell, line = text.place(max(1, min(problem.raw_line, len(text.cells) or problem.raw_line)))
        where = f"{text.path}:" + (f" cell {cell}, line {line}" if cell else f"{line}:{problem.raw_column + 1}")
        raise Unreadable(f"{where}: this is no valid Python: {problem.message}") from problem


def _notebook(path: Path, raw: str) -> Text:
    try:
        cells = json.loads(raw)["cells"]
        sources = [
            (number, "".join(cell["source"]))
            for number, cell in enumerate(cells, start=1)
            if cell["cell_type"] == "code"
        ]
    except (ValueError, KeyError, TypeError) as problem:
        raise Unreadable(f"{path}: this is no notebook of format 4: {problem}") from problem
    lines, places = [], []
    for number, source in sources:
        if source.startswith("%%") and not source.startswith(RUNS_PYTHON):
            continue  # another language
        lines.append(f"{DIVIDER}{number}")
        places.append((number, 0))
        for count, line in enumerate(source.split("\n"), start=1):
            lines.append(_without_magic(line))
            places.append((number, count))
    return Text(path, "\n".join(lines) + "\n", [*places, places[-1] if places else (1, 1)])


def _without_magic(line: str) -> str:
    """A line of IPython as a line of Python that `Text.write` turns back."""
    if found := MAGIC.match(line):
        indent, target, magic = found.groups()
        return f"{indent}{target}{'None' if target else 'pass'}  # gradio-patterns-magic: {magic}"
    return line
