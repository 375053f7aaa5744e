"""The files of deploy/ and the texts of notebook 05 are the same, so that what the notebook shows is what runs."""

import re
from pathlib import Path

import pytest

from gradio_patterns import collection

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
NOTEBOOK = collection.load("05_deploy")
APPS = {"container": "container", "space": "space", "cluster": "scale-out"}
STRINGS = {
    "proxy.conf": "behind-nginx-check",
    "nginx.conf": "behind-nginx-check",
    "nginx-replicas.conf": "replicas-check",
}
BESIDE = {  # with the tests that read them
    "compose.yaml": "test_container.py",
    "container/Dockerfile": "test_container.py",
    "container/.dockerignore": "test_container.py",
    "container/requirements.txt": "test_container.py",
    "space/README.md": "test_space.py",
    "space/requirements.txt": "test_space.py",
}


@pytest.mark.parametrize(("folder", "recipe"), APPS.items())
def test_the_app_is_the_recipe(folder, recipe):
    assert (DEPLOY / folder / "app.py").read_text() == NOTEBOOK.cell(recipe).source + "\n"


@pytest.mark.parametrize("name", STRINGS)
def test_the_file_has_every_line_that_the_notebook_runs(name):
    """In the same order, and more around them: what a whole machine needs, and a notebook's check does not."""
    texts = re.findall(r'"""\n(.*?)"""', NOTEBOOK.cell(STRINGS[name]).source, re.DOTALL)
    wanted = re.compile(r"^proxy_buffering" if name == "proxy.conf" else r"^\s+listen", re.MULTILINE)
    (text,) = [text for text in texts if wanted.search(text)]
    shown = [line.strip() for line in text.splitlines() if line.strip()]
    assert len(shown) > 5
    lines = iter([line.strip() for line in (DEPLOY / name).read_text().splitlines()])
    assert not [line for line in shown if line not in lines]  # each is looked for behind the one before


def test_every_file_is_accounted_for():
    """A file that nothing runs says so in its first line; a new one has to be added here with its test."""
    known = {*BESIDE, *STRINGS, *(f"{folder}/app.py" for folder in APPS)}
    files = {path.relative_to(DEPLOY).as_posix() for path in DEPLOY.rglob("*") if path.is_file()}
    assert {file for file in files if "__pycache__" not in file} == known
