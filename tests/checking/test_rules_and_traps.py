"""Each rule is proved by a trap of the notebooks, and keeps quiet about every recipe."""

import ast
from pathlib import Path

import pytest

from gradio_patterns import collection
from gradio_patterns.checking import RULES
from gradio_patterns.checking.engine import check_text
from gradio_patterns.checking.findings import lesson
from gradio_patterns.checking.source import Text
from tests.checking.untold import UNTOLD
from tools.checks import PAGE, render

# Rules that no trap cell has: what is proved about them stands in the other files here.
WITHOUT_TRAP = {
    "allowed-paths": "the kit's `serve` is the launch there",
    "everything-allowed": "tests/checking/test_check.py::test_each_rule_strikes_its_example",
    "counted-endpoint": "tests/checking/test_check.py::test_each_rule_strikes_its_example",
    "variable-required": "tests/checking/test_check.py::test_each_rule_strikes_its_example",
    "public-link": "tests/checking/test_check.py::test_each_rule_strikes_its_example",
    "sleeps-on-the-loop": "tests/checking/test_check.py::test_each_rule_strikes_its_example",
    "removed-option": "tests/checking/test_moved.py",
    "removed-name": "tests/checking/test_moved.py",
    "style-is-gone": "tests/checking/test_moved.py",
    "moved-to-launch": "tests/checking/test_moved.py",
    "endpoint-switched-off": "tests/checking/test_moved.py",
}


def programs(cell: collection.Cell) -> list[str]:
    """The programs in the texts of a cell: some traps start one."""
    texts = [
        n.value for n in ast.walk(ast.parse(cell.source)) if isinstance(n, ast.Constant) and isinstance(n.value, str)
    ]
    return [text for text in texts if text.strip().startswith("import ")]


def found_in(notebook: collection.Notebook, section: collection.Section, trap: collection.Cell) -> set[str]:
    """The rules of the section's recipe that strike in a trap; later traps use what the earlier ones have made."""
    before = "".join(cell.source + "\n" for cell in section.traps[: section.traps.index(trap)])
    trap = notebook.alone(trap)
    here = [one for one in check_text(Text(Path(trap.id), before + trap.source)) if one.line > before.count("\n")]
    here += [one for text in programs(trap) for one in check_text(Text(Path(trap.id), text))]
    return {one.rule for one in here if one.recipe == section.name}


@pytest.fixture(scope="module")
def struck() -> dict[str, set[str]]:
    notebooks = collection.load_all()
    return {t.id: found_in(nb, section, t) for nb in notebooks for section in nb.sections for t in section.traps}


def test_every_trap_is_found_or_listed_with_a_reason(struck):
    missed = {name for name, rules in struck.items() if not rules}
    assert missed - UNTOLD.keys() == set(), "write a rule, or say in untold.py why the source does not tell"
    assert UNTOLD.keys() - missed == set(), "a rule tells it now, or the trap is gone: take it off the list"


def test_every_rule_is_proved_by_a_trap(struck):
    proved = set().union(*struck.values())
    unproved = {rule.name for rule in RULES.values() if not rule.built} - proved
    assert unproved <= WITHOUT_TRAP.keys(), unproved - WITHOUT_TRAP.keys()


def test_no_rule_strikes_in_a_recipe():
    found = [
        (recipe.name, one.line, one.rule)
        for notebook in collection.load_all()
        for recipe in notebook.recipes
        for one in check_text(Text(Path(recipe.name), recipe.source))
    ]
    assert found == []


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_the_words_are_the_notebooks(rule):
    symptom, cure = lesson(rule.recipe, rule.see)
    assert rule.see in symptom, f"{rule.recipe} has no symptom with {rule.see!r} any more"
    assert cure
    assert symptom not in rule.finds


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == render(), "`python -m tools.checks` mends it"
