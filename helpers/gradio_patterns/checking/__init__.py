"""Tell whether an app has one of the traps of the notebooks: ``gradio-patterns check app.py``.

The rules read LibCST's syntax trees: LibCST parses Python 3.10 to 3.14 on any of them and writes a mended file
back with its comments and layout, which `ast` does not; ast-grep's patterns do not know what a name was given.
Fixit builds on LibCST too, but has no notebooks and no SARIF, and resolves positions for every file, found
something or not, which takes longer than all the rules.

>>> from pathlib import Path
>>> from gradio_patterns.checking import check
>>> for finding in check(Path("app.py")):
...     print(finding.where, finding.message)

Nothing of the app is imported or run, except by `built.check_built` (`--run`).
"""

from .engine import check, fix
from .findings import RULES, Finding, Rule
from .source import Unreadable

__all__ = ["RULES", "Finding", "Rule", "Unreadable", "check", "fix"]
