"""The model of the notebooks: what a section and a recipe know, where the notebooks are, what it costs to ask."""

import json
import shutil
import subprocess
import sys
import textwrap
import time
from collections import Counter
from pathlib import Path

import pytest

from gradio_patterns import collection
from gradio_patterns.collection import Notebook

ROOT = Path(__file__).resolve().parent.parent


def markdown(id, source):
    return {"cell_type": "markdown", "id": id, "metadata": {}, "source": source}


def code(id, source, **metadata):
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": id,
        "metadata": metadata,
        "outputs": [],
        "source": source,
    }


TEXT = """\
## Give every visitor their own cart

A list of the module is everybody's.
`gr.State` is not.

**You see:** `KeyError: 'cart'` · items that
somebody else added.
**Do:** keep it in `gr.State([])`, and give it to
the handler.

- One more point.
"""
CELLS = [
    markdown("title", ["# State\n", "\n", "[![Open in Colab](a.svg)](b)\n", "\n", "Keep it apart.\n", "And safe."]),
    code("setup", ["import sys\n", "sys"], tags=["setup"]),
    markdown("own-cart-text", TEXT),
    code("own-cart-trap", "assert True", tags=["trap"]),
    code("own-cart", "demo = 1\n\ndemo.launch()", tags=["recipe"], call={"api_name": "/add"}),
    markdown("own-cart-more", "More."),
    code("own-cart-check", "assert demo", tags=["check"]),
    code("own-cart-empty-check", "assert not demo", tags=["check"]),
    markdown("kinds-table", "## Look it up\n\nA table."),
    code("kinds-check", "assert 1", tags=["check"]),
    markdown("log-in-text", "## Log in\n"),
    code("log-in", "app = 1", tags=["recipe", "asgi"]),
    markdown("folklore", "## Folklore, tested\n"),
]


@pytest.fixture
def folder(tmp_path):
    for name, cells in {"02_state": CELLS, "01_first": CELLS[:2]}.items():
        data = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        (tmp_path / f"{name}.ipynb").write_text(json.dumps(data))
    return tmp_path


@pytest.fixture
def notebook(folder):
    return collection.load("02_state", folder)


def test_a_notebook_knows_its_title_its_problem_and_its_cells(notebook):
    assert (notebook.name, notebook.title, notebook.problem) == ("02_state", "State", "Keep it apart. And safe.")
    assert notebook.setup.source == "import sys\nsys"
    assert notebook.cell("own-cart").lines == ["demo = 1", "demo.launch()"]
    assert [section.name for section in notebook.sections] == ["own-cart", "kinds", "log-in", "folklore"]
    assert [s.name for s in notebook.sections if s.is_reference or s.is_folklore] == ["kinds", "folklore"]
    with pytest.raises(KeyError, match="own-cart-trap"):
        notebook.cell("nothing")


def test_a_section_knows_why_the_symptoms_and_the_cure(notebook):
    section = notebook.sections[0]
    assert section.heading == "Give every visitor their own cart"
    assert section.why == "A list of the module is everybody's.\n`gr.State` is not.\n\n- One more point."
    assert section.symptoms == ["`KeyError: 'cart'`", "items that somebody else added"]
    assert section.cure == "keep it in `gr.State([])`, and give it to the handler."
    assert [cell.id for cell in section.code] == [
        "own-cart-trap",
        "own-cart",
        "own-cart-check",
        "own-cart-empty-check",
    ]


@pytest.mark.parametrize(
    ("text", "symptoms", "cure"),
    [
        ("## A\n", [], ""),
        ("## A\n\n**You see:**\n\n**Do:**\n\nProse.", [], ""),
        ("## A\n\nWhoever says **Do:** `x` here.", [], ""),
        ("## A\n**Do:** use `x`.\n**You see:** one\n\n**You see:** two", ["one", "two"], "use `x`."),
        ("## A\n\n**You see:** one\n \t\nProse.\n\n**Do:** use `x`", ["one"], "use `x`"),
    ],
)
def test_lines_that_tools_read_end_at_a_blank_line_or_at_the_next_one(text, symptoms, cure):
    section = collection.Section(collection.Cell(0, "a-text", "markdown", text))
    assert (section.symptoms, section.cure) == (symptoms, cure)


