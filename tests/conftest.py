"""What every test shares: the environment, programs that may be missing, and recipes that run."""

import functools
import os
import re
import signal
import types
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from unittest.mock import patch

import pytest

from gradio_patterns import collection
from tools import programs as installed
from tools.alone import Alone
from tools.offline import seen

# Nothing in the tests may need the network, and nobody is counted.
os.environ.update(GRADIO_ANALYTICS_ENABLED="False", HF_HUB_OFFLINE="1")
# Several programs run at once, and torch slows down when its threads exceed the free cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# The day is read once, for all processes: see `tools.today`.
os.environ.setdefault("GRADIO_PATTERNS_DAY", str(date.today().toordinal()))
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    # A hundred ports for each: Gradio looks for a free one and takes it a moment later.
    os.environ["GRADIO_SERVER_PORT"] = str(8000 + 100 * int(worker.removeprefix("gw")))

if "SEEN" in os.environ:  # `make ledger`
    offline = Path(seen.__file__).parent
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(offline), os.environ.get("PYTHONPATH")]))
    seen.install()

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # A shell starts background jobs so, and the programs that the tests interrupt would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


# Files that take longest, first: each runs in one process, and the others fit beside them.
LONGEST = ["test_notebooks.py", "test_recipes.py", "test_suite.py"]


# What these run is broken on purpose, or other recipes each day: the ledger is to say the same every day.
UNTOLD = {"test_bad_input", "test_mutation", "test_recipes", "test_suite"}


@pytest.fixture(scope="module", autouse=True)
def _told_to_the_ledger(request: pytest.FixtureRequest) -> Iterator[None]:
    with patch.dict(os.environ):
        if request.module.__name__.rpartition(".")[2] in UNTOLD:
            os.environ.pop("SEEN", None)
        yield


def pytest_report_header() -> str:
    return f"GRADIO_PATTERNS_DAY={os.environ['GRADIO_PATTERNS_DAY']}"


def is_proof(path: Path) -> bool:
    """Whether a file tests what a notebook says, or a page: it starts servers and browsers, and is left to test-all."""
    return path.parent.name == "browser" or re.match(r"test_\d\d_", path.name) is not None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if is_proof(item.path):
            item.add_marker(pytest.mark.slow)
    rank = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))


@pytest.fixture(scope="session", autouse=True)
def _patient_launches() -> None:
    """What `tools.offline.sitecustomize` does in the programs: Gradio asks its new server once, for three seconds."""
    from gradio import networking

    once = networking.url_ok
    networking.url_ok = lambda url: any(once(url) for _ in range(3))


@pytest.fixture(scope="session")
def need() -> Callable[[installed.Program], str]:
    """`need(NGINX)` is the program's path. A missing one skips the test with the remedy, and in CI fails it."""

    def path_of(program: installed.Program) -> str:
        if program.path is None:
            report = pytest.fail if os.environ.get("CI") else pytest.skip
            report(f"{program.name} is missing; get it with: {program.how_to_get}")
        return program.path

    return path_of


@pytest.fixture
def imported() -> Iterator[Callable[..., types.ModuleType]]:
    """`imported("02_state", "own-cart")` runs that recipe in this process, as a notebook does; a module of its names.

    Its `demo` is served until the test ends, on a free port and without a frame; an ASGI `app` is left to `serve`.
    """
    import gradio as gr

    demos = []
    quiet = {"inline": False, "quiet": True, "prevent_thread_lock": True, "share": False}

    def run(notebook: str, name: str) -> types.ModuleType:
        module = types.ModuleType(name.replace("-", "_"))
        found = collection.load(notebook)
        code = compile(found.alone(found.cell(name)).source, f"{notebook}:{name}", "exec")
        launch = functools.partialmethod(gr.Blocks.launch, **quiet)
        with patch.object(gr.Blocks, "launch", launch):
            exec(code, vars(module))
        if hasattr(module, "demo"):
            demos.append(module.demo)
        return module

    yield run
    for demo in demos:
        if demo.is_running:
            demo.close(verbose=False)


def _programs() -> Iterator[Callable[..., Alone]]:
    started: list[Alone] = []

    def start(notebook: str, cell_id: str, **env: str) -> Alone:
        found = collection.load(notebook)
        new = Alone(found.alone(found.cell(cell_id)), env)
        started.append(new)
        new.start()
        return new

    yield start
    for one in started:
        one.remove()


# These two know the collection; a program of any text is `gradio_patterns.testing.Program`.
program = pytest.fixture(_programs, name="program")
shared_program = pytest.fixture(_programs, scope="module", name="shared_program")


@pytest.fixture
def recipe(program) -> Callable[..., str]:
    """`recipe("02_state", "own-cart", NAME="value")` runs that cell alone until the test ends; its URL."""
    return lambda notebook, cell_id, **env: program(notebook, cell_id, **env).url


@pytest.fixture(scope="module")
def shared_recipe(shared_program) -> Callable[..., str]:
    """Like `recipe`, but one program for all tests of the module that name the same cell."""
    urls: dict[tuple, str] = {}

    def url_of(notebook: str, cell_id: str, **env: str) -> str:
        key = (notebook, cell_id, *sorted(env.items()))
        if key not in urls:
            urls[key] = shared_program(notebook, cell_id, **env).url
        return urls[key]

    return url_of
