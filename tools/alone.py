"""Runs a recipe alone, as a reader does who pasted it into app.py in an empty folder, and without a network.

``python -m tools.alone notebooks/02_state.ipynb own-cart`` starts one, calls it, stops it and prints what
it did; ``--keep`` leaves it running until Ctrl-C.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import dataclasses
import json
import os
import queue
import re
import shutil
import signal
import sys
from collections.abc import Generator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import uv

from gradio_patterns import packaged, scripts
from gradio_patterns.collection import Cell, Notebook, Recipe
from gradio_patterns.testing import ModelServer, visitor
from gradio_patterns.testing.programs import NotStarted, Program
from gradio_patterns.testing.waiting import is_free

from . import installing

ROOT = Path(__file__).resolve().parent.parent

# What no program may print: Python's and Gradio's warnings, tracebacks, the logs' own levels.
NOISE = re.compile(r"\b\w*Warning\b|\bdeprecat|Traceback \(most recent call last\)|\b(WARNING|ERROR|CRITICAL)\b", re.I)


def environment(scratch: Path, base: Mapping[str, str] = os.environ, **more: str) -> dict[str, str]:
    """The environment of everything the suite starts: offline, uncounted, and with its own temporary files.

    A guard in every Python process refuses connections that leave this machine and writes them to
    `scratch/network.log`, so that an attempt whose failure is swallowed is seen as well.
    """
    for folder in ("tmp", "certificates"):
        (scratch / folder).mkdir(exist_ok=True)
    left_out = {"SSL_CERT_FILE", *(key for key in base if key.lower().endswith("_proxy"))}
    env = {key: value for key, value in base.items() if key not in left_out}
    guard = str(Path(__file__).parent / "offline")
    return env | {
        "GRADIO_ANALYTICS_ENABLED": "False",
        "HF_HUB_OFFLINE": "1",
        "IPYTHONDIR": str(scratch / "ipython"),
        "NETWORK_LOG": str(scratch / "network.log"),
        "PYTHONPATH": os.pathsep.join(filter(None, [guard, env.get("PYTHONPATH")])),
        # None: httpx and the Gradio client would read a hundred for every request.
        "SSL_CERT_DIR": str(scratch / "certificates"),
        "TMPDIR": str(scratch / "tmp"),
        **more,
    }


def network_attempts(scratch: Path) -> list[str]:
    """What tried to leave this machine, one line each."""
    log = scratch / "network.log"
    return log.read_text().splitlines() if log.exists() else []


class Alone(Program):
    """A recipe's cell as a program in the suite's environment."""

    def __init__(self, cell: Cell | Recipe, env: Mapping[str, str] | None = None):
        cell = cell.cell if isinstance(cell, Recipe) else cell
        super().__init__(cell, path=cell.metadata.get("call", {}).get("path"), asgi="asgi" in cell.tags)
        # Python hides Gradio's own deprecations, which come from the wrapper of every component.
        warnings = "default::DeprecationWarning:gradio.component_meta"
        self.env = environment(self.scratch, self.env, PYTHONWARNINGS=warnings, **(env or {}))


class Shown(Alone):
    """What `gradio-patterns show` prints, with `uv run`: where nothing is installed but what its metadata names.

    surroundings: a folder of modules that the machine of a reader would have from elsewhere, such as the models'
        weights; and the environment in which uv finds this project.

    The versions are those installed here.
    """

    def __init__(self, recipe: Recipe, surroundings: Surroundings):
        super().__init__(recipe)
        self.asgi, self.surroundings = False, surroundings
        self.folder = surroundings.folders.get()
        (self.folder / "app.py").write_text(_pinned(scripts.script(recipe)), encoding="utf-8")
        self.env |= {name: value for name, value in surroundings.uv.items() if name.startswith(("UV_", "GIT_"))}
        self.env["UV_OFFLINE"] = "1"
        self.env["PYTHONPATH"] += f"{os.pathsep}{surroundings.modules}"

    def command(self) -> list[str]:
        """As a reader types it."""
        return [uv.find_uv_bin(), "run", "app.py"]

    def start(self, wait: bool = True) -> Shown:
        """Install first, which takes the network that the program does without. Raises `NotStarted`."""
        try:
            installing.run_uv("sync", "--script", "app.py", cwd=self.folder, env=self.surroundings.uv)
        except RuntimeError as error:
            raise NotStarted(f"uv cannot install what it names: {error}") from None
        super().start(wait)
        return self

    def _send(self, how: signal.Signals) -> None:
        """To uv alone, which passes it on, outside a terminal also if the program has got it already."""
        os.kill(self.process.pid, how)

    def remove(self) -> None:
        """Empty its folder for the next one."""
        super().remove()
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        self.surroundings.folders.put(self.folder)


class Surroundings(NamedTuple):
    """What `Shown` needs beside the program: a folder for its PYTHONPATH, environment variables for uv, and folders.

    A program waits for one of the folders. uv keeps an environment for each folder's app.py, and brings it to what the
    next one names: what Python has compiled of a package stays, which is most of a first start.
    """

    modules: Path
    uv: dict[str, str]
    folders: queue.SimpleQueue[Path]


@contextlib.contextmanager
def surroundings(folder: Path, at_once: int) -> Generator[Surroundings]:
    """The models' weights and this checkout at its published address, in `folder`; uv's cache is in build/."""
    modules = folder / "modules"
    modules.mkdir()
    for model, distribution in packaged.DISTRIBUTIONS.items():
        packaged.folder(model)  # converts it, which needs what only this environment has
        for name in {file.parts[0] for file in metadata.files(distribution) or ()}:
            if name.isidentifier():
                (modules / name).symlink_to(str(metadata.distribution(distribution).locate_file(name)))
    env = installing.environment() | installing.at_its_address(folder / "published")
    found = Surroundings(modules, env, queue.SimpleQueue())
    for number in range(at_once):
        (folder / f"empty-{number}").mkdir()
        found.folders.put(folder / f"empty-{number}")
    try:
        yield found
    finally:
        for number in range(at_once):  # its own environments only: another run may be using others
            script = folder / f"empty-{number}" / "app.py"
            script.write_text(_pinned("# /// script\n# dependencies = []\n# ///\n"))
            python = Path(installing.run_uv("python", "find", "--script", script, env=env).strip())
            if python.is_relative_to(env["UV_CACHE_DIR"]):
                shutil.rmtree(python.parents[1], ignore_errors=True)


def _pinned(script: str) -> str:
    """The script with uv held to the versions of constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = "".join(f"#   {json.dumps(line)},\n" for line in lines if line.strip() and not line.startswith("#"))
    return script.replace("# ///\n", f"#\n# [tool.uv]\n# constraint-dependencies = [\n{pins}# ]\n# ///\n", 1)


