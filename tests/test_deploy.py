"""The files of deploy/ and the texts of notebook 05 are the same, so that what the notebook shows is what runs."""

import re
from pathlib import Path

import pytest

from gradio_patterns import collection

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
NOTEBOOK = collection.load("05_deploy")
APPS = {"container": "container", "space": "space", "cluster": "scale-out"}
FENCED = {
    "container/Dockerfile": ("container-files-text", "dockerfile"),
    "compose.yaml": ("container-files-text", "yaml"),
    "space/README.md": ("space-files-text", "yaml"),
    "space/requirements.txt": ("space-files-text", "text"),
}
STRINGS = {
    "proxy.conf": "behind-nginx-proxy-conf",
    "nginx.conf": "behind-nginx-conf",
    "nginx-replicas.conf": "replicas-conf",
}


@pytest.mark.parametrize(("folder", "recipe"), APPS.items())
def test_the_app_is_the_recipe(folder, recipe):
    assert (DEPLOY / folder / "app.py").read_text() == NOTEBOOK.cell(recipe).source + "\n"


@pytest.mark.parametrize("name", FENCED)
def test_the_page_shows_the_file(name):
    cell, language = FENCED[name]
    (shown,) = re.findall(rf"^```{language}\n(.*?)^```", NOTEBOOK.cell(cell).source, re.MULTILINE | re.DOTALL)
    assert (DEPLOY / name).read_text() == shown


@pytest.mark.parametrize("name", STRINGS)
def test_the_cell_holds_the_configuration(name):
    (text,) = re.findall(r'r"""\n(.*)"""', NOTEBOOK.cell(STRINGS[name]).source, re.DOTALL)
    assert len(text.splitlines()) > 5
    assert text in (DEPLOY / name).read_text()


def test_every_file_is_accounted_for():
    """A file that nothing runs says so in its first line; a new one has to be added here with its test."""
    known = {*FENCED, *STRINGS, *(f"{folder}/app.py" for folder in APPS)}
    known |= {"container/.dockerignore", "container/requirements.txt"}  # tests/test_container.py
    files = {path.relative_to(DEPLOY).as_posix() for path in DEPLOY.rglob("*") if path.is_file()}
    assert {file for file in files if "__pycache__" not in file} == known