def test_a_recipe_knows_all_of_its_section(notebook):
    recipe = notebook.recipe("own-cart")
    assert (recipe.id, recipe.name, recipe.is_asgi) == ("02_state::own-cart", "own-cart", False)
    assert (recipe.notebook, recipe.section) == (notebook, notebook.sections[0])
    assert (recipe.source, recipe.call) == ("demo = 1\n\ndemo.launch()", {"api_name": "/add"})
    assert [cell.id for cell in recipe.traps] == ["own-cart-trap"]
    assert [cell.id for cell in recipe.checks] == ["own-cart-check", "own-cart-empty-check"]
    assert recipe.text.id == "own-cart-text"
    section = recipe.section
    assert (recipe.heading, recipe.why, recipe.symptoms, recipe.cure) == (
        section.heading,
        section.why,
        section.symptoms,
        section.cure,
    )
    assert notebook.recipe("log-in").is_asgi
    assert notebook.recipe("log-in").call == {}


def test_a_recipe_is_found_in_any_notebook_and_a_wrong_name_is_answered_with_near_ones(folder):
    assert collection.recipe("log-in", folder).id == "02_state::log-in"
    with pytest.raises(KeyError, match="the collection has no recipe 'own_cart'; there is: own-cart"):
        collection.recipe("own_cart", folder)
    with pytest.raises(KeyError, match="no recipe 'cart'; there is: own-cart"):
        collection.recipe("cart", folder)
    with pytest.raises(KeyError) as error:
        collection.recipe("zzz", folder)
    assert error.value.args == ("the collection has no recipe 'zzz'",)


def test_missing_notebooks_are_named(folder, tmp_path_factory):
    with pytest.raises(FileNotFoundError, match=r"03_queue\.ipynb .*01_first, 02_state"):
        collection.load("03_queue", folder)
    with pytest.raises(FileNotFoundError, match="no notebook in"):
        collection.load_all(tmp_path_factory.mktemp("empty"))


def test_names_are_unique_in_the_collection():
    names = Counter(recipe.name for notebook in collection.load_all() for recipe in notebook.recipes)
    assert [name for name, count in names.items() if count > 1] == []


def test_the_checkouts_notebooks_are_read_unless_another_folder_is_named(folder, monkeypatch):
    monkeypatch.delenv("GRADIO_PATTERNS_NOTEBOOKS", raising=False)
    assert collection.folder() == ROOT / "notebooks"
    assert collection.paths() == sorted((ROOT / "notebooks").glob("*.ipynb"))
    monkeypatch.setenv("GRADIO_PATTERNS_NOTEBOOKS", str(folder))
    assert [notebook.name for notebook in collection.load_all()] == ["01_first", "02_state"]
    assert collection.recipe("own-cart").notebook.path == folder / "02_state.ipynb"


def test_an_installed_package_reads_the_notebooks_that_came_with_it(folder, tmp_path_factory):
    """As in a wheel, where they lie inside the package."""
    package = tmp_path_factory.mktemp("site") / "gradio_patterns"
    package.mkdir()
    for name in ("__init__.py", "collection.py", "imports.py"):
        shutil.copy(Path(collection.__file__).parent / name, package)
    shutil.copytree(folder, package / "notebooks")
    program = "from gradio_patterns import collection; print(collection.folder(), collection.recipe('own-cart').id)"
    run = subprocess.run(
        [sys.executable, "-S", "-c", program],
        cwd=package.parent,
        env={"PYTHONPATH": str(package.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == [str(package / "notebooks"), "02_state::own-cart"]


def test_it_imports_nothing_heavy():
    """With the standard library alone."""
    program = """
        import sys
        from gradio_patterns import collection
        assert collection.load_all()
        heavy = {"gradio", "torch", "transformers", "nbformat", "numpy", "pandas", "jsonschema"} & set(sys.modules)
        print(sorted(heavy))
    """
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_loading_all_costs_little_more_than_reading_their_json():
    def seconds(function):
        begin = time.process_time()  # not the clock's: other programs may have the cores
        function()
        return time.process_time() - begin

    paths = collection.paths()
    rounds = [
        (
            seconds(lambda: [json.loads(path.read_text(encoding="utf-8")) for path in paths]),
            seconds(lambda: [recipe.cure for path in paths for recipe in Notebook(path).recipes]),
        )
        for _ in range(10)
    ]
    plain, model = map(min, zip(*rounds, strict=True))
    assert model < 8 * plain  # 1.5 times; with the recipes' sources parsed it would be 15
