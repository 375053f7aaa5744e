"""Why some mutants need no judge: nobody could see a difference, or a test outside the section sees it."""

import re
from pathlib import Path

from gradio_patterns.collection import Recipe
from tools.notebooks import tomllib

from .mutants import Mutant

PATH = Path(__file__).with_name("explained.toml")


def explained(path: Path = PATH) -> dict[str, dict[str, str]]:
    """For each recipe, and for `every`, the reasons by the mutant's key, or its part up to a colon; `*` is any text."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def reason(recipe: Recipe, mutant: Mutant, reasons: dict[str, dict[str, str]]) -> str:
    """Why this mutant needs no judge, empty if it does."""
    for where in (recipe.id, "every"):
        for line, why in reasons.get(where, {}).items():
            if names(line, mutant):
                return why
    return ""


def names(line: str, mutant: Mutant) -> bool:
    """Whether a line of the reasons means this mutant. A `*` in it stands for any text."""
    pattern = ".*".join(map(re.escape, line.split("*")))
    return re.fullmatch(f"{pattern}(:.*)?", mutant.key) is not None