def surrounded(recipe: Recipe) -> contextlib.AbstractContextManager[ModelServer | None]:
    """What a recipe finds running where it is tried: a model server, if it asks one through `openai`."""
    return ModelServer() if "openai" in scripts.imports(recipe.source) else contextlib.nullcontext()


# --- one call -------------------------------------------------------------------------------------


def _sample(name: str) -> Any:
    """A local file of Gradio's own samples by its name, as a client sends it."""
    from gradio import media
    from gradio_client import handle_file

    getters = (media.get_image, media.get_audio, media.get_video, media.get_model3d, media.get_file)
    for get in getters:
        with contextlib.suppress(Exception):
            found = get(name)
            if Path(found).name == name:
                return handle_file(found)
    raise FileNotFoundError(f"gradio.media has no sample {name!r}")


SAMPLES = {
    "Image": "bus.png",
    "ImageEditor": "bus.png",
    "ImageSlider": "bus.png",
    "Gallery": "bus.png",
    "Audio": "audio_sample.wav",
    "Video": "a.mp4",
    "Model3D": "Duck.glb",
}


def _local(value: Any, component: str) -> Any:
    """An example input with its remote files replaced by local ones."""
    if isinstance(value, dict):
        if value.get("meta", {}).get("_type") == "gradio.FileData" or set(value) == {"file"}:
            return _sample(value.get("file") or SAMPLES.get(component, "sample.txt"))
        return {key: _local(inner, component) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_local(inner, component) for inner in value]
    return value


def _example(parameter: dict) -> Any:
    """What to send for a parameter of an endpoint, from its description."""
    if parameter["component"] == "Api":  # of gr.api, which gives a type and no example
        return _of_type(parameter["type"])
    return _local(parameter["example_input"], parameter["component"])


def _of_type(schema: dict) -> Any:
    if "oneOf" in schema:
        return _of_type(schema["oneOf"][-1])
    if schema.get("type") == "array":
        return 2 * [_of_type(schema.get("items", {}))]
    return {"integer": 3, "number": 3, "boolean": True, "object": {}}.get(schema.get("type", ""), "Hello!!")


def call(recipe: Recipe, url: str) -> Answer:
    """Connect a client, list the endpoints and call one: the one that `call` names, else the first.

    The inputs are those of `call`, else the examples that the endpoint's own description gives.
    """
    wish = recipe.call
    auth = tuple(wish["auth"]) if "auth" in wish else None
    client = visitor(url, auth=auth, headers=wish.get("headers"))
    described = client.view_api(return_format="dict", print_info=False)
    assert isinstance(described, dict)
    endpoints = described["named_endpoints"]
    if not endpoints:
        raise RuntimeError("it has no public endpoint")
    name = wish["api_name"] if "api_name" in wish else next(iter(endpoints))
    if name not in endpoints:
        raise RuntimeError(f"it has no public endpoint {name!r}; there are {', '.join(endpoints)}")
    if "args" in wish or "kwargs" in wish:
        args, kwargs = _local(wish.get("args", []), ""), _local(wish.get("kwargs", {}), "")
    else:
        args, kwargs = [_example(parameter) for parameter in endpoints[name]["parameters"]], {}
    result = client.predict(*args, api_name=name, **kwargs)
    return Answer(list(endpoints), name, result, client.config)


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a client got: the endpoints, the one called, its result, and the page's configuration."""

    endpoints: list[str]
    called: str
    result: Any
    config: dict


