"""The imports that traps and checks take from the set-up cell."""

import ast
import json
import subprocess
import sys

import pytest

from gradio_patterns import collection
from gradio_patterns.imports import alone, imports, render, without
from tools import imports as tool
from tools import rules

SETUP = """import sys

if "google.colab" in sys.modules:
    %pip install -q something

import gradio as gr
import pytest
from gradio_client.exceptions import AppError

from gradio_patterns import notebook
from gradio_patterns.testing import Gate, serve

notebook.setup()"""
NOTEBOOKS = collection.load_all()
CELLS = [(nb, cell) for nb in NOTEBOOKS for section in nb.sections for cell in section.code]


def test_a_cell_gets_what_it_uses_and_no_more():
    assert alone("with serve(demo) as app:\n    Gate()", SETUP) == (
        "from gradio_patterns.testing import Gate, serve\n\nwith serve(demo) as app:\n    Gate()"
    )


def test_what_it_imports_itself_is_put_in_order_with_it():
    source = "import json\n\nfrom gradio_patterns.testing import until\n\n\ndef wait():\n    until(lambda: json and gr)"
    assert alone(source, SETUP) == (
        "import json\n\nimport gradio as gr\n\nfrom gradio_patterns.testing import until\n\n\n"
        "def wait():\n    until(lambda: json and gr)"
    )


@pytest.mark.parametrize(
    "source", ["import gradio as gr\n\ngr.Blocks()", "1 + 1", "from other import serve\n\nserve(1)"]
)
def test_who_needs_nothing_stays_as_it_is(source):
    assert alone(source, SETUP) == source


def test_some_names_of_a_statement_go():
    source = "from gradio_patterns.testing import Gate, serve, until  # three\nimport gradio as gr\n\n1"
    assert without(source, {"gr", "serve"}) == "from gradio_patterns.testing import Gate, until\n\n1"
    assert without(source, {"other"}) == source


def test_imports_come_out_as_they_went_in():
    found = imports(SETUP)
    assert found["gr"] == ("gradio", "")
    assert found["serve"] == ("gradio_patterns.testing", "serve")
    assert imports(render(found)) == found


@pytest.mark.parametrize(("nb", "cell"), CELLS, ids=lambda one: getattr(one, "id", None) or getattr(one, "name", None))
def test_each_cell_alone_has_the_set_up_cells_names(nb, cell):
    """What a cell reads of the set-up cell it imports itself, once it is shown or run without that cell."""
    source = nb.alone(cell).source
    read = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    assert (read & set(imports(nb.setup.source))) <= set(imports(source))
    if "recipe" in cell.tags:
        assert source == cell.source, "a recipe has all its imports"


def test_ruff_finds_nothing_to_sort_in_them():
    command = [sys.executable, "-m", "ruff", "check", "--select", "I", "--stdin-filename", "tests/test_one.py", "-"]
    parts = "\n\n\n".join(f"if True:\n    pass\n\n{nb.alone(cell).source}\n" for nb, cell in CELLS)
    done = subprocess.run(command, input=parts, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_tool_moves_what_two_sections_import_and_nothing_twice(tmp_path):
    nb = NOTEBOOKS[1]
    data = json.loads(nb.path.read_text(encoding="utf-8"))
    checks = [cell for cell in data["cells"] if "check" in cell["metadata"].get("tags", ())]
    for cell in (checks[0], checks[-1]):  # of two sections
        cell["source"] = ["from gradio.media import get_file\n", "import re\n", "\n", "get_file, re\n", *cell["source"]]
    path = tmp_path / nb.path.name
    path.write_text(json.dumps(data))
    found = [v for v in rules.violations(collection.Notebook(path), ["setup"])]
    assert sorted(v.cell.id for v in found) == sorted(["setup", checks[0]["id"], checks[-1]["id"]])
    after = tool.mended(collection.Notebook(path))
    assert "import get_file\n" in after["setup"]
    assert "import get_file" not in after[checks[0]["id"]]
    assert "import re\n" in after[checks[0]["id"]]  # Python's own stay where they are
    tool.write(collection.Notebook(path), after)
    assert not tool.mended(collection.Notebook(path))


def test_a_name_of_two_meanings_stays_in_its_cells(tmp_path):
    nb = NOTEBOOKS[1]
    data = json.loads(nb.path.read_text(encoding="utf-8"))
    checks = [cell for cell in data["cells"] if "check" in cell["metadata"].get("tags", ())]
    for cell in (checks[0], checks[-1]):
        cell["source"] = ["from gradio.media import get_file\n", "\n", "get_file\n", *cell["source"]]
    checks[1]["source"] = ["get_file = 1\n", *checks[1]["source"]]
    (tmp_path / nb.path.name).write_text(json.dumps(data))
    assert not tool.mended(collection.Notebook(tmp_path / nb.path.name))
