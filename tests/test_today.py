"""What is tested on some days only: everything has its turn, and all of it when asked for."""

import pytest

from gradio_patterns import collection
from tools import today

NOTEBOOKS = {notebook.name for notebook in collection.load_all()}


def turn() -> set[str]:
    return {parameter.id for parameter in today.notebooks(3) if not parameter.marks}


@pytest.fixture(autouse=True)
def no_wish(monkeypatch):
    monkeypatch.setattr(today, "EVERY", False)


def test_in_so_many_days_everything_has_one_turn(monkeypatch):
    recipes, notebooks = [], []
    for day in range(739_000, 739_030):
        monkeypatch.setenv("GRADIO_PATTERNS_DAY", str(day))
        recipes += today.recipes(10)
        notebooks += turn()
    every = [recipe.id for notebook in collection.load_all() for recipe in notebook.recipes]
    assert sorted(recipes) == sorted(3 * every)
    assert sorted(notebooks) == sorted(10 * [*NOTEBOOKS])  # in thirty days


def test_one_a_day_is_each_in_turn(monkeypatch):
    chosen = []
    for day in range(739_000, 739_006):
        monkeypatch.setenv("GRADIO_PATTERNS_DAY", str(day))
        chosen.append(today.one(["a", "b", "c"]))
    assert sorted(chosen) == ["a", "a", "b", "b", "c", "c"]


def test_all_have_their_turn_when_asked_for(monkeypatch):
    monkeypatch.setattr(today, "EVERY", True)
    assert turn() == NOTEBOOKS
    assert {parameter.id for parameter in today.weekly() if not parameter.marks} == NOTEBOOKS
