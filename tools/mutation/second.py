"""The second judges of a mutant: the tests that drive its recipe, run on notebooks with the mutant in them."""

from __future__ import annotations

import ast
import contextlib
import copy
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from gradio_patterns import collection
from gradio_patterns.collection import Recipe

from .judge import NotGreen

ROOT = Path(__file__).resolve().parent.parent.parent


def tests_of(recipe: Recipe) -> list[str]:
    """The tests of the recipe's notebook that name it, or use a fixture or function that does, as pytest names them."""
    found = []
    for folder in ("tests", "tests/browser"):
        path = ROOT / folder / f"test_{recipe.notebook.name}.py"
        if path.exists():
            naming = _naming(ast.parse(path.read_text(encoding="utf-8")), recipe.name)
            found += [f"{folder}/{path.name}::{name}" for name in naming if name.startswith("test_")]
    return found


def _naming(module: ast.Module, text: str) -> list[str]:
    """What a module defines at its top that has this text, or uses what has it."""
    uses: dict[str, set[str]] = {}
    naming = []
    for statement in module.body:
        names = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
        given = {node.arg for node in ast.walk(statement) if isinstance(node, ast.arg)}
        asks = isinstance(statement, ast.FunctionDef) and (  # pytest for fixtures, by the names of its arguments
            statement.name.startswith("test_") or "fixture" in "".join(map(ast.unparse, statement.decorator_list))
        )
        names = names | given if asks else names - given
        defined = (
            [statement.name]
            if isinstance(statement, (ast.FunctionDef, ast.ClassDef))
            else [
                node.id
                for node in ast.walk(statement)
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            ]
        )
        for name in defined:
            uses[name] = uses.get(name, set()) | names - {name}
            if any(isinstance(node, ast.Constant) and node.value == text for node in ast.walk(statement)):
                naming.append(name)
    while more := [name for name, used in uses.items() if name not in naming and used & {*naming}]:
        naming += more
    return [name for name in uses if name in naming]


class Tests:
    """The tests of one recipe. A mutant that they see is red in one of them."""

    __test__ = False  # no test itself, whatever pytest thinks of its name

    def __init__(self, recipe: Recipe, names: list[str] | None = None):
        self.recipe = recipe
        self.names = tests_of(recipe) if names is None else names
        self.seconds = 0.0

    def verdict(self, source: str) -> str:
        """The first test that turned red, empty if all stayed green. No end in time is red.

        Raises NotGreen if one is red before anything is broken, which is tried once.
        """
        if not self.names:
            return ""
        if not self.seconds:
            begin = time.monotonic()
            if red := self._run(self.recipe.source, 900):
                raise NotGreen(f"{self.recipe.id} is red as it is: {red}")
            self.seconds = 60 + 3 * (time.monotonic() - begin)
        return self._run(source, self.seconds)

    def _run(self, source: str, seconds: float) -> str:
        with tempfile.TemporaryDirectory(prefix="mutants-", ignore_cleanup_errors=True) as folder:
            plant(self.recipe, source, Path(folder))
            command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=line", "-p", "no:cacheprovider", *self.names]
            running = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, "GRADIO_PATTERNS_NOTEBOOKS": folder, "GRADIO_PATTERNS_PATIENCE": "20"},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
            try:
                printed, _ = running.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                return f"no end within {seconds:.0f} s"
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(running.pid, signal.SIGKILL)  # and what it has started
                running.wait()
        if running.returncode == 0:
            return ""
        if running.returncode != 1:
            raise RuntimeError(f"the tests of {self.recipe.id} did not run:\n{printed[-3000:]}")
        found = re.search(r"^(?:FAILED|ERROR) (\S+)", printed, re.MULTILINE)
        return found[1] if found else "red"


def plant(recipe: Recipe, source: str, folder: Path) -> None:
    """Put the notebooks into a folder, one of them with this source for the recipe's cell."""
    for path in collection.paths():
        (folder / path.name).symlink_to(path)
    data = copy.deepcopy(recipe.notebook.data)
    data["cells"][recipe.cell.index]["source"] = source
    (folder / recipe.notebook.path.name).unlink()
    (folder / recipe.notebook.path.name).write_text(json.dumps(data), encoding="utf-8")
