"""A recipe as a program that says itself what it needs: inline script metadata, as PEP 723 defines it.

`uv run app.py`, `pipx run app.py` and `hatch run app.py` read it and install what is missing.
"""

from __future__ import annotations

import ast
import functools
import sys
from collections.abc import Iterable
from importlib.metadata import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .collection import Cell, Recipe

__all__ = ["imports", "program", "requirements", "script"]

PROJECT = "gradio-patterns"
# The names that differ from those of their distributions; `tests/test_scripts.py` compares them with what is installed.
DISTRIBUTIONS = {"PIL": "pillow", "argon2": "argon2-cffi", "throttled": "throttled-py"}
# What is imported for the program by what it uses: a module, or an option of `launch` and `mount_gradio_app`.
IMPLIED = {"starlette.middleware.sessions": "itsdangerous", "mcp_server": "mcp"}
SERVE = """

if __name__ == "__main__":
    import os

    import uvicorn

    host, port = os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"), os.environ.get("GRADIO_SERVER_PORT", "7860")
    uvicorn.run(app, host=host, port=int(port))
"""


def program(recipe: Recipe) -> str:
    """The recipe's source as it runs with `python app.py`: an ASGI app is served at the end."""
    return recipe.source.rstrip() + (SERVE if recipe.is_asgi else "\n")


def script(recipe: Recipe, cells: Iterable[Cell] = ()) -> str:
    """The program under its metadata. `cells` follow it or, if they are traps, precede it, each under a cell marker."""
    around = {cell.id: cell.source.rstrip() + "\n" for cell in cells}
    if not around:
        return header(program(recipe)) + program(recipe)
    order = [cell for cell in recipe.section.cells if cell.id in around or cell.id == recipe.name]
    texts = {**around, recipe.name: program(recipe)}
    parts = [f"# %% {cell.id} [{', '.join(cell.tags)}]\n{texts[cell.id]}" for cell in order]
    return header("\n".join(texts.values())) + "\n".join(parts)


def header(source: str) -> str:
    """The metadata of a program, as comments."""
    lines = "".join(f'#   "{line}",\n' for line in requirements(source))
    return f'# /// script\n# requires-python = "{requires_python()}"\n# dependencies = [\n{lines}# ]\n# ///\n'


def requires_python() -> str:
    """The versions of Python that the project supports."""
    return metadata(PROJECT)["Requires-Python"]


def requirements(source: str) -> list[str]:
    """What a program needs, one requirement for each distribution that it imports, with this project's lower bounds.

    Raises LookupError for an import that neither this project nor Gradio names.
    """
    return sorted({requirement(module, source) for module in imports(source)})


def imports(source: str) -> set[str]:
    """The top-level names that a program imports, itself or by what it uses, and that are not Python's own.

    What stands in a `try` with `except ImportError` is left out: the program does without it.
    """
    tree = ast.parse(source)
    optional = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.Try) and any("ImportError" in ast.unparse(h.type or h) for h in node.handlers)
        for statement in node.body
        for inner in ast.walk(statement)
    }
    found = set()
    for node in ast.walk(tree):
        if id(node) in optional:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module.partition(".")[0], *_implied(node.module)}
        elif isinstance(node, ast.keyword) and node.arg:
            found |= _implied(node.arg)
    return found - sys.stdlib_module_names


def _implied(name: str) -> set[str]:
    return {IMPLIED[name]} if name in IMPLIED else set()


def requirement(module: str, source: str = "") -> str:
    """The requirement for an import, with this project's bounds. Raises LookupError if nothing names it."""
    if module == "gradio_patterns":
        return project_requirement("testing" if "gradio_patterns.testing" in source else "")
    name = canonicalize_name(DISTRIBUTIONS.get(module, module))
    for known in (_named(PROJECT), _named("gradio")):
        if name in known:
            return known[name]
    raise LookupError(
        f"{module} is imported, and neither {PROJECT} nor Gradio requires {name}: add it to pyproject.toml"
    )


def project_requirement(extra: str = "") -> str:
    """This project as a requirement, from its repository."""
    (url,) = [line.partition(", ")[2] for line in _urls() if line.startswith("Repository, ")]
    return f"{PROJECT}{f'[{extra}]' if extra else ''} @ git+{url}"


def of_extra(extra: str) -> list[str]:
    """What an extra of this project brings."""
    wanted = map(Requirement, metadata(PROJECT).get_all("Requires-Dist") or [])
    return [f"{w.name}{w.specifier}" for w in wanted if w.marker and f'"{extra}"' in str(w.marker)]


def _urls() -> list[str]:
    return metadata(PROJECT).get_all("Project-URL") or []


@functools.cache
def _named(distribution: str) -> dict[str, str]:
    """The requirements of a distribution, those of its extras included, by name: `gradio` is `gradio<7,>=6.31`."""
    found = {}
    for line in metadata(distribution).get_all("Requires-Dist") or []:
        wanted = Requirement(line)
        extras = f"[{','.join(sorted(wanted.extras))}]" if wanted.extras else ""
        found.setdefault(canonicalize_name(wanted.name), f"{wanted.name}{extras}{wanted.specifier}")
    return found
