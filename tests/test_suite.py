"""The suite is checked too: a small notebook passes it, and each broken copy turns the right test red.

The copies lie in one folder, on which the suite itself runs in a process of its own, once.
"""

import copy
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools import notebooks, rules

TEXT = """\
## Give every visitor their own cart

A module-level list belongs to the server, so every visitor reads and writes the same one. `gr.State`
belongs to one session.

**You see:** items that somebody else added · a cart that a refresh does not empty
"""

TRAP = """\
import gradio as gr
from gradio_client import Client

cart = []


def add_to_shared(item):
    cart.append(item)
    return ", ".join(cart)


with gr.Blocks() as trap:
    item = gr.Textbox(label="Item")
    contents = gr.Textbox(label="Cart")
    gr.Button("Add").click(add_to_shared, item, contents, api_name="add")

trap.launch(inline=False, quiet=True)
Client(trap.local_url, verbose=False).predict("milk", api_name="/add")
seen = Client(trap.local_url, verbose=False).predict("tea", api_name="/add")
trap.close()
cart.clear()
assert seen == "milk, tea"
seen
"""

RECIPE = """\
import gradio as gr


def add(item, cart):
    if not item.strip():
        raise gr.Error("Type what to add.")
    cart = [*cart, item]
    return ", ".join(cart), cart


with gr.Blocks() as demo:
    cart = gr.State([])
    item = gr.Textbox(label="Item")
    contents = gr.Textbox(label="Cart")
    gr.Button("Add").click(add, [item, cart], [contents, cart], api_name="add")

demo.launch()
"""

CHECK = """\
from gradio_client import Client

alice, bob = (Client(demo.local_url, verbose=False) for _ in range(2))
alice.predict("milk", api_name="/add")
bobs = bob.predict("tea", api_name="/add")
assert bobs == "tea"
bobs
"""

FOLKLORE = """\
## Folklore, tested

| The rule, as repeated | In Gradio 6 | Proven by |
|---|---|---|
| Globals are shared between users | **True**: one list for all sessions. | `own-cart-trap`, `own-cart-check` |
"""


def sample(name: str) -> nbformat.NotebookNode:
    """A notebook that keeps every rule, as the file `name`."""
    cells = [
        new_markdown_cell(f"# State\n\nKeep what one visitor did apart.\n\n{notebooks.badge(name)}", id="title"),
        new_code_cell(notebooks.setup_cell(name), id="setup", metadata={"tags": ["setup"]}),
        new_markdown_cell(TEXT, id="own-cart-text"),
        new_code_cell(TRAP.strip(), id="own-cart-trap", metadata={"tags": ["trap"]}),
        new_code_cell(RECIPE.strip(), id="own-cart", metadata={"tags": ["recipe"]}),
        new_code_cell(CHECK.strip(), id="own-cart-check", metadata={"tags": ["check"]}),
        new_markdown_cell(FOLKLORE.strip(), id="folklore"),
    ]
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})


def cell(nb, id):
    return next(cell for cell in nb.cells if cell.id == id)


def edit(id: str, old: str, new: str):
    """A break that replaces text in one cell, which must be there."""

    def apply(nb):
        target = cell(nb, id)
        assert old in target.source, f"{old!r} is not in {id}"
        target.source = target.source.replace(old, new)

    return apply


def sets(id: str, changes: dict):
    """A break that sets fields of one cell."""
    return lambda nb: cell(nb, id).update(copy.deepcopy(changes))


def drops(id: str):
    """A break that removes one cell."""
    return lambda nb: nb.cells.remove(cell(nb, id))


def both(*breaks):
    """Several breaks in one copy."""

    def apply(nb):
        for one in breaks:
            one(nb)

    return apply


def metadata(**changes):
    """A break in the notebook's own metadata."""
    return lambda nb: nb.metadata.update(copy.deepcopy(changes))


