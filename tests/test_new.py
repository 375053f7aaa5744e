"""A recipe's cells from the template: they keep the rules, run, and change nothing else."""

import json
import subprocess
import sys

import nbformat
import pytest

from gradio_patterns.collection import Notebook
from tests.test_suite import sample
from tools import alone, new, notebooks, rules

pytestmark = pytest.mark.slow


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "10_sample.ipynb"
    path.write_text(json.dumps(sample(path.name), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def run(path, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "tools.new", *arguments],
        cwd=notebooks.ROOT,
        env={"GRADIO_PATTERNS_NOTEBOOKS": str(path.parent)},
        capture_output=True,
        text=True,
    )


def test_the_cells_stand_before_the_folklore_and_nothing_else_changes(path):
    before = path.read_text(encoding="utf-8")
    new.add(path, "my-recipe")
    ids = [cell.id for cell in Notebook(path).cells]
    assert ids[-5:] == ["my-recipe-text", "my-recipe-trap", "my-recipe", "my-recipe-check", "folklore"]
    data = json.loads(path.read_text(encoding="utf-8"))
    del data["cells"][-5:-1]
    assert json.dumps(data, indent=1, ensure_ascii=False) + "\n" == before


def test_only_the_todos_are_left_to_the_rules(path):
    new.add(path, "my-recipe")
    found = rules.violations(Notebook(path))
    assert {violation.rule for violation in found} == {"finished"}
    assert [v.cell.id for v in found] == ["my-recipe-text", "my-recipe-trap", "my-recipe", "my-recipe-check"]


def test_the_recipe_is_called_as_its_metadata_says(path):
    new.add(path, "my-recipe")
    report = alone.run(Notebook(path).recipe("my-recipe"))
    assert report.answer, report
    assert (report.answer.called, report.answer.result) == ("/my_recipe", 4)


def test_the_section_runs_after_the_set_up(path):
    new.add(path, "my-recipe")
    data = nbformat.read(path, as_version=4)
    data.cells = [cell for cell in data.cells if cell.id == "setup" or cell.id.startswith("my-recipe")]
    nbformat.write(data, path)
    command = [sys.executable, "-m", "pytest", "-q", "--nbmake", "-p", "no:cacheprovider", path.name]
    done = subprocess.run(command, cwd=path.parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("own-cart", "10_sample.ipynb has a recipe 'own-cart' already"),
        ("Own Cart", "cannot be a recipe's name"),
        ("own-cart-check", "cannot be a recipe's name"),
        ("2-carts", "cannot be a recipe's name"),
    ],
)
def test_a_name_that_is_taken_or_wrong_changes_nothing(path, name, words):
    before = path.read_text(encoding="utf-8")
    done = run(path, path.stem, name)
    assert done.returncode == 1
    assert words in done.stdout
    assert path.read_text(encoding="utf-8") == before


def test_a_name_that_another_notebook_has_is_taken(path, tmp_path):
    other = tmp_path / "11_other.ipynb"
    other.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    new.add(other, "my-recipe")
    with pytest.raises(ValueError, match=r"11_other\.ipynb has a recipe 'my-recipe'"):
        new.add(path, "my-recipe")


def test_a_notebook_that_is_not_there_is_answered_with_those_there_are(path):
    done = run(path, "02_nothing", "my-recipe")
    assert done.returncode == 1
    assert "there are: 10_sample" in done.stdout


def test_it_says_what_to_do_next(path):
    done = run(path, path.stem, "my-recipe")
    assert done.returncode == 0, done.stderr
    for command in ("tools.rules", "tools.sections", "tools.alone", "make format index test"):
        assert command in done.stdout
    assert f"{path} my-recipe" in done.stdout
