"""The folder of a Hugging Face Space: its front matter, and its start in an environment like a Space's."""

import ast
import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import yaml
from gradio.media import get_image
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from gradio_patterns.testing import free_port, until
from gradio_patterns.testing.programs import START_SECONDS
from tools import alone
from tools.notebooks import PROJECT

FOLDER = Path(__file__).resolve().parent.parent / "deploy" / "space"
SETTINGS = yaml.safe_load((FOLDER / "README.md").read_text().split("---")[1])


def test_the_front_matter_is_what_a_space_needs():
    assert SETTINGS["sdk"] == "gradio"
    assert (FOLDER / SETTINGS["app_file"]).is_file()
    (gradio,) = [r for r in map(Requirement, PROJECT["dependencies"]) if r.name == "gradio"]
    assert SETTINGS["sdk_version"] in gradio.specifier
    assert SETTINGS["python_version"] in SpecifierSet(PROJECT["requires-python"])
    assert SETTINGS["license"] == PROJECT["license"].lower()


def test_every_import_is_installed_there():
    """By the SDK (gradio), by ZeroGPU (spaces) or by the one line of requirements.txt (gradio_patterns)."""
    imports = {
        name.split(".")[0]
        for node in ast.walk(ast.parse((FOLDER / "app.py").read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module])
    }
    assert imports - sys.stdlib_module_names == {"gradio", "spaces", "gradio_patterns"}
    assert (FOLDER / "requirements.txt").read_text().splitlines()[1].startswith(f"{PROJECT['name']} @ ")


@pytest.mark.slow
def test_the_folder_starts_with_the_environment_of_a_space(tmp_path):
    """Nothing of this machine's environment but what finds programs, and the secret of the Space."""
    shutil.copytree(FOLDER, tmp_path / "space")
    port = free_port()
    keep = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    guard = {name: value for name, value in alone.environment(tmp_path).items() if name in GUARD}
    space = {
        "HOME": str(tmp_path),
        "SYSTEM": "spaces",
        "SPACE_ID": "somebody/what-is-in-the-picture",
        "GRADIO_SERVER_NAME": "0.0.0.0",
        "GRADIO_SERVER_PORT": str(port),
        "ADMIN_TOKEN": "4tPz",
    }
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, SETTINGS["app_file"]],
            cwd=tmp_path / "space",
            env={**keep, **guard, **space},
            stdout=log,
            stderr=log,
        )
    try:
        url = f"http://127.0.0.1:{port}/"
        wait_for(url, process, tmp_path / "log")
        client = Client(url, verbose=False)
        picture = handle_file(get_image("cheetah1.jpg"))
        assert client.predict(picture, api_name="/classify")["label"] == "cheetah"
        assert client.predict("4tPz", api_name="/usage") == 1
        with pytest.raises(AppError, match="not the token"):
            client.predict("wrong", api_name="/usage")
    finally:
        process.kill()
        process.wait()
    assert not alone.network_attempts(tmp_path)


GUARD = {"PYTHONPATH", "NETWORK_LOG", "TMPDIR", "HF_HUB_OFFLINE", "GRADIO_ANALYTICS_ENABLED"}


def wait_for(url, process, log):
    """Wait until the Space answers; fail with its log if it ends."""

    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{url}config", timeout=10).status_code == 200
        return False

    until(answers, log.read_text, START_SECONDS)
