"""The inline metadata: for each recipe what it imports, nothing missing and nothing else."""

import ast
import re
import sys
from importlib.metadata import packages_distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from gradio_patterns import collection, scripts
from tools.notebooks import PROJECT, REPOSITORY

RECIPES = [recipe for notebook in collection.load_all() for recipe in notebook.recipes]
OPTIONAL = {"spaces"}  # `except ImportError` stands beside it
DISTRIBUTIONS = packages_distributions()


def metadata_of(text: str) -> dict:
    """As PEP 723's own reference implementation reads it."""
    tomllib = pytest.importorskip("tomllib", reason="of Python 3.11")
    pattern = r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$"
    (match,) = [m for m in re.finditer(pattern, text) if m["type"] == "script"]
    lines = match["content"].splitlines()
    return tomllib.loads("\n".join(line[2:] if line.startswith("# ") else line[1:] for line in lines))


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.id)
def test_it_names_each_import_and_nothing_else(recipe):
    text = scripts.script(recipe)
    compile(text, recipe.name, "exec")
    found = metadata_of(text)
    assert found["requires-python"] == PROJECT["requires-python"]
    # Read another way than the module does: what is imported anywhere, looked up among what is installed.
    names = re.findall(r"^\s*(?:import|from) (\w+)", text, re.MULTILINE)
    third = set(names) - set(sys.stdlib_module_names) - OPTIONAL
    wanted = {canonicalize_name(DISTRIBUTIONS[name][0]) for name in third - {"gradio_patterns"}}
    wanted |= {"itsdangerous"} if "SessionMiddleware" in text else set()
    wanted |= {"mcp"} if "mcp_server=True" in text else set()
    wanted |= {"gradio-patterns"} & {name.replace("_", "-") for name in third}
    assert {canonicalize_name(Requirement(line).name) for line in found["dependencies"]} == wanted


def test_bounds_are_those_of_the_project():
    (gradio,) = [r for r in map(Requirement, PROJECT["dependencies"]) if r.name == "gradio"]
    (found,) = [Requirement(line) for line in scripts.requirements("import gradio as gr")]
    assert found.specifier == gradio.specifier
    assert scripts.requirements("import ray") == ["ray[serve]>=2.50"]
    (own,) = scripts.requirements("from gradio_patterns.models import load")
    assert own == f"gradio-patterns @ git+{REPOSITORY}"
    (kit,) = scripts.requirements("from gradio_patterns.testing import serve")
    assert kit.startswith("gradio-patterns[testing] @ ")


def test_an_import_that_nobody_requires_is_an_error():
    with pytest.raises(LookupError, match="flask"):
        scripts.requirements("import flask")


def test_what_an_import_error_may_leave_out_is_left_out():
    assert scripts.imports("try:\n    import spaces\nexcept ImportError:\n    import torch\nimport os") == {"torch"}
    assert scripts.imports("try:\n    import spaces\nexcept ValueError:\n    pass") == {"spaces"}


@pytest.mark.parametrize("recipe", [r for r in RECIPES if r.is_asgi], ids=lambda recipe: recipe.id)
def test_an_asgi_recipe_serves_itself(recipe):
    last = ast.parse(scripts.script(recipe)).body[-1]
    assert ast.unparse(last).startswith("if __name__ == '__main__':")
    assert "uvicorn.run(app" in ast.unparse(last)
    assert "__main__" not in recipe.source


def test_cells_stand_around_the_program_in_the_order_of_the_notebook():
    recipe = collection.recipe("own-cart")
    text = scripts.script(recipe, [*recipe.checks, *recipe.traps])
    marks = re.findall(r"^# %% (\S+) \[(\w+)", text, re.MULTILINE)
    assert marks[0] == ("own-cart-trap", "trap")
    assert ("own-cart", "recipe") in marks
    assert marks[-1] == ("own-cart-race-check", "check")
    assert any(line.startswith("gradio-patterns[testing]") for line in metadata_of(text)["dependencies"])
