"""A recipe's checks as tests of an app.py: each alone, with what it needs of the cells above it."""

from __future__ import annotations

import ast
import builtins

from .collection import Cell, Recipe

__all__ = ["check_files"]


def check_files(recipe: Recipe) -> dict[str, str]:
    """The checks by their ids, each runnable among the names of app.py, whose path is `__file__`."""
    app = _bound(ast.parse(recipe.source)) | set(dir(builtins)) | {"__file__"}
    cells = [recipe.notebook.alone(cell) for cell in recipe.section.code if cell.id != recipe.name]
    files = {}
    for check in recipe.checks:
        source = _of_a_file(check.source, app)
        above = cells[: cells.index(check)]
        before = _needed(ast.parse(source), app, [statement for cell in above for statement in _statements(cell)])
        files[check.id] = "".join(f"{line}\n" for line in before) + ("\n" if before else "") + source.rstrip() + "\n"
    return files


def _statements(cell: Cell) -> list[ast.stmt]:
    """What a cell's own lines say, without the blocks: those are its demonstration."""
    simple = (ast.Import, ast.ImportFrom, ast.Assign, ast.Expr, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [statement for statement in ast.parse(cell.source).body if isinstance(statement, simple)]


def _needed(tree: ast.AST, known: set[str], above: list[ast.stmt]) -> list[str]:
    """The statements above that bind or fill what the code reads and nothing else binds, in their order."""
    chosen: set[int] = set()
    todo: list[tuple[ast.AST, int]] = [(tree, len(above))]
    while todo:
        code, end = todo.pop()
        for name in _read(code) - _bound(code) - known:
            places = [index for index in range(end) if name in _bound(above[index], deep=False)]
            if not places:
                continue
            filled = [index for index in range(places[-1], end) if name in _changed(above[index])]
            for index in {places[-1], *filled} - chosen:
                chosen.add(index)
                todo.append((above[index], index))
    return [ast.unparse(above[index]) for index in sorted(chosen)]


def _changed(statement: ast.stmt) -> set[str]:
    """The names that a statement may change without binding them: `exif[1] = 2`, `picture.save(file)`."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        return _read(statement)
    if isinstance(statement, ast.Assign):
        return {name for target in statement.targets for name in _read(target)}
    return set()


def _read(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def _bound(tree: ast.AST, deep: bool = True) -> set[str]:
    """The names that the code binds; with `deep`, also those inside its functions, such as their parameters."""
    found: set[str] = set()
    todo = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
            if not deep:
                continue
        elif isinstance(node, ast.alias):
            found.add(node.asname or node.name.partition(".")[0])
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
        todo.extend(ast.iter_child_nodes(node))
    return found


def _of_a_file(source: str, app: set[str]) -> str:
    """The source with `Program(demo)`, which only a notebook can look up, as `Program(Path(__file__))`."""
    lines = source.splitlines(keepends=True)
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and node.args]
    named = [
        call.args[0] for call in calls if ast.unparse(call.func) == "Program" and isinstance(call.args[0], ast.Name)
    ]
    named = [argument for argument in named if argument.id in {"demo", "app"} & app]
    for argument in sorted(named, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        line = lines[argument.lineno - 1].encode()
        start, end = argument.col_offset, argument.end_col_offset
        lines[argument.lineno - 1] = (line[:start] + b"Path(__file__)" + line[end:]).decode()
    return ("from pathlib import Path\n\n" if named else "") + "".join(lines)
