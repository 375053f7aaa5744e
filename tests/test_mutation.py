"""Mutation: the breaks are those that are meant, each in one place, and the judges tell which are seen."""

import ast
import contextlib
import functools
import os
import random
import textwrap

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from gradio_patterns import collection
from gradio_patterns.collection import Notebook
from tools import today
from tools.mutation import __main__ as main
from tools.mutation import explained, report, second
from tools.mutation.judge import NotGreen, judge
from tools.mutation.mutants import Mutant, mutants

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


SAME = {  # a program, and what breaks it: what is left out would be the same program, or show on the page only
    "if a is None: ...": {"invert: if a is None: ..."},
    "if a < b < 4: ...": {
        "invert: if a < b < 4: ...",
        "reverse < b: if a < b < 4: ...",
        "reverse < 4: if a < b < 4: ...",
        "change number 4: if a < b < 4: ...",
    },
    "x = b.click(add, one, api_name='add')": {"drop api_name=: b.click(add, one, api_name='add')"},
    'x = b.click(add, one, api_name="add")': set(),
    'x = gr.on([b.click, c.submit], add, one, api_name="add")': set(),
    'x = b.click(add, one, api_name="more")': {'drop api_name=: b.click(add, one, api_name="more")'},
    "x = gr.Slider(0, 20, 4, step=5)": {
        "change number 0: x = gr.Slider(0, 20, 4, step=5)",
        "change number 20: x = gr.Slider(0, 20, 4, step=5)",
    },
    "x = gr.Number(6)": set(),
    "def f():\n    return gr.Number(6)": {"change number 6: return gr.Number(6)"},
    "x = ask(timeout=3, lines=4), time.sleep(2)": set(),
    "try: ...\nfinally:\n    free()": {"drop statement: free()"},
    "# why\nadd()": {"drop statement: add()"},
    "gr.Markdown('Add something.')": set(),
    "x = gr.Textbox(interactive=False)\ny = b.click(add, None, [x, z])": set(),
    "y = b.click(add, None, gr.Textbox(interactive=False))": set(),
    "x, z = gr.Textbox(interactive=False), y\nwhy = b.click(None, None, x)": set(),
    "x = gr.Textbox(interactive=False)\ny = b.click(add, x, [x, z])": {
        "drop interactive=: gr.Textbox(interactive=False)"
    },
    "x = gr.Textbox(interactive=False)\ny = gr.on(b.click, add, x, z)": {
        "drop interactive=: gr.Textbox(interactive=False)"
    },
    "x = gr.Textbox(interactive=False)": {"drop interactive=: gr.Textbox(interactive=False)"},
}


@pytest.mark.parametrize("program", SAME)
def test_what_changes_nothing_is_no_mutant(program):
    assert {mutant.key for mutant in mutants(program)} == SAME[program]


# --- explanations ---


def unused(reasons: dict, recipes: list) -> list[str]:
    """The lines that mean no mutant of these recipes."""
    broken = functools.cache(
        lambda number: mutants(recipes[number].source)
    )  # 90 recipes take a while: no more than asked

    def means(where: str, line: str) -> bool:
        places = [number for number, recipe in enumerate(recipes) if where in ("every", recipe.id)]
        return any(explained.names(line, mutant) for number in places for mutant in broken(number))

    return [f"{where}: {line}" for where, lines in reasons.items() for line in lines if not means(where, line)]


def test_every_explanation_means_a_mutant():
    reasons = explained.explained()
    recipes = [recipe for notebook in collection.load_all() for recipe in notebook.recipes]
    assert unused(reasons, recipes) == []
    assert all(len(why.split()) > 2 for lines in reasons.values() for why in lines.values())


def test_an_explanation_without_a_mutant_is_found(tmp_path):
    [recipe] = notebook_of(tmp_path, "b.click(add, timeout=3, state=4)", "1").recipes
    good = {"every": {"drop state=": "w", "change number 4": "w", "drop state=: b.click(add*": "w"}}
    bad = {
        "every": {"drop stat": "w", "drop state=: b.clic": "w"},
        recipe.id: {"drop": "w"},
        "99_no::such": {"drop": "w"},
    }
    assert unused(good, [recipe]) == []
    assert len(unused(bad, [recipe])) == 4


def test_a_reason_is_that_of_the_recipe_before_that_of_all(tmp_path):
    [recipe] = notebook_of(tmp_path, "b.click(add, state=4)", "1").recipes
    reasons = {"every": {"drop state=": "for all"}, recipe.id: {"drop state=": "for this"}}
    assert explained.reason(recipe, Mutant("drop state=: b.click(add, state=4)", 1, ""), reasons) == "for this"
    assert explained.reason(recipe, Mutant("drop statement: b.click(add, state=4)", 1, ""), reasons) == ""


