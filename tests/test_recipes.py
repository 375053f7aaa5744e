"""Each recipe, pasted alone into app.py in an empty folder: it starts, answers a client, and stops at Ctrl-C.

Every recipe runs once; the tests below read the report of that run. `make test` takes a tenth of them, another one
each day. `make test-all` runs a third of the rest, another one each day, as `gradio-patterns show NAME > app.py &&
uv run app.py` does, where nothing is installed but what the program's own metadata names.
"""

import contextlib
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from gradio_patterns import collection, scripts
from gradio_patterns.collection import Recipe
from gradio_patterns.testing import programs
from tools import alone, today

# Notebooks of another folder, whose planted errors are to be seen, run all at once and in this environment.
TODAY = today.recipes(1 if "GRADIO_PATTERNS_NOTEBOOKS" in os.environ else 10)
SHOWN = today.recipes(3)


def marks(recipe: Recipe) -> list[pytest.MarkDecorator]:
    wanted = [
        (pytest.mark.undisturbed, "import ray" in recipe.source),
        (pytest.mark.slow, recipe.id not in TODAY),
        (pytest.mark.skip(reason=today.LATER), not (today.EVERY or recipe.id in TODAY | SHOWN)),
    ]
    return [mark for mark, is_wanted in wanted if is_wanted]


RECIPES = [
    pytest.param(recipe, id=recipe.id, marks=marks(recipe))
    for notebook in collection.load_all()
    for recipe in notebook.recipes
]
AT_ONCE = 2

pytestmark = [
    pytest.mark.parametrize("recipe", RECIPES),
    pytest.mark.timeout(2 * programs.START_SECONDS + 300),
]


@pytest.fixture(scope="module")
def runs(request, tmp_path_factory):
    """The runs of all selected recipes, a few at a time, from the moment that the first one is asked for."""
    selected = {
        item.callspec.params["recipe"].id: item.callspec.params["recipe"]
        for item in request.session.items
        if item.path == request.path and not item.get_closest_marker("skip")
    }
    # Those that need the same stand together: the next one finds most of its environment made.
    later = sorted(selected.keys() - TODAY, key=lambda name: scripts.requirements(selected[name].source))
    with contextlib.ExitStack() as stack:
        shown = stack.enter_context(alone.surroundings(tmp_path_factory.mktemp("uv"), AT_ONCE)) if later else None
        pool = ThreadPoolExecutor(AT_ONCE)
        stack.callback(pool.shutdown, cancel_futures=True)
        runs = {name: pool.submit(alone.run, selected[name]) for name in selected.keys() & TODAY}
        yield runs | {name: pool.submit(alone.run, selected[name], shown) for name in later}


@pytest.fixture
def report(runs, recipe: Recipe) -> alone.Report:
    return runs[recipe.id].result()


@pytest.fixture
def answer(report) -> alone.Answer:
    assert not report.not_started, "it did not start"
    assert report.answer, f"the call failed: {report.call_error}\n{report.log}"
    return report.answer


def test_starts(report):
    assert not report.not_started, report.not_started


def test_answers_a_client(answer):
    assert answer.called in answer.endpoints


def test_prints_no_warning(report):
    assert not report.noise, f"lines that no reader should see: {report.noise}\n\nall it printed:\n{report.log}"


def test_labels_every_component(answer):
    assert not alone.unlabelled(answer.config), "components without a label"


def test_names_every_endpoint(answer, recipe):
    assert not alone.automatic_names(recipe, answer.config), "endpoints whose api_name Gradio made up"


def test_stops_at_ctrl_c(report):
    assert not report.not_started, "it did not start"
    assert report.exit_status is not None, f"still there {programs.STOP_SECONDS} s after Ctrl-C:\n{report.log}"
    assert report.exit_status in (0, 130, -2), f"it ended with exit status {report.exit_status}:\n{report.log}"
    assert not report.left, f"it left processes behind: {report.left}"
    assert report.port_is_free, "its port is still taken"


def test_needs_no_network(report):
    assert not report.network, f"it tried to reach: {report.network}"
