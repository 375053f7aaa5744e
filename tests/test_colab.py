"""A notebook as a Colab reader runs it: alone in an empty folder, in an environment that is not ours.

`make test-all` takes the first notebook, `make test-every` each of them.

The environment stands for Colab's of August 2026: torch, transformers, pillow and numpy are there, an older
Gradio too, `google.colab` is loaded before the first cell runs, and this project is not installed. The
project is reached through git at its published address, which is mapped onto a copy of this checkout.

What this cannot cover: Colab's own Python (3.13) and torch, the download of the models from the Hub (the
packages that carry them are installed here), and Gradio's share link and frame, which only Colab shows.
"""

import json
import re
import shutil
import subprocess
import textwrap
from pathlib import Path

import pytest

from gradio_patterns import collection
from tools import today
from tools.installing import at_its_address, environment, make_environment, run_uv

ROOT = Path(__file__).resolve().parent.parent
UNTOUCHED = {"torch": "2.13.0", "transformers": "5.15.*", "pillow": "11.3.*", "numpy": "2.1.*"}
THERE_BEFORE = ["gradio==6.24.*", *(f"{name}=={version}" for name, version in UNTOUCHED.items())]
THERE_BEFORE += ["ipykernel", "nbclient", "pandas==2.2.*", "matplotlib", "httpx", "pytest"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def run(*command, **options) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def colab(tmp_path_factory):
    """The stand-in's Python: an environment of its own for each notebook, and not in the folder where that runs."""
    python = make_environment(tmp_path_factory.mktemp("colab") / "env", *THERE_BEFORE)
    run_uv("pip", "install", "--python", python, "--no-deps", "--require-hashes", "--requirement", ROOT / "models.txt")
    site = Path(run(python, "-c", "import site; print(site.getsitepackages()[0])").strip())
    (site / "google" / "colab").mkdir(parents=True)
    (site / "google" / "colab" / "__init__.py").write_text("")
    (site / "colab.pth").write_text("import google.colab\n")  # Colab loads it before the first cell
    return python


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The environment in which git finds this checkout at the published address."""
    return environment() | at_its_address(tmp_path_factory.mktemp("git") / "published")


def versions(python) -> dict[str, str]:
    listed = json.loads(run(python, "-m", "pip", "list", "--format=json", "--disable-pip-version-check"))
    return {package["name"].lower(): package["version"] for package in listed}


def execute(python, notebook: Path, env) -> subprocess.CompletedProcess:
    """Run all cells of `notebook` in its folder, with the kernel of `python`."""
    program = textwrap.dedent(
        """
        import sys, nbformat, nbclient
        notebook = nbformat.read(sys.argv[1], as_version=4)
        nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
        """
    )
    return subprocess.run(
        [str(python), "-c", program, notebook.name], cwd=notebook.parent, env=env, capture_output=True, text=True
    )


def test_without_its_first_cell_a_notebook_fails(colab, published, tmp_path):
    notebook = collection.load_all()[0]
    cells = [cell for cell in notebook.data["cells"] if cell["id"] != notebook.setup.id]
    copy = tmp_path / notebook.path.name
    copy.write_text(json.dumps({**notebook.data, "cells": cells}))
    done = execute(colab, copy, published)
    assert done.returncode != 0
    assert "NameError: name 'gr' is not defined" in re.sub(r"\x1b\[[\d;]*m", "", done.stderr)


@pytest.mark.parametrize("notebook", today.weekly())
def test_the_first_cell_installs_and_the_rest_runs_unchanged(notebook, colab, published, tmp_path):
    before = versions(colab)
    done = execute(colab, Path(shutil.copy(notebook.path, tmp_path)), published)
    assert done.returncode == 0, done.stderr[-5000:]
    after = versions(colab)
    assert {name: after[name] for name in UNTOUCHED} == {name: before[name] for name in UNTOUCHED}
    assert after["gradio"] != before["gradio"]
    assert "gradio-patterns" in after
