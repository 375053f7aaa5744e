"""Execute what must be executed, write the pages' sources, and let Sphinx make the site."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

from gradio_patterns.collection import Notebook
from tools import cheatsheet
from tools.notebooks import ROOT
from tools.site import registry, sources
from tools.site.execute import execute, key

CONFIGURATION = ROOT / "docs" / "site"


class SiteError(Exception):
    """Sphinx failed or warned; the message holds what it said."""


def build(paths: list[Path], folder: Path, keep: bool = False) -> Path:
    """Build the site of these notebooks below `folder`; its folder `html`.

    keep: use the executions that an earlier build has left there, of notebooks that have not changed.

    Raises `SiteError`, or what `execute` raises.
    """
    executed = {path.stem: _executed(path, folder, keep) for path in paths}
    shutil.rmtree(folder / "sources", ignore_errors=True)
    shutil.rmtree(folder / "html", ignore_errors=True)
    notebooks = [Notebook(path) for path in paths]
    sources.write(notebooks, executed, folder / "sources")
    html = render(folder)
    shutil.copytree(folder / "pictures", html / sources.PICTURES)
    registry.write(notebooks, html / "r")
    (html / "llms.txt").write_text(cheatsheet.llms(notebooks), encoding="utf-8")
    return html


def _executed(path: Path, folder: Path, keep: bool) -> nbformat.NotebookNode:
    kept = folder / "executed" / path.name
    if keep and kept.exists():
        data = nbformat.read(kept, as_version=4)
        if data.metadata.get("executed") == key(path):
            return data
    print(f"executing {path.name}", flush=True)
    data = execute(path, folder / "pictures")
    kept.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(data, kept)
    return data


def render(folder: Path) -> Path:
    """Let Sphinx make `folder`/html of `folder`/sources; a warning is an error.

    Raises `SiteError`.
    """
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "-c", str(CONFIGURATION)]
    command += ["-d", str(folder / "doctrees"), str(folder / "sources"), str(folder / "html")]
    shutil.rmtree(folder / "doctrees", ignore_errors=True)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SiteError(f"Sphinx does not accept the site's pages:\n{done.stderr}")
    return folder / "html"
