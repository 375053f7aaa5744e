"""The registry for `npx shadcn add`: every recipe in it, and the real command takes one."""

import json
import os
import subprocess
import sys

import pytest
import uv

from gradio_patterns import collection, scripts
from gradio_patterns.testing import free_port, until, visitor
from gradio_patterns.testing.waiting import is_free
from tools import installing
from tools.notebooks import ROOT
from tools.programs import NPX
from tools.site import registry


@pytest.fixture
def folder(tmp_path):
    registry.write(collection.load_all(), tmp_path / "r")
    return tmp_path / "r"


def test_every_recipe_is_listed_and_has_its_program(folder):
    listed = json.loads((folder / "registry.json").read_text())["items"]
    recipes = {recipe.name: recipe for notebook in collection.load_all() for recipe in notebook.recipes}
    assert [item["name"] for item in listed] == list(recipes)
    for name, recipe in recipes.items():
        item = json.loads((folder / f"{name}.json").read_text())
        (file,) = item["files"]
        assert file["content"] == scripts.script(recipe)
        assert recipe.cure in item["docs"]
    targets = [file["target"] for item in listed for file in item["files"]]
    assert len(set(targets)) == len(targets)


@pytest.mark.slow
def test_the_real_command_writes_the_program(folder, need, tmp_path):
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(folder)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    project = tmp_path / "project"
    project.mkdir()
    try:
        until(lambda: not is_free(port), "the registry to be served")
        address = f"http://127.0.0.1:{port}/own-cart.json"
        command = [need(NPX), "--yes", "shadcn@4.23.0", "add", address, "--yes", "--cwd", str(project)]
        done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=240)
    finally:
        server.kill()
        server.wait()
    assert done.returncode == 0, done.stdout + done.stderr
    assert [path.name for path in project.iterdir()] == ["own_cart.py"]
    assert (project / "own_cart.py").read_text() == scripts.script(collection.recipe("own-cart"))


@pytest.mark.slow
def test_the_real_command_reads_the_repository(need, tmp_path):
    """`build` reads registry.json and the files that it names as `add OWNER/REPOSITORY/NAME` does."""
    command = [need(NPX), "--yes", "shadcn@4.23.0", "build", "registry.json", "--output", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    (file,) = json.loads((tmp_path / "own-cart.json").read_text())["files"]
    assert file["content"] == scripts.script(collection.recipe("own-cart"))


@pytest.mark.slow
def test_uv_runs_a_program_from_its_address(tmp_path):
    port, its_port = free_port(), free_port()
    env = os.environ | installing.environment() | installing.at_its_address(tmp_path / "published")
    env["GRADIO_SERVER_PORT"] = str(its_port)
    serving = [
        sys.executable,
        "-m",
        "http.server",
        str(port),
        "--bind",
        "127.0.0.1",
        "--directory",
        str(ROOT / "recipes"),
    ]
    with subprocess.Popen(serving, stderr=subprocess.DEVNULL) as server:
        try:
            until(lambda: not is_free(port), "the programs to be served")
            command = [uv.find_uv_bin(), "run", f"http://127.0.0.1:{port}/own_cart.py"]
            with subprocess.Popen(command, cwd=tmp_path, env=env) as app:
                try:
                    until(lambda: app.poll() is not None or not is_free(its_port), "the app", 240)
                    answer = visitor(f"http://127.0.0.1:{its_port}").predict("Coffee", api_name="/add")
                    assert answer[1] == "Coffee, 1 sold to all visitors"
                finally:
                    app.terminate()
        finally:
            server.kill()
