"""A recipe as a project of its own: the app, what it needs, its checks as tests, and a page that says how to use it."""

from __future__ import annotations

import ast
import json
from importlib.metadata import metadata, version
from pathlib import Path

from . import scripts
from .checks import check_files
from .collection import Recipe

__all__ = ["export", "files"]

PACKAGE = Path(__file__).resolve().parent
TEST = '''"""{heading}: each check uses the running app as its visitors do."""

import functools
import types
from pathlib import Path
from unittest.mock import patch

import gradio as gr
import pytest

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="module")
def names():
    """The names of app.py. Its launch() returns at once here, and its demo is served until the tests end."""
    module = types.ModuleType("app")
    module.__file__ = str(HERE / "app.py")
    options = {{"inline": False, "quiet": True, "prevent_thread_lock": True, "share": False}}
    with patch.object(gr.Blocks, "launch", functools.partialmethod(gr.Blocks.launch, **options)):
        exec(compile(Path(module.__file__).read_text(encoding="utf-8"), module.__file__, "exec"), vars(module))
    yield vars(module)
    demo = getattr(module, "demo", None)
    if demo is not None and demo.is_running:
        demo.close(verbose=False)


@pytest.mark.parametrize("check", {checks})
def test_app(check, names):
    path = HERE / "checks" / f"{{check}}.py"
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), names)
'''


def export(
    recipe: Recipe,
    folder: Path,
    *,
    vendor: bool = False,
    space: bool = False,
    container: bool = False,
    force: bool = False,
) -> list[Path]:
    """Write the project into a folder and return the paths of its files.

    vendor: copy what it uses of this package into it, instead of requiring the package.
    space: make it a Hugging Face Space.
    container: add a Dockerfile; its build is untested.
    force: replace files that are there.

    Raises FileExistsError, and writes nothing, if a file is there already and `force` is not set.
    """
    made = files(recipe, vendor=vendor, space=space, container=container)
    there = [name for name in made if (folder / name).exists()]
    if there and not force:
        raise FileExistsError(f"{folder} already has {', '.join(there)}; --force replaces them")
    for name, text in made.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in made]


def files(recipe: Recipe, *, vendor: bool = False, space: bool = False, container: bool = False) -> dict[str, str]:
    """The project's files: names and contents."""
    app, checks = scripts.program(recipe), check_files(recipe)
    needs, tests = scripts.requirements(app), scripts.requirements("\n".join([app, *checks.values()]))
    copied = _copied("\n".join([app, *checks.values()])) if vendor else {}
    if vendor:
        # `packaged` reads models that only some have installed, and does without the rest.
        own = [text for name, text in _copied(app).items() if name != "packaged.py"]
        needs = _without_project(scripts.requirements("\n".join([app, *own])))
        tests = sorted({*_without_project(tests), *scripts.of_extra("testing")})
    if space:  # Gradio itself is installed by the SDK
        needs = [line for line in needs if not line.startswith("gradio<")]
    more = [line for line in tests if line not in needs and not line.startswith("pytest>")]
    made = {
        "app.py": app,
        "requirements.txt": "".join(f"{line}\n" for line in needs),
        "requirements-test.txt": "".join(f"{line}\n" for line in ["-r requirements.txt", "pytest>=8", *more]),
        "test_app.py": TEST.format(heading=recipe.heading, checks=json.dumps(list(checks))),
        **{f"checks/{name}.py": text for name, text in checks.items()},
        "README.md": (_front_matter(recipe) if space else "") + _readme(recipe),
    }
    if container:
        made["Dockerfile"] = _dockerfile(copied=bool(copied), git="git+" in made["requirements.txt"])
        made[".dockerignore"] = "*\n!app.py\n!requirements.txt\n!gradio_patterns\n"
    return made | {f"gradio_patterns/{name}": text for name, text in copied.items()}


def _readme(recipe: Recipe) -> str:
    return f"""# {recipe.heading}

{recipe.why}

**You see:** {" · ".join(recipe.symptoms)}

**Do:** {recipe.cure}

```bash
pip install -r requirements.txt && python app.py
pip install -r requirements-test.txt && python -m pytest
```

The recipe `{recipe.name}` of gradio-patterns {version(scripts.PROJECT)}, Apache-2.0.
"""


def _dockerfile(*, copied: bool, git: bool) -> str:
    """The image of notebook 05 for this app: without its stage for one model, and with what this app needs."""
    installed, checkout = PACKAGE / "Dockerfile", PACKAGE.parent.parent / "deploy" / "container" / "Dockerfile"
    text = (installed if installed.exists() else checkout).read_text(encoding="utf-8")
    text = text[text.index("FROM ") :].partition("\nFROM app AS with-model")[0].rstrip() + "\n"
    if git:
        get = "apt-get update && apt-get install --yes --no-install-recommends git && rm -rf /var/lib/apt/lists/*"
        text = text.replace("WORKDIR /app\n", f"WORKDIR /app\n# hadolint ignore=DL3008\nRUN {get}\n")
    return (
        text.replace("COPY app.py ./\n", "COPY app.py ./\nCOPY gradio_patterns ./gradio_patterns\n") if copied else text
    )


def _front_matter(recipe: Recipe) -> str:
    """What a Space reads; https://huggingface.co/docs/hub/spaces-config-reference."""
    settings = {
        "title": recipe.heading,
        "colorFrom": "gray",
        "colorTo": "blue",
        "sdk": "gradio",
        "sdk_version": version("gradio"),
        "app_file": "app.py",
        "license": metadata(scripts.PROJECT)["License-Expression"].lower(),
    }
    # A JSON text is a YAML one, whatever a heading contains.
    return "---\n" + "".join(f"{key}: {json.dumps(value)}\n" for key, value in settings.items()) + "---\n"


def _without_project(requirements: list[str]) -> list[str]:
    return [line for line in requirements if not line.startswith(scripts.PROJECT)]


def _copied(source: str) -> dict[str, str]:
    """The modules of this package that a program imports, and those that they import, by their paths in it."""
    found: dict[str, str] = {}
    todo = _own_modules(source, "")
    while todo:
        name = todo.pop()
        paths = sorted((PACKAGE / name).glob("*.py")) if (PACKAGE / name).is_dir() else [PACKAGE / f"{name}.py"]
        for path in paths:
            relative = path.relative_to(PACKAGE).as_posix()
            if relative not in found:
                found[relative] = path.read_text(encoding="utf-8")
                todo |= _own_modules(found[relative], "testing" if relative.startswith("testing/") else "")
    return {"__init__.py": (PACKAGE / "__init__.py").read_text(encoding="utf-8"), **found} if found else {}


def _own_modules(source: str, inside: str) -> set[str]:
    """The modules of this package that a text imports, by their first name; `inside` is the folder it stands in."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.ImportFrom):
            continue
        module = node.module or ""
        if module.partition(".")[0] == "gradio_patterns":
            found |= {module.split(".")[1]} if "." in module else {alias.name for alias in node.names}
        elif node.level == 1 and not inside:
            found |= {module.partition(".")[0]} if module else {alias.name for alias in node.names}
    # `models` looks for its neighbour by name, and does without it where there is a network.
    return found - {""} | ({"packaged"} if "models" in found else set())