# What is broken, how, and the rule that must say so.
BREAKS_A_RULE = {
    "old_format": (lambda nb: nb.update(nbformat_minor=4), "valid-format"),
    "emoji": (edit("own-cart-text", "## Give", "## \N{ROCKET} Give"), "no-emoji"),
    "another_kernel": (metadata(kernelspec={"name": "my-env", "display_name": "My env"}), "kernel"),
    "allow_errors": (metadata(execution={"allow_errors": True}), "kernel"),
    "outputs_kept": (sets("own-cart-check", {"outputs": [new_output("stream", text="tea")]}), "no-outputs"),
    "execution_count_kept": (sets("own-cart-check", {"execution_count": 3}), "no-outputs"),
    "id_of_jupyter": (sets("own-cart-check", {"id": "4F2a_b"}), "ids"),
    "id_twice": (sets("own-cart-check", {"id": "own-cart-trap"}), "ids"),
    "raises_exception": (sets("own-cart-trap", {"metadata": {"tags": ["trap", "raises-exception"]}}), "tags"),
    "unknown_tag": (sets("own-cart-trap", {"metadata": {"tags": ["trap", "hide-input"]}}), "tags"),
    "mocked_by_nbmake": (
        sets("own-cart-check", {"metadata": {"tags": ["check"], "nbmake": {"mock": {"bobs": "tea"}}}}),
        "tags",
    ),
    "check_without_its_tag": (sets("own-cart-check", {"metadata": {}}), "tags"),
    "dead_badge": (edit("title", "/blob/main/notebooks/", "/blob/main/notebook/"), "title"),
    "badge_of_another": (edit("title", ".ipynb", "_old.ipynb"), "title"),
    "own_setup": (edit("setup", "-q", "-U"), "setup"),
    "foreign_id": (sets("own-cart-check", {"id": "basket-check"}), "sections"),
    "no_symptom": (edit("own-cart-text", "**You see:**", "You see:"), "symptoms"),
    "no_check": (drops("own-cart-check"), "one-recipe-each"),
    "trap_after_recipe": (lambda nb: nb.cells.insert(5, nb.cells.pop(3)), "one-recipe-each"),
    "no_recipe": (drops("own-cart"), "one-recipe-each"),
    "long_check": (edit("own-cart-check", "bobs == ", "bobs ==" + 50 * " \\\n" + " "), "sizes"),
    "magic": (edit("own-cart-check", "from", "%time\nfrom"), "plain-python"),
    "no_assert": (edit("own-cart-check", 'assert bobs == "tea"\n', ""), "traps-and-checks-can-fail"),
    "constant_assert": (edit("own-cart-check", 'assert bobs == "tea"', "assert True"), "traps-and-checks-can-fail"),
    "swallowed_assert": (
        edit("own-cart-check", 'assert bobs == "tea"', 'try:\n    assert bobs == "tea"\nexcept Exception:\n    pass'),
        "traps-and-checks-can-fail",
    ),
    "trap_without_assert": (edit("own-cart-trap", 'assert seen == "milk, tea"\n', ""), "traps-and-checks-can-fail"),
    "no_launch": (edit("own-cart", "demo.launch()", "demo"), "recipes-are-programs"),
    "shared": (edit("own-cart", "launch()", "launch(share=True)"), "plain-launch"),
    "fixed_port": (edit("own-cart", "launch()", "launch(server_port=7860)"), "plain-launch"),
    "needs_the_project": (
        edit("own-cart", "import gradio as gr", "import gradio as gr\nimport helpers.traffic"),
        "only-model-helpers",
    ),
    "needs_a_file": (edit("own-cart", '"Type', 'open("deploy/nginx.conf"), "Type'), "only-model-helpers"),
    "no_api_name": (edit("own-cart", ', api_name="add"', ""), "endpoints-are-named"),
    "rendered_without_label": (
        edit("own-cart", "\ndemo", "    @gr.render()\n    def more():\n        gr.Textbox()\n\ndemo"),
        "rendered-components-are-labelled",
    ),
    "no_folklore": (drops("folklore"), "folklore"),
    "proof_that_is_not_there": (edit("folklore", "own-cart-check", "own-cart-proof"), "folklore"),
    "proof_that_proves_nothing": (edit("folklore", "own-cart-check", "own-cart"), "folklore"),
    "no_verdict": (edit("folklore", "**True**", "True"), "folklore"),
}

# What only running shows: how it is broken, which tests of test_notebooks.py go red, and of test_recipes.py.
UNTIDY = """\
import subprocess, sys, urllib.request

subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"], start_new_session=True)
try:
    urllib.request.urlopen("http://example.org", timeout=5)
except OSError:
    pass

import gradio as gr
"""
BREAKS_A_RUN = {
    "nothing": (both(), set(), set()),
    "handler_that_raises": (
        edit("own-cart", "    if not item.strip():\n        raise gr.Error", "    raise RuntimeError"),
        {"test_executes"},
        {"test_answers_a_client", "test_prints_no_warning"},
    ),
    "trap_that_does_not_trap": (
        edit("own-cart-trap", 'return ", ".join(cart)', "return item"),
        {"test_executes"},
        set(),
    ),
    "deprecated": (
        edit("own-cart", "gr.Blocks()", "gr.Blocks(theme=gr.themes.Soft())"),
        {"test_prints_nothing_to_stderr"},
        {"test_prints_no_warning"},
    ),
    "untidy": (
        both(
            edit("own-cart", "import gradio as gr\n", UNTIDY),
            edit("own-cart", 'gr.Textbox(label="Item")', "gr.Textbox()"),
            edit("own-cart", 'gr.Button("Add").click(', 'attach = gr.Button("Add").click\n    attach('),
            edit("own-cart", ', api_name="add"', ""),
            edit("own-cart-check", "assert", 'open("cart.txt", "w").close()\nassert'),
            edit("own-cart", "\ndemo.launch()", '\nprint("Ready", file=sys.stderr)\ndemo.launch(inline=False)'),
        ),
        {
            "test_prints_nothing_to_stderr",
            "test_shows_every_demo",
            "test_needs_no_network",
            "test_leaves_nothing_behind",
        },
        {"test_labels_every_component", "test_names_every_endpoint", "test_stops_at_ctrl_c", "test_needs_no_network"},
    ),
}


