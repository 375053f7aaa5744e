"""The package as others install it: what each extra brings is enough, and no more than that is asked for."""

import re
import subprocess
import sys
import textwrap
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.installing import make_environment, run_uv

ROOT = Path(__file__).resolve().parent.parent
# Not `streaming`: it imports transformers, which asks whether its own options are there, and here that is an error.
CORE = [f"gradio_patterns.{name}" for name in ("batching", "collection", "models", "notebook", "packaged")]
MODULES = (ROOT / "helpers/gradio_patterns/testing").glob("*.py")
TESTING = [f"gradio_patterns.testing.{path.stem}".removesuffix(".__init__") for path in sorted(MODULES)]


def closure(extra: str) -> set[str]:
    """The distributions that installing `gradio-patterns[extra]` brings, as installed here."""
    todo, found = [("gradio-patterns", frozenset([extra]))], set()
    while todo:
        name, extras = todo.pop()
        if (name, extras) in found:
            continue
        found.add((name, extras))
        for line in distribution(name).requires or ():
            wanted = Requirement(line)
            if any(not wanted.marker or wanted.marker.evaluate({"extra": e}) for e in extras or {""}):
                todo.append((canonicalize_name(wanted.name), frozenset(wanted.extras) or frozenset([""])))
    return {name for name, _ in found}


def importing(modules: list[str], extra: str) -> subprocess.CompletedProcess:
    """Import these where only what the extra brings can be found, beside Python's own."""
    allowed = closure(extra)
    of = packages_distributions()
    hidden = [top for top, names in of.items() if not {canonicalize_name(n) for n in names} & allowed]
    program = f"""
        import sys

        class Hide:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] in {sorted(hidden)!r}:
                    raise ModuleNotFoundError(f"No module named {{name!r}}: it comes with no extra that was asked for")

        sys.meta_path.insert(0, Hide())
        import {", ".join(modules)}
    """
    return subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True)


@pytest.mark.slow
@pytest.mark.parametrize(("modules", "extra"), [(CORE, ""), (TESTING, "testing")], ids=["core", "testing"])
def test_modules_need_their_own_extra_only(modules, extra):
    done = importing(modules, extra)
    assert done.returncode == 0, done.stderr


def test_a_module_of_another_extra_is_missed():
    assert "aiohttp" in importing(["gradio_patterns.testing.traffic"], "").stderr


def test_the_core_brings_nothing_that_only_tests_need():
    core = closure("")
    assert {"gradio", "torch", "transformers", "pillow", "numpy"} <= core
    assert not {"pytest", "playwright", "oidc-provider-mock", "sqlalchemy", "ray", "jupyterlab"} & core


SCRIPT = """
from app import demo
from gradio_patterns.testing import Gate, serve

with serve(demo) as app:
    alice, bob = app.visitors(2)
    assert alice.predict("milk", api_name="/add") == "milk"
    assert bob.predict("tea", api_name="/add") == "tea"
    with Gate().around((demo.fns[0], "fn")) as gate:
        app.submit("/add", "rice", times=3)
        assert gate.inside(of=3) == 1
print("passed")
"""
APP = """
import gradio as gr

def add(item, cart):
    return ", ".join([*cart, item]), [*cart, item]

with gr.Blocks() as demo:
    cart, item = gr.State([]), gr.Textbox(label="Item")
    item.submit(add, [item, cart], [item, cart], api_name="add")
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_ten_lines_in_an_empty_folder_test_somebodys_app(tmp_path):
    """From a wheel, with the extra `testing` alone, in an environment of its own."""
    folder = tmp_path / "somebody"
    folder.mkdir()
    (folder / "app.py").write_text(APP)
    (folder / "try.py").write_text(SCRIPT)
    run_uv("build", "--quiet", "--wheel", "--out-dir", tmp_path / "dist", ROOT)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    python = make_environment(tmp_path / "env", f"{wheel}[testing]", "--constraint", ROOT / "constraints.txt")
    done = subprocess.run([python, "try.py"], cwd=folder, capture_output=True, text=True)
    assert done.stdout.strip() == "passed", done.stderr
    shows = "from gradio_patterns import collection; print(sum(len(nb.recipes) for nb in collection.load_all()))"
    done = subprocess.run([python, "-c", shows], cwd=folder, capture_output=True, text=True)
    assert re.fullmatch(r"[1-9]\d*", done.stdout.strip()), done.stderr  # the wheel carries the notebooks
    # And the terminal's door, with what only a wheel has beside the code.
    command = python.with_name("gradio-patterns")
    for arguments in (["find", "Queue is full"], ["show", "own-cart"], ["export", "own-cart", "cart", "--container"]):
        done = subprocess.run([command, *arguments], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert {"app.py", "Dockerfile", "test_app.py"} <= {path.name for path in (folder / "cart").iterdir()}
