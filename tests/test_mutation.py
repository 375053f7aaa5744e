"""Mutation: the breaks are those that are meant, each in one place, and the judges tell which are seen."""

import ast

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from gradio_patterns import collection
from gradio_patterns.collection import Notebook
from tools.mutation.judge import NotGreen, judge
from tools.mutation.mutants import mutants

PROGRAM = """\
import threading

lock = threading.Lock()


@staticmethod
def order(count, name=None, title="x"):
    if count < 1:  # nothing to order
        raise ValueError("Order one or more.")
    with lock:
        print(count, end="", flush=True)
    try:
        return name, count
    finally:
        lock.release()
"""
BREAKS = {
    "drop decorator: @staticmethod": "\ndef order",
    "guard off: if count < 1:  # nothing to order": "if False:  # nothing to order",
    "invert: if count < 1:  # nothing to order": "if not (count < 1):  # nothing to order",
    "change number 1: if count < 1:  # nothing to order": "if count < 2:",
    "no lock: with lock:": "if True:\n        print(",
    'drop statement: print(count, end="", flush=True)': "with lock:\n        pass",
    'drop end=: print(count, end="", flush=True)': "print(count, flush=True)",
    'drop flush=: print(count, end="", flush=True)': 'print(count, end="")',
    "swap: return name, count": "return count, name",
    "drop statement: lock.release()": "finally:\n        pass",
}


def test_every_break_is_made_once_and_changes_nothing_else():
    made = {mutant.key: mutant for mutant in mutants(PROGRAM)}
    assert made.keys() == BREAKS.keys()
    for key, text in BREAKS.items():
        assert text in made[key].source, key
        lines = set(PROGRAM.splitlines()) ^ set(made[key].source.splitlines())
        assert 1 <= len(lines) <= 3, key


def test_the_same_words_twice_are_two_mutants():
    assert [mutant.key for mutant in mutants("a = (1, 1)\n")] == [
        "change number 1: a = (1, 1)",
        "change number 1: a = (1, 1) (2)",
    ]


@pytest.mark.parametrize("notebook", collection.load_all()[:1], ids=lambda notebook: notebook.name)
def test_every_mutant_of_a_recipe_is_a_program(notebook):
    for recipe in notebook.recipes[:2]:
        broken = mutants(recipe.source)
        assert broken
        assert len({mutant.source for mutant in broken}) > len(broken) / 2
        for mutant in broken:
            ast.parse(mutant.source)


def notebook_of(folder, recipe: str, check: str) -> Notebook:
    cells = [
        new_code_cell("import math", id="setup", metadata={"tags": ["setup"]}),
        new_markdown_cell("## Double", id="double-text"),
        new_code_cell(recipe, id="double", metadata={"tags": ["recipe"]}),
        new_code_cell(check, id="double-check", metadata={"tags": ["check"]}),
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(cells=cells, metadata=kernel), folder / "99_invented.ipynb")
    return Notebook(folder / "99_invented.ipynb")


@pytest.mark.slow
def test_a_check_that_looks_kills_and_one_that_does_not_lets_live(tmp_path):
    recipe = "def double(number):\n    if number < 0:\n        raise ValueError('no')\n    return number * 2"
    zero = "change number 0: if number < 0:"
    sees = "assert double(4) == 8\ntry:\n    double(-1)\nexcept ValueError:\n    pass\nelse:\n    assert False"
    for check, alive in ((sees, {zero}), ("double(4)", {zero, "change number 2: return number * 2"})):
        notebook = notebook_of(tmp_path, recipe, check)
        with judge(notebook) as one:
            seconds = one.patience(notebook.recipes[0])
            verdicts = {m.key: one.verdict(notebook.recipes[0], m.source, seconds) for m in mutants(recipe)}
            assert alive <= {key for key, red in verdicts.items() if not red}
            assert ("guard off: if number < 0:" in {key for key, red in verdicts.items() if red}) == (check == sees)
            assert one.verdict(notebook.recipes[0], recipe.replace("return", "while True: pass #"), 2) == (
                "no end within 2 s"
            )
    with judge(notebook_of(tmp_path, recipe, "assert double(4) == 9")) as one, pytest.raises(NotGreen, match="is red"):
        one.patience(Notebook(tmp_path / "99_invented.ipynb").recipes[0])
