"""Installs what a reader would, in environments of their own: with uv, and this checkout at its published address."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import uv

from .notebooks import REPOSITORY

ROOT = Path(__file__).resolve().parent.parent


def environment() -> dict[str, str]:
    """This environment, in which uv takes this Python, keeps its cache in build/ and looks where pip does."""
    env = {
        **{name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")},
        "UV_CACHE_DIR": str(ROOT / "build" / "uv"),
        "UV_NO_GITHUB_FAST_PATH": "1",  # it would ask GitHub itself for what git finds here
        "UV_PYTHON": sys.executable,
        "UV_PYTHON_DOWNLOADS": "never",
    }
    for theirs, ours in {"PIP_FIND_LINKS": "UV_FIND_LINKS", "PIP_INDEX_URL": "UV_DEFAULT_INDEX"}.items():
        if theirs in os.environ:
            env.setdefault(ours, os.environ[theirs])
    return env


def run_uv(*arguments: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """What uv prints. Raises `RuntimeError` with it if uv fails."""
    command = [uv.find_uv_bin(), *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, env=env or environment(), capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}:\n{done.stdout}{done.stderr}")
    return done.stdout


def make_environment(folder: Path, *requirements: str | Path) -> Path:
    """A virtual environment in `folder`, with pip and these requirements; its Python."""
    run_uv("venv", "--quiet", "--seed", folder)
    python = folder / "bin" / "python"
    run_uv("pip", "install", "--quiet", "--python", python, *requirements)
    return python


def at_its_address(folder: Path) -> dict[str, str]:
    """Copy the checkout, uncommitted changes included, to `folder`, as a repository; variables that lead git there."""
    folder.mkdir()
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    for name in files:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "init.defaultBranch=main"]
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "Copy"]):
        subprocess.run([*git, *command], cwd=folder, check=True)
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{folder}.insteadOf",
        "GIT_CONFIG_VALUE_0": REPOSITORY,
    }