def write(folder: Path, breaks: dict) -> dict[str, str]:
    """Write a broken copy for each break; the stem of each."""
    stems = {}
    for number, (name, (apply, *_)) in enumerate(breaks.items(), 10):
        stems[name] = f"{number}_{name}"
        notebook = sample(f"{stems[name]}.ipynb")
        apply(notebook)
        # Not nbformat.write, which mends ids.
        (folder / f"{stems[name]}.ipynb").write_text(json.dumps(notebook))
    return stems


def red(test_file: str, folder: Path) -> set[tuple[str, str]]:
    """Run one file of the suite on the notebooks of a folder; the tests that fail, as (function, parameters)."""
    report = folder / f"{test_file}.xml"
    command = [sys.executable, "-m", "pytest", f"tests/{test_file}.py", "-m", "not slow", f"--junitxml={report}"]
    done = subprocess.run(
        [*command, "-q", "--tb=short", "-p", "no:cacheprovider"],
        cwd=notebooks.ROOT,
        env={**os.environ, "GRADIO_PATTERNS_NOTEBOOKS": str(folder)},
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr  # anything else: the tests did not run
    cases = list(ET.parse(report).iter("testcase"))
    assert cases, done.stdout
    failed = [
        case.get("name", "") for case in cases if case.find("failure") is not None or case.find("error") is not None
    ]
    print(done.stdout[-20_000:])
    return {(name.partition("[")[0], name.partition("[")[2].rstrip("]")) for name in failed}


@pytest.fixture(scope="module")
def red_rules(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rules")
    stems = write(folder, {"nothing": (both(),), **BREAKS_A_RULE})
    found = red("test_rules", folder)
    return {
        name: {p.removeprefix(f"{stem}-") for _, p in found if p.startswith(f"{stem}-")} for name, stem in stems.items()
    }


@pytest.mark.parametrize("name", ["nothing", *BREAKS_A_RULE])
def test_what_breaks_a_rule_turns_that_rule_red(red_rules, name):
    if name == "nothing":
        assert red_rules[name] == set()
    else:
        assert BREAKS_A_RULE[name][1] in red_rules[name]


def test_every_rule_can_turn_red():
    assert {expected for _, expected in BREAKS_A_RULE.values()} == set(rules.RULES)


@pytest.fixture(scope="module")
def red_runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    stems = write(folder, BREAKS_A_RUN)
    with ThreadPoolExecutor(2) as pool:
        executed, alone = pool.map(lambda file: red(file, folder), ("test_notebooks", "test_recipes"))
    return {
        name: ({t for t, p in executed if p == stem}, {t for t, p in alone if p == f"{stem}::own-cart"})
        for name, stem in stems.items()
    }


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", BREAKS_A_RUN)
def test_what_breaks_a_run_turns_it_red(red_runs, name):
    _, executed, alone = BREAKS_A_RUN[name]
    if name == "nothing":
        assert red_runs[name] == (set(), set())
    else:
        assert executed <= red_runs[name][0]
        assert alone <= red_runs[name][1]


@pytest.mark.parametrize(
    "code",
    [
        "import json\nsettings = json.load(open('settings.json'))",
        "from concurrent.futures import ThreadPoolExecutor\nworker = ThreadPoolExecutor(1)\nworker.submit(print, 1)",
        "basket = set()\nbasket.clear()",
        "def stop(): ...\nbutton = gr.Button('Stop')\nbutton.click(stop, api_visibility='private')",
        "button = gr.Button('Stop')\nbutton.click(None, cancels=[])",
    ],
)
def test_what_is_no_public_endpoint_needs_no_name(tmp_path, code):
    notebook = sample("10_sample.ipynb")
    edit("own-cart", "\ndemo.launch()", f"\n{code}\ndemo.launch()")(notebook)
    nbformat.write(notebook, tmp_path / "10_sample.ipynb")
    assert rules.violations(notebooks.Notebook(tmp_path / "10_sample.ipynb"), ["endpoints-are-named"]) == []
