"""The README's indexes say what the notebooks say."""

import re

import pytest

from gradio_patterns import collection
from tools import index, notebooks


def test_readme_is_up_to_date():
    there = index.README.read_text(encoding="utf-8")
    assert there == index.render(there, collection.load_all(notebooks.ROOT / "notebooks")), "`make index` mends it"


def test_every_recipe_and_every_symptom_is_in_the_readme():
    readme = index.README.read_text(encoding="utf-8")
    for notebook in collection.load_all(notebooks.ROOT / "notebooks"):
        for recipe in notebook.recipes:
            assert f"`{recipe.name}`" in readme
        for section in notebook.sections:
            for symptom in section.symptoms:
                assert index._in_table(symptom) in readme


def test_its_install_line_has_the_repositorys_address():
    readme = index.README.read_text(encoding="utf-8")
    assert f"git+{notebooks.REPOSITORY}" in readme
    assert set(re.findall(r"git\+(https://[^\s\"`]+)", readme)) == {notebooks.REPOSITORY}


def test_its_links_lead_to_files():
    readme = index.README.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", readme)
    assert links
    assert [link for link in links if not (notebooks.ROOT / link).exists()] == []


def test_markers_that_are_missing_are_named():
    with pytest.raises(ValueError, match="recipes:begin"):
        index.render("# A README without markers\n", collection.load_all(notebooks.ROOT / "notebooks"))