# --- the second judges ---

TESTS = """
import pytest

NAMES = ["double", "treble"]

@pytest.fixture
def demo(imported):
    return imported("99_invented", "double")

def asked(demo): ...
def test_fixture(demo): ...
def test_function(other): asked(other)
def test_constant(): print(NAMES)
def test_itself(imported): imported("99_invented", "double")
def test_another(imported): imported("99_invented", "doubles")
def test_nothing(imported): ...
class TestClass:
    def test_in_it(self): "double"
"""


def test_the_tests_of_a_recipe_are_those_that_name_it(tmp_path, monkeypatch):
    [recipe] = notebook_of(tmp_path, "b.click(add)", "1").recipes
    (tmp_path / "tests" / "browser").mkdir(parents=True)
    (tmp_path / "tests" / "test_99_invented.py").write_text(TESTS)
    (tmp_path / "tests" / "browser" / "test_99_invented.py").write_text("def test_page(recipe): recipe('x', 'double')")
    monkeypatch.setattr(second, "ROOT", tmp_path)
    assert [name.rpartition("::")[2] for name in second.tests_of(recipe)] == [
        *("test_fixture", "test_constant", "test_itself"),
        "test_page",
    ]


@pytest.mark.slow
def test_a_test_that_looks_kills_and_one_that_does_not_lets_live(tmp_path):
    notebook = notebook_of(tmp_path, "def double(number):\n    return number * 2", "1")
    (tmp_path / "test_it.py").write_text(
        textwrap.dedent("""
        from gradio_patterns import collection
        from gradio_patterns.testing.waiting import PATIENCE

        def names():
            exec(collection.recipe("double").source, found := {})
            return found

        def test_sees():
            assert names()["double"](4) == 8
            assert PATIENCE < 60  # a browser test that waits in vain ends sooner

        def test_does_not():
            names()["double"](4)

        def test_red():
            assert False
        """)
    )
    [recipe] = notebook.recipes
    [broken] = mutants(recipe.source)
    kept = dict(os.environ)
    os.environ["GRADIO_PATTERNS_NOTEBOOKS"] = str(tmp_path)
    try:
        verdicts = {
            name: second.Tests(recipe, [f"{tmp_path}/test_it.py::{name}"]).verdict(broken.source)
            for name in ("test_sees", "test_does_not")
        }
        assert verdicts["test_sees"].endswith("test_it.py::test_sees")
        assert verdicts["test_does_not"] == ""
        assert second.Tests(recipe, []).verdict(broken.source) == ""
        with pytest.raises(NotGreen, match="is red as it is"):
            second.Tests(recipe, [f"{tmp_path}/test_it.py::test_red"]).verdict(broken.source)
        endless = second.Tests(recipe, [f"{tmp_path}/test_it.py::test_sees"])
        endless.seconds = 15
        assert endless.verdict("while True: ...") == "no end within 15 s"
        with pytest.raises(RuntimeError, match="did not run"):
            second.Tests(recipe, [f"{tmp_path}/test_it.py::test_no"]).verdict(broken.source)
    finally:
        os.environ.clear()
        os.environ.update(kept)


# --- the report ---


def row(recipe, mutants, alive, date):
    return report.Row(recipe, mutants, mutants - alive - 2, 1, 1, alive, date, "gradio 6.31.0, Python 3.11.7")


def test_a_report_keeps_the_rows_of_what_was_not_run(tmp_path):
    page, order = tmp_path / "mutation.md", ["01_a::one", "01_a::two", "02_b::three"]
    assert report.rows(page) == {}
    report.write(row("02_b::three", 9, 1, "2026-01-01"), ["02_b::three, line 4: drop label=: a | b"], order, page)
    report.write(row("01_a::one", 8, 2, "2026-02-02"), ["01_a::one, line 1: x", "01_a::one, line 2: y"], order, page)
    report.write(row("01_a::one", 7, 0, "2026-03-03"), [], order, page)
    assert list(report.rows(page).values()) == [
        row("01_a::one", 7, 0, "2026-03-03"),
        row("02_b::three", 9, 1, "2026-01-01"),
    ]
    assert report.alive(page) == {"02_b::three": ["02_b::three, line 4: drop label=: a | b"]}
    assert "2 of 3 recipes: 16 mutants, 11 killed by checks, 2 by tests, 2 explained, 1 alive." in page.read_text()
    report.write(row("01_a::one", 7, 0, "2026-03-03"), [], order[:2], page)  # a recipe that is gone
    assert [*report.rows(page)] == ["01_a::one"]
    assert report.alive(page) == {}