def unlabelled(config: dict) -> list[str]:
    """The components on the page that should show a label and have none."""
    from tools.rules import labelled_types

    types = labelled_types()
    # ChatInterface makes its own text box, with an empty label and a placeholder that Gradio translates; and for saved
    # chats a table, whose columns are components that nobody sees.
    columns = {
        id for c in config["components"] for id in c["props"].get("component_ids") or () if c["type"] == "dataset"
    }
    return [
        f"{c['type']} (id {c['id']}, value {c['props'].get('value')!r})"
        for c in config["components"]
        if c["type"] in types and not str(c["props"].get("label") or "").strip()
        if not _is_chat_box(c) and not (c["id"] in columns and c["props"].get("visible") is False)
    ]


def _is_chat_box(component: dict) -> bool:
    props = component["props"]
    return (
        component["type"] in ("textbox", "multimodaltextbox")
        and props.get("label") == ""
        and ("chat_interface" in str(props.get("placeholder")))
    )


def automatic_names(recipe: Recipe, config: dict) -> list[str]:
    """The public endpoints whose name the recipe's code does not contain, so that Gradio made it up.

    What runs when the page loads is left out: a component whose value is a function makes such an endpoint,
    which cannot be named. For `demo.load` the rule `unseen-events-are-named` reads the code.
    """
    nodes = list(ast.walk(ast.parse(recipe.source)))
    written = {
        node.value.strip("/") for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    # Where a name is computed, only what Gradio makes of a function's own name is known to be made up.
    functions = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)} | {"lambda"}
    computed = any(
        isinstance(node, ast.keyword) and node.arg == "api_name" and not isinstance(node.value, ast.Constant)
        for node in nodes
    )
    return [
        name
        for dependency in config["dependencies"]
        if dependency.get("api_visibility") == "public"
        and "load" not in [event for _, event in dependency["targets"]]
        and (name := dependency["api_name"]) not in written
        and (not computed or re.sub(r"_\d+$", "", name) in functions)
    ]


@dataclasses.dataclass
class Report:
    """What a recipe did when it was run alone; None where it did not come so far."""

    not_started: str | None = None
    answer: Answer | None = None
    call_error: str | None = None
    log: str = ""
    exit_status: int | None = None
    left: list[str] = dataclasses.field(default_factory=list)
    port_is_free: bool = True
    network: list[str] = dataclasses.field(default_factory=list)

    @property
    def noise(self) -> list[str]:
        """The lines that no reader should see."""
        return [line for line in self.log.splitlines() if NOISE.search(line)]


def run(recipe: Recipe, shown: Surroundings | None = None) -> Report:
    """Run a recipe alone, from its start to Ctrl-C: as `python app.py`, or what `show` prints as `uv run app.py`."""
    with surrounded(recipe) as server:
        program = Shown(recipe, shown) if shown else Alone(recipe)
        program.env |= server.client_env if server else {}
        return _run(recipe, program)


def _run(recipe: Recipe, program: Alone) -> Report:
    report = Report()
    try:
        program.start()
        try:
            report.answer = call(recipe, program.url)
        except Exception as error:  # whatever went wrong is the test's to report
            report.call_error = f"{type(error).__name__}: {error}"
        report.exit_status = program.stop()
        report.left = program.leftovers()
        report.port_is_free = is_free(program.port)
    except NotStarted as error:
        report.not_started = str(error)
    finally:
        report.log, report.network = program.log(), network_attempts(program.scratch)
        program.remove()
    return report


def main() -> int:
    """Command line: NOTEBOOK RECIPE."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("notebook", type=Path)
    parser.add_argument("recipe", help="the id of the recipe's cell")
    parser.add_argument("--keep", action="store_true", help="leave it running until Ctrl-C")
    options = parser.parse_args()
    notebook = Notebook(options.notebook)
    recipe = notebook.recipe(options.recipe)
    if options.keep:
        with contextlib.suppress(KeyboardInterrupt), contextlib.ExitStack() as running:
            server = running.enter_context(surrounded(recipe))
            program = running.enter_context(Alone(recipe, server.client_env if server else None))
            print(f"{recipe.id} answers at {program.url}, in {program.folder}")
            signal.pause()
        return 0
    report = run(recipe)
    print(report.log)
    if report.not_started:
        print(f"did not start: {report.not_started}")
        return 1
    print(f"exit status {report.exit_status}, left behind: {report.left or 'nothing'}")
    print(f"noise: {report.noise or 'none'}; network: {report.network or 'none'}")
    if report.answer is None:
        print(f"the call failed: {report.call_error}")
        return 1
    print(f"endpoints {report.answer.endpoints}; {report.answer.called} answered {report.answer.result!r}")
    print(f"unlabelled: {unlabelled(report.answer.config) or 'none'}")
    print(f"named by Gradio: {automatic_names(recipe, report.answer.config) or 'none'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
