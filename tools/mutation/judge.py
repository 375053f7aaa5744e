"""The judges of a mutant: the section's own checks, in one kernel a notebook that has loaded its models once."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat.v4 import new_code_cell, new_notebook

from gradio_patterns.collection import Notebook, Recipe
from tools.alone import environment
from tools.sections import RESET


class NotGreen(Exception):
    """A recipe's own checks are red before anything is broken."""


@dataclass
class Judge:
    """A kernel that runs a recipe, broken or not, and its checks."""

    client: NotebookClient
    setup: str
    traps: bool = False  # run these too, as the checks of this recipe read what they define

    def verdict(self, recipe: Recipe, source: str, seconds: float) -> str:
        """The first line of what turned red, empty if all stayed green. Longer than `seconds` for a cell is red."""
        try:
            cells = [cell.source for cell in recipe.section.code if self.traps or "trap" not in cell.tags]
            for text in [self.setup, *(source if text == recipe.source else text for text in cells)]:
                self._run(text, seconds)
        except CellExecutionError as error:
            if error.ename == "KeyboardInterrupt":  # by which the kernel is free again
                return f"no end within {seconds:.0f} s"
            return f"{error.ename}: {error.evalue}".partition("\n")[0]
        except DeadKernelError:
            return "the kernel died"
        finally:
            with contextlib.suppress(CellExecutionError):
                self._run(RESET, 60)
        return ""

    def _run(self, text: str, seconds: float) -> None:
        cell = new_code_cell(text)
        self.client.timeout = int(seconds) or 1
        self.client.nb.cells = [cell]
        self.client.execute_cell(cell, 0)

    def patience(self, recipe: Recipe) -> float:
        """Seconds that a cell of this recipe may take: five times what all of them take, and some.

        Raises NotGreen.
        """
        self.traps = False
        self.traps = self.verdict(recipe, recipe.source, 300).startswith("NameError: ")  # and its models are loaded
        begin = time.monotonic()
        if red := self.verdict(recipe, recipe.source, 300):
            raise NotGreen(f"{recipe.id} is red as it is: {red}")
        return 10 + 5 * (time.monotonic() - begin)


@contextlib.contextmanager
def judge(notebook: Notebook) -> Generator[Judge]:
    """A judge for the recipes of this notebook, in an empty folder."""
    with tempfile.TemporaryDirectory(prefix="mutants-", ignore_cleanup_errors=True) as folder:
        (Path(folder) / "empty").mkdir()
        client = NotebookClient(
            new_notebook(metadata=notebook.metadata), kernel_name="python3", interrupt_on_timeout=True
        )
        client.resources["metadata"] = {"path": f"{folder}/empty"}
        with client.setup_kernel(env=environment(Path(folder), GRADIO_PATTERNS_PATIENCE="12")):
            yield Judge(client, notebook.setup.source if notebook.setup else "")
