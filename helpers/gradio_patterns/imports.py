"""The imports at the head of a cell: read, written, and put back where a cell takes them from the set-up cell."""

from __future__ import annotations

import ast
import re
import sys

__all__ = ["Import", "alone", "imports", "render", "without"]

Import = tuple[str, str]  # module and name; the name is empty for `import module`


def alone(source: str, setup: str) -> str:
    """A cell's source as it runs without the set-up cell: what it uses of that cell's imports stands at its head."""
    read = {node.id for node in ast.walk(_parse(source)) if isinstance(node, ast.Name)}
    own = imports(source)
    taken = {name: found for name, found in imports(setup).items() if name in read and name not in own}
    if not taken:
        return source
    rest = without(source, set(own))
    blank = "\n\n\n" if rest.startswith(("def ", "async def ", "class ", "@")) else "\n\n"
    return render({**taken, **own}) + blank + rest


def imports(source: str) -> dict[str, Import]:
    """What a cell imports at its outermost level, by the name that it gets there."""
    return {name: found for statement in _statements(source) for name, found in _imported(statement).items()}


def render(imports: dict[str, Import]) -> str:
    """The lines that import this, in the order of isort: Python's own, others, this project; then classes first."""
    lines: dict[int, list[tuple[bool, str, str]]] = {}
    for module in {module for module, _ in imports.values()}:
        top = module.partition(".")[0]
        place = 0 if top in sys.stdlib_module_names else 2 if top == "gradio_patterns" else 1
        names = {bound: name for bound, (of, name) in imports.items() if of == module}
        plain = [f"import {module}" + _as(module, bound) for bound, name in names.items() if not name]
        given = [name + _as(name, bound) for bound, name in sorted(names.items(), key=_by_type) if name]
        lines.setdefault(place, []).extend((False, module.lower(), line) for line in plain)
        if given:
            lines[place].append((True, module.lower(), f"from {module} import {', '.join(given)}"))
    return "\n\n".join("\n".join(line for *_, line in sorted(lines[place])) for place in sorted(lines))


def without(source: str, names: set[str]) -> str:
    """The source without the imports, at its outermost level, that bind these names."""
    lines = source.split("\n")
    for statement in reversed(_statements(source)):
        found = _imported(statement)
        if names & set(found):
            left = {name: one for name, one in found.items() if name not in names}
            lines[statement.lineno - 1 : statement.end_lineno] = [render(left)] if left else []
    return re.sub(r"\A\n+", "", "\n".join(lines))


def _parse(source: str) -> ast.Module:
    return ast.parse(re.sub(r"(?m)^(\s*)%.*", r"\1pass", source))


def _statements(source: str) -> list[ast.Import | ast.ImportFrom]:
    return [node for node in _parse(source).body if isinstance(node, ast.Import | ast.ImportFrom)]


def _imported(statement: ast.Import | ast.ImportFrom) -> dict[str, Import]:
    if isinstance(statement, ast.ImportFrom):
        return {alias.asname or alias.name: (statement.module or "", alias.name) for alias in statement.names}
    return {alias.asname or alias.name: (alias.name, "") for alias in statement.names}


def _as(name: str, bound: str) -> str:
    return "" if bound == name else f" as {bound}"


def _by_type(item: tuple[str, str]) -> tuple[bool, bool, str]:
    name = item[1]
    return not name.isupper(), not name[:1].isupper(), name
