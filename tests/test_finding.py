"""The search: what people paste finds its recipe, and what has none is told so."""

from pathlib import Path

import pytest

from gradio_patterns import collection, finding
from gradio_patterns.asked import ASKED

tomllib = pytest.importorskip("tomllib", reason="of Python 3.11")
SYMPTOMS = tomllib.loads((Path(__file__).parent / "symptoms.toml").read_text())


@pytest.fixture(scope="module")
def index() -> finding.Index:
    return finding.Index(collection.load_all())


def answered(index, symptom) -> bool:
    found = [one.name for one in index.find(symptom["text"])]
    return bool(set(found[:3]) & set(symptom["find"])) if symptom["find"] else not found


@pytest.mark.parametrize(("which", "at_least"), [("tuned", 0.9), ("held_out", 0.85)])
def test_most_symptoms_find_their_recipe_among_the_first_three(index, which, at_least):
    symptoms = SYMPTOMS[which]
    missed = [s["text"].strip().splitlines()[-1] for s in symptoms if not answered(index, s)]
    assert 1 - len(missed) / len(symptoms) >= at_least, missed


def test_the_symptoms_name_recipes_that_there_are():
    names = {recipe.name for notebook in collection.load_all() for recipe in notebook.recipes}
    wanted = {name for symptoms in SYMPTOMS.values() for s in symptoms for name in s["find"]}
    assert wanted <= names
    assert len(SYMPTOMS["tuned"]) >= 24
    assert len(SYMPTOMS["held_out"]) >= 12


def test_every_section_is_found_by_its_own_symptoms(index):
    missed = [
        section.name
        for _, section in index.sections
        if section.name not in [one.name for one in index.find(" · ".join(section.symptoms))[:1]]
    ]
    assert not missed


def test_a_misspelt_word_and_an_older_one_find_the_same(index):
    # Several recipes quote this one, so their order may change.
    wrong, right = (
        {one.name for one in index.find(f"{text} out")[:2]} for text in ("conection erored", "connection errored")
    )
    assert wrong & right
    assert index.find("asinc handler freezs the page")[0].name == "never-block-the-loop"
    assert "ticker" in [one.name for one in index.find("got an unexpected keyword argument 'every'")[:2]]


def test_paths_ids_and_numbers_change_nothing(index):
    text = "InvalidPathError: Cannot move {} to the gradio cache dir because it was not created by the application"
    here, there = (index.find(text.format(path)) for path in ("/home/ada/7/out.wav", r"D:\runs\0x7f3c2c1d2e90\out.png"))
    assert [one.name for one in here[:1]] == [one.name for one in there[:1]] == ["not-allowed"]


def test_of_a_traceback_the_error_counts():
    text = "Traceback (most recent call last):\n  File \"a.py\", line 3, in cart\n    x()\nKeyError: 'API_KEY'\n"
    assert finding.essential(text) == "KeyError: 'API_KEY'"
    assert finding.essential("two lines\nof words") == "two lines\nof words"


@pytest.mark.parametrize("text", ["", "   ", "the and of", "zzzzzz", "12345"])
def test_what_holds_no_known_word_finds_nothing(index, text):
    assert index.find(text) == []


@pytest.mark.parametrize("text", ['"; DROP TABLE section; --', "' OR \"", "NEAR( * ^ state)", "heading: -cart"])
def test_what_means_something_to_the_database_is_a_word_like_others(index, text):
    index.find(text)
    assert index.find("cart that is full on the first visit")[0].name == "own-cart"


def test_every_recipe_has_other_words():
    recipes = [recipe.name for notebook in collection.load_all() for recipe in notebook.recipes]
    assert list(ASKED) == recipes
    assert min(map(len, ASKED.values())) >= 5
