"""A recipe as a project of its own, and its tests, run where only that folder is."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from gradio_patterns import checks, collection, export, scripts
from gradio_patterns.imports import imports
from tools import alone

RECIPES = [recipe for notebook in collection.load_all() for recipe in notebook.recipes]


def test_it_holds_the_app_what_it_needs_its_tests_and_a_page(tmp_path):
    recipe = collection.recipe("own-cart")
    written = export.export(recipe, tmp_path / "new" / "cart")
    names = {path.relative_to(tmp_path / "new" / "cart").as_posix() for path in written}
    always = {"app.py", "requirements.txt", "requirements-test.txt", "test_app.py", "README.md"}
    assert names == always | {f"checks/{cell.id}.py" for cell in recipe.checks}
    assert (tmp_path / "new/cart/app.py").read_text() == scripts.program(recipe)
    assert (tmp_path / "new/cart/requirements.txt").read_text().splitlines() == scripts.requirements(recipe.source)
    assert recipe.cure in (tmp_path / "new/cart/README.md").read_text()


def test_nothing_is_replaced_unasked(tmp_path):
    recipe = collection.recipe("own-cart")
    (tmp_path / "app.py").write_text("mine")
    with pytest.raises(FileExistsError, match=r"already has app\.py"):
        export.export(recipe, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["app.py"]
    assert (tmp_path / "app.py").read_text() == "mine"
    export.export(recipe, tmp_path, force=True)
    assert (tmp_path / "app.py").read_text() == scripts.program(recipe)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.id)
def test_each_check_becomes_a_file_with_all_it_reads(recipe):
    """No name is left that only another cell of the notebook binds."""
    app = checks._bound(ast.parse(recipe.source))
    elsewhere = {name for cell in recipe.section.code for name in checks._bound(ast.parse(cell.source))}
    elsewhere |= set(imports(recipe.notebook.setup.source))
    for name, text in checks.check_files(recipe).items():
        tree = ast.parse(text)
        missing = (checks._read(tree) & elsewhere) - checks._bound(tree) - app
        assert not missing, name
        assert "Program(demo" not in text
        assert "Program(app" not in text


def test_a_check_takes_what_fills_a_value_too():
    text = checks.check_files(collection.recipe("right-kind"))["right-kind-damage-check"]
    assert text.index("bomb = io.BytesIO()") < text.index(".save(bomb, 'PNG')") < text.index("def verdict")


def test_a_space_has_its_front_matter_and_no_gradio_of_its_own():
    made = export.files(collection.recipe("load-once"), space=True)
    settings = yaml.safe_load(made["README.md"].split("---")[1])
    assert settings["sdk"] == "gradio"
    assert settings["app_file"] in made
    (gradio,) = [Requirement(line) for line in scripts.requirements("import gradio")]
    assert settings["sdk_version"] in gradio.specifier
    needs = {Requirement(line).name for line in made["requirements.txt"].splitlines()}
    assert "torch" in needs
    assert "gradio" not in needs


def test_what_it_needs_of_this_package_can_be_copied_in():
    made = export.files(collection.recipe("batch"), vendor=True)
    assert {"gradio_patterns/models.py", "gradio_patterns/packaged.py", "gradio_patterns/batching.py"} <= set(made)
    assert "gradio-patterns" not in made["requirements.txt"] + made["requirements-test.txt"]
    assert "transformers" in made["requirements.txt"]
    assert not any(name.endswith(("cli.py", "finding.py")) for name in made)


@pytest.mark.parametrize(("name", "vendor"), [("own-cart", False), ("load-once", False), ("load-once", True)])
def test_a_container_has_an_image_that_copies_what_the_app_needs(tmp_path, name, vendor):
    export.export(collection.recipe(name), tmp_path, vendor=vendor, container=True)
    text = (tmp_path / "Dockerfile").read_text()
    copied = {word for line in text.splitlines() if line.startswith("COPY ") for word in line.split()[1:-1]}
    assert copied == {"app.py", "requirements.txt"} | ({"gradio_patterns"} if vendor else set())
    assert copied == {line[1:] for line in (tmp_path / ".dockerignore").read_text().split() if line[0] == "!"} - (
        set() if vendor else {"gradio_patterns"}
    )
    assert (" git " in text) == ("git+" in (tmp_path / "requirements.txt").read_text())
    assert 'CMD ["python", "app.py"]' in text
    linted = subprocess.run(
        [Path(sys.executable).with_name("hadolint"), tmp_path / "Dockerfile"], capture_output=True, text=True
    )
    assert linted.returncode == 0, linted.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("name", "vendor"), [("own-cart", False), ("waiting-times", False), ("load-once", True)])
def test_its_tests_pass_and_fail(name, vendor, tmp_path):
    recipe = collection.recipe(name)
    folder = tmp_path / "project"
    export.export(recipe, folder, vendor=vendor)
    env = alone.environment(tmp_path, os.environ)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder)]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert f"{len(recipe.checks)} passed" in done.stdout
    if not vendor:
        return
    Path(folder, "gradio_patterns", "models.py").unlink()  # the copy is what it uses
    assert subprocess.run(command, cwd=folder, env=env, capture_output=True).returncode == 1