def test_the_page_adds_up():
    known = {recipe.id for notebook in collection.load_all() for recipe in notebook.recipes}
    for name, one in report.rows().items():
        assert name in known
        assert one.mutants == one.by_checks + one.by_tests + one.explained + one.alive
        assert len(report.alive().get(name, [])) == one.alive


# --- the command ---


@pytest.fixture
def command(tmp_path, monkeypatch):
    """The command on one recipe, with judges that read the mutant: its exit status, and what it reports."""
    notebook_of(tmp_path, "def double(n):\n    return n * 2, n + 3\n\n\nb.click(double, state=4)", "1")
    monkeypatch.setenv("GRADIO_PATTERNS_NOTEBOOKS", str(tmp_path))
    reported = []

    class Fake:
        def __init__(self, recipe=None, names=None):
            self.off = names == []

        def patience(self, recipe):
            return 1

        def verdict(self, *given):
            source = max((one for one in given if isinstance(one, str)), key=len)
            unseen = ["n * 4", "n + 6"] if len(given) > 1 else ["n + 6"]
            return "" if self.off or any(text in source for text in unseen) else "red"

    monkeypatch.setattr(main, "judge", lambda notebook: contextlib.nullcontext(Fake()))
    monkeypatch.setattr(main, "Tests", Fake)
    monkeypatch.setattr(main, "explained", lambda: {"every": {"swap": "nobody could see it"}})
    monkeypatch.setattr(report, "write", lambda row, lines, order: reported.append((row, lines, order)))

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["mutation", *arguments])
        return main.main(), reported

    return run


def test_the_command_counts_what_each_judge_has_seen(command, capsys):
    status, [(counted, lines, order)] = command("99_invented", "--tests", "--report")
    assert status == 1
    assert (counted.mutants, counted.by_checks, counted.by_tests, counted.explained, counted.alive) == (6, 3, 1, 1, 1)
    assert lines == ["99_invented::double, line 2: change number 3: return n * 2, n + 3"]
    assert order == ["99_invented::double"]
    assert "6 mutants, 3 killed by checks, 1 by tests, 1 explained, 1 alive" in capsys.readouterr().out


def test_the_command_asks_no_tests_unless_told(command, capsys):
    assert command("double") == (1, [])
    assert "6 mutants, 3 killed by checks, 0 by tests, 1 explained, 2 alive" in capsys.readouterr().out


def test_a_sample_is_not_reported(command):
    with pytest.raises(SystemExit):
        command("--sample", "2", "--report")


# --- the judges ---


@pytest.mark.parametrize("notebook", collection.load_all()[:1], ids=lambda notebook: notebook.name)
def test_every_mutant_of_a_recipe_is_a_program(notebook):
    for recipe in notebook.recipes[:2]:
        broken = mutants(recipe.source)
        assert broken
        assert len({mutant.source for mutant in broken}) > len(broken) / 2
        for mutant in broken:
            ast.parse(mutant.source)


def notebook_of(folder, recipe: str, check: str, trap: str = "assert 'double' not in globals()") -> Notebook:
    cells = [
        new_code_cell("import math", id="setup", metadata={"tags": ["setup"]}),
        new_markdown_cell("## Double", id="double-text"),
        new_code_cell(trap, id="double-trap", metadata={"tags": ["trap"]}),
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


@pytest.mark.slow
def test_a_trap_runs_only_if_a_check_reads_what_it_defines(tmp_path):
    recipe = "def double(number):\n    return number * 2"
    for check in ("assert double(4) == eight", "assert double(4) == 8 and 'eight' not in globals()"):
        notebook = notebook_of(tmp_path, recipe, check, trap="eight = 8")
        with judge(notebook) as one:
            seconds = one.patience(notebook.recipes[0])
            assert [bool(one.verdict(notebook.recipes[0], text, seconds)) for text in (recipe, recipe + " * 2")] == [
                False,
                True,
            ]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_its_checks_killed_they_kill_still():
    """Four mutants of the day's recipe, of those whose row says that nothing is left to tests, and nothing alive."""
    clean = [name for name, one in report.rows().items() if not one.by_tests and not one.alive]
    recipe = collection.recipe(today.one(clean).partition("::")[2])
    reasons = explained.explained()
    broken = [mutant for mutant in mutants(recipe.source) if not explained.reason(recipe, mutant, reasons)]
    chosen = random.Random(os.environ["GRADIO_PATTERNS_DAY"]).sample(broken, min(4, len(broken)))
    with judge(recipe.notebook) as one:
        seconds = one.patience(recipe)
        assert [mutant.key for mutant in chosen if not one.verdict(recipe, mutant.source, seconds)] == []
