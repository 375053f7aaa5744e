"""docs/recipes.md, docs/symptoms.md, the README's tables and recipes/ say what the notebooks say."""

import re

import pytest

from gradio_patterns import collection
from tools import index, notebooks

COLLECTION = collection.load_all(notebooks.ROOT / "notebooks")
PAGES = index.pages(COLLECTION)
PROSE = [path for path in PAGES if path.suffix == ".md"]


def text_of(path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_page_is_up_to_date(path):
    assert text_of(path) == PAGES[path], "`make index` mends it"


def test_no_program_is_left_of_a_recipe_that_is_no_more():
    assert index.left_over(PAGES) == []


def test_every_recipe_and_every_symptom_is_in_its_index():
    recipes, symptoms = text_of(index.RECIPES), text_of(index.SYMPTOMS)
    for notebook in COLLECTION:
        for recipe in notebook.recipes:
            assert f"({notebooks.recipe_page(recipe.name)}) · `{recipe.name}`" in recipes
        for section in notebook.sections:
            for symptom in section.symptoms:
                assert f"| {index._in_table(symptom)} | " in symptoms


def test_the_readme_is_short_and_shows_a_dozen_symptoms_of_all_sections():
    readme = text_of(index.README)
    assert len(readme.splitlines()) < 150
    shown = {nb.name for nb in COLLECTION for recipe in nb.recipes if f"· `{recipe.name}` |" in readme}
    assert 12 <= len(index.WANTED) <= 16
    assert len(shown) >= 9


def test_a_wanted_recipe_that_is_gone_is_named(monkeypatch):
    monkeypatch.setattr(index, "WANTED", ("own-cart", "no-such-recipe"))
    with pytest.raises(KeyError, match="no-such-recipe"):
        index.wanted_table(COLLECTION)


def test_the_addresses_are_the_repositorys():
    assert re.fullmatch(r"https://[\w-]+\.github\.io/[\w.-]+", notebooks.SITE)
    owner, name = notebooks.REPOSITORY.removeprefix("https://github.com/").split("/")
    assert f"https://{owner}.github.io/{name}" == notebooks.SITE
    for path in PROSE:
        assert set(re.findall(r"https://[\w-]+\.github\.io/[\w.-]+", text_of(path))) == {notebooks.SITE}
    readme = text_of(index.README)
    assert set(re.findall(r"git\+(https://[^\s\"`]+)", readme)) == {notebooks.REPOSITORY}


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.name)
def test_its_links_lead_to_files(path):
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", text_of(path))
    assert links or path == index.SYMPTOMS  # all of whose links lead to the site
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("name", ["notebooks", "symptoms"])
def test_markers_that_are_missing_are_named(name):
    readme = text_of(index.README).replace(f"<!-- {name}:begin -->", "")
    with pytest.raises(ValueError, match=f"{name}:begin"):
        index.render(readme, COLLECTION)
