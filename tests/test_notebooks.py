"""Every notebook, executed by nbmake from top to bottom, without a network, in an empty folder.

Each is executed once; the tests below read what that run left.
"""

import dataclasses
import json
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from gradio_patterns import collection
from gradio_patterns.collection import Notebook
from gradio_patterns.testing.programs import end_processes
from tools import again, alone, sections, today

AT_ONCE = 2  # on two cores, beside the other tests
CELL_SECONDS = 300
NOTEBOOK_SECONDS = 900
UNDISTURBED = {"05_deploy"}  # a Ray cluster: it runs last and alone
# What a notebook itself closes, and says so.
CLOSED = {"05_deploy": {"scale-out"}}

pytestmark = pytest.mark.timeout(NOTEBOOK_SECONDS + 300)


@dataclasses.dataclass
class Run:
    """An execution: nbmake's verdict and words, the notebook with its outputs, and what stayed behind."""

    passed: bool
    log: str
    notebook: Notebook
    files: list[str]
    processes: list[str]
    network: list[str]


def execute(path: Path) -> Run:
    scratch = Path(tempfile.mkdtemp(prefix="notebook-"))
    try:
        folder = scratch / "empty"
        folder.mkdir()
        copy = folder / path.name
        data = nbformat.read(path, as_version=4)
        data.cells.append(new_code_cell(again.cell(path), id=again.ID))
        nbformat.write(data, copy)
        command = [sys.executable, "-m", "pytest", "--nbmake", "--overwrite", f"--nbmake-timeout={CELL_SECONDS}"]
        command += ["-p", "no:cacheprovider", "--no-header", "--color=no", f"--rootdir={folder}", copy.name]
        # Gradio looks for a free port and takes it a moment later: two notebooks at once look in different places.
        env = alone.environment(scratch, GRADIO_SERVER_PORT=f"1{path.stem[:2]}00")
        with (scratch / "log").open("w") as log:
            process = subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=log, start_new_session=True)
            try:
                status = process.wait(NOTEBOOK_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                status = process.wait()
        processes = end_processes("NETWORK_LOG", str(scratch / "network.log"), seconds=3)
        return Run(
            passed=status == 0,
            log=(scratch / "log").read_text(errors="replace"),
            notebook=Notebook(copy),
            # .gradio is Gradio's own: cached examples and flagged samples.
            files=sorted(p.name for p in folder.iterdir() if p.name not in (copy.name, ".gradio")),
            processes=processes,
            network=alone.network_attempts(scratch),
        )
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@pytest.fixture(scope="module")
def runs(request):
    """The runs of all notebooks that a selected test asks for, from the moment that the first one does."""
    pool = ThreadPoolExecutor(AT_ONCE)
    asking = [i for i in request.session.items if i.path == request.path and "runs" in i.fixturenames]
    selected = {item.callspec.params["path"] for item in asking}
    yield {path: pool.submit(execute, path) for path in sorted(selected)}
    pool.shutdown(cancel_futures=True)


@pytest.fixture
def run(runs: dict[Path, Future[Run]], path: Path) -> Run:
    return runs[path].result()


each = pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.stem, marks=[pytest.mark.undisturbed] if path.stem in UNDISTURBED else [])
        for path in collection.paths()
    ],
)


@each
def test_executes(run):
    assert run.passed, run.log


@each
def test_prints_nothing_to_stderr(run):
    boxes = {
        cell.id: "".join(output["text"])
        for cell in run.notebook.code
        for output in cell.outputs
        if output["output_type"] == "stream" and output["name"] == "stderr"
    }
    assert not boxes, f"cells with a red box: {boxes}"


@each
def test_shows_every_demo(run):
    hidden = [
        recipe.name
        for recipe in run.notebook.recipes
        if not any("<iframe" in "".join(o.get("data", {}).get("text/html", "")) for o in recipe.cell.outputs)
    ]
    assert not hidden, f"recipes whose demo is not shown in the notebook: {hidden}"


@each
def test_needs_no_network(run):
    assert not run.network, f"it tried to reach: {run.network}"


@each
def test_leaves_nothing_behind(run):
    assert not run.files, f"files in the folder of the notebook: {run.files}"
    assert not run.processes, f"processes that outlived the kernel: {run.processes}"


@each
def test_every_demo_answers_after_the_last_cell(run, path):
    (cell,) = [cell for cell in run.notebook.cells if cell.id == again.ID]
    printed = "".join(text for output in cell.outputs for text in output.get("text", ""))
    assert printed, f"the demos were not asked:\n{run.log}"
    wrong = {name: problem for name, problem in json.loads(printed).items() if problem}
    assert wrong.keys() <= CLOSED.get(path.stem, set()), f"demos that do not answer after Run All: {wrong}"


@pytest.mark.slow
@pytest.mark.parametrize(
    "notebook",
    [
        pytest.param(*one.values, id=one.id, marks=[*one.marks, *([pytest.mark.undisturbed] * (one.id in UNDISTURBED))])
        for one in today.notebooks(3)
    ],
)
def test_every_section_runs_alone(notebook):
    """After the set-up cell only, the last one first, with no name of another section, its recipe twice in a row."""
    problems = sections.run(notebook.path)
    assert not problems, "\n\n".join(problems)
