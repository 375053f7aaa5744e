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

from gradio_patterns.collection import Notebook
from tools import notebooks, rules

MORE = "A sentence more says when one needs it. "  # a notebook has 350 words

TEXT = f"""\
## Give every visitor their own cart

A module-level list belongs to the server, so every visitor reads and writes the same one. `gr.State`
belongs to one session. {40 * MORE}

**You see:** items that somebody else added · a cart that a refresh
does not empty

**Do:** keep it in `gr.State([])`, and give it to the handler
as an input and as an output.
"""

TRAP = """\
cart = []


def add_to_shared(item):
    cart.append(item)
    return ", ".join(cart)


with gr.Blocks() as trap:
    item = gr.Textbox(label="Item")
    contents = gr.Textbox(label="Cart")
    gr.Button("Add").click(add_to_shared, item, contents, api_name="add")

with serve(trap) as app:
    alice, bob = app.visitors(2)
    alice.predict("milk", api_name="/add")
    seen = bob.predict("tea", api_name="/add")
assert seen == "milk, tea"
seen
"""

RECIPE = """\
import gradio as gr

MOST = 20


def add(item, cart):
    if not item.strip():
        raise gr.Error("Type what to add.")
    cart = [*cart, item][:MOST]
    return ", ".join(cart), cart


with gr.Blocks() as demo:
    cart = gr.State([])
    item = gr.Textbox(label="Item")
    contents = gr.Textbox(label="Cart")
    gr.Button("Add").click(add, [item, cart], [contents, cart], api_name="add")

demo.launch()
"""

CHECK = """\
alice, bob = visitors(demo, 2)
alice.predict("milk", api_name="/add")
bobs = bob.predict("tea", api_name="/add")
assert bobs == "tea"
bobs
"""

# What the set-up cell imports for both sections.
IMPORTED = {
    "gr": ("gradio", ""),
    "serve": ("gradio_patterns.testing", "serve"),
    "visitors": ("gradio_patterns.testing", "visitors"),
}

# A second section, for what one section does to another.
BOOK_TEXT = """\
## Keep one guest book for everybody

What all visitors share is a module-level name, on purpose.
**You see:** a list that is empty for everybody else
**Do:** append to one `list` of the module.
"""

BOOK = """\
import gradio as gr

MOST = 20
guests = []


def sign(name):
    guests.append(name)
    return ", ".join(guests[-MOST:])


with gr.Blocks() as demo:
    name = gr.Textbox(label="Name")
    book = gr.Textbox(label="Guest book")
    gr.Button("Sign").click(sign, name, book, api_name="sign")

demo.launch()
"""

BOOK_CHECK = """\
alice, bob = visitors(demo, 2)
alice.predict("Alice", api_name="/sign")
both = bob.predict("Bob", api_name="/sign")
assert both == "Alice, Bob"
both
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
        new_code_cell(notebooks.setup_cell(name, IMPORTED), id="setup", metadata={"tags": ["setup"]}),
        new_markdown_cell(TEXT, id="own-cart-text"),
        new_code_cell(TRAP.strip(), id="own-cart-trap", metadata={"tags": ["trap"]}),
        new_code_cell(RECIPE.strip(), id="own-cart", metadata={"tags": ["recipe"]}),
        new_code_cell(CHECK.strip(), id="own-cart-check", metadata={"tags": ["check"]}),
        new_markdown_cell(BOOK_TEXT, id="guest-book-text"),
        new_code_cell(BOOK.strip(), id="guest-book", metadata={"tags": ["recipe"]}),
        new_code_cell(BOOK_CHECK.strip(), id="guest-book-check", metadata={"tags": ["check"]}),
        new_markdown_cell(FOLKLORE.strip(), id="folklore"),
    ]
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})


def cell(nb, id):
    return next(cell for cell in nb.cells if cell.id == id)


def edit(id: str, *texts: str):
    """A break that replaces text in one cell, which must be there: old, new and so on."""

    def apply(nb):
        target = cell(nb, id)
        for old, new in zip(texts[::2], texts[1::2], strict=True):
            assert old in target.source, f"{old!r} is not in {id}"
            target.source = target.source.replace(old, new)

    return apply


def sets(id: str, changes: dict):
    """A break that sets fields of one cell."""
    return lambda nb: cell(nb, id).update(copy.deepcopy(changes))


def adds(id: str, source: str, **metadata):
    """A break that puts a code cell before the folklore."""
    return lambda nb: nb.cells.insert(-1, new_code_cell(source, id=id, metadata=metadata))


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
    "symptom_elsewhere": (
        lambda nb: nb.cells.insert(6, new_markdown_cell("**You see:** nothing", id="own-cart-more")),
        "symptoms",
    ),
    "no_cure": (edit("own-cart-text", "**Do:**", "Do:"), "cure"),
    "two_cures": (edit("own-cart-text", "**Do:**", "**Do:** use `gr.State`.\n\n**Do:**"), "cure"),
    "cure_first": (
        edit("guest-book-text", "**You see:**", "**Do:** use a `list`.\n**You see:**", "**Do:** append", "append"),
        "cure",
    ),
    "long_cure": (edit("own-cart-text", "as an input", 40 * "really " + "as an input"), "cure"),
    "cure_without_code": (edit("own-cart-text", "`gr.State([])`", "a state"), "cure"),
    "little_prose": (edit("own-cart-text", 10 * MORE, ""), "prose"),
    "much_prose": (edit("own-cart-text", 10 * MORE, 40 * MORE), "prose"),
    "todo": (edit("own-cart-check", "assert", "# TODO\nassert"), "finished"),
    "rig": (adds("guest-book-rig", "import threading"), "no-rig"),
    "no_check": (drops("own-cart-check"), "one-recipe-each"),
    "trap_after_recipe": (lambda nb: nb.cells.insert(5, nb.cells.pop(3)), "one-recipe-each"),
    "no_recipe": (drops("own-cart"), "one-recipe-each"),
    "long_check": (edit("own-cart-check", "assert", 30 * "bobs\n" + "assert"), "lengths"),
    "long_recipe": (edit("own-cart", "MOST = 20\n", 110 * "MOST = 20\n"), "lengths"),
    "magic": (edit("own-cart-check", "alice, bob", "%time\nalice, bob"), "plain-python"),
    "no_assert": (edit("own-cart-check", 'assert bobs == "tea"\n', ""), "traps-and-checks-can-fail"),
    "constant_assert": (edit("own-cart-check", 'assert bobs == "tea"', "assert True"), "traps-and-checks-can-fail"),
    "swallowed_assert": (
        edit("own-cart-check", 'assert bobs == "tea"', 'try:\n    assert bobs == "tea"\nexcept Exception:\n    pass'),
        "traps-and-checks-can-fail",
    ),
    "trap_without_assert": (edit("own-cart-trap", 'assert seen == "milk, tea"\n', ""), "traps-and-checks-can-fail"),
    "no_launch": (edit("own-cart", "demo.launch()", "demo"), "recipes-are-programs"),
    "recipe_that_needs_a_name": (edit("own-cart", "MOST = 20\n", ""), "recipes-are-programs"),
    "shared": (edit("own-cart", "launch()", "launch(share=True)"), "plain-launch"),
    "fixed_port": (edit("own-cart", "launch()", "launch(server_port=7860)"), "plain-launch"),
    "needs_the_project": (
        edit("own-cart", "import gradio as gr", "import gradio as gr\nimport gradio_patterns.testing.traffic"),
        "only-model-helpers",
    ),
    "mounted_unchecked": (
        edit(
            "own-cart",
            "demo.launch()",
            'from fastapi import FastAPI\n\ngr.mount_gradio_app(FastAPI(), demo, path="/")\ndemo.launch()',
        ),
        "mounted",
    ),
    "needs_a_file": (edit("own-cart", '"Type', 'open("deploy/nginx.conf"), "Type'), "only-model-helpers"),
    "name_taken": (edit("guest-book", "MOST = 20", "MOST = 5"), "stays-alive"),
    "leans_on_another_section": (edit("guest-book-check", "assert both", "assert seen and both"), "stands-alone"),
    "imports_twice": (
        edit("own-cart-check", "alice, bob", "from gradio_patterns.testing import visitors\n\nalice, bob"),
        "setup",
    ),
    "load_without_name": (
        edit("own-cart", "\ndemo", "    demo.load(lambda: 'Milk', None, contents)\n\ndemo"),
        "unseen-events-are-named",
    ),
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
    "demo_that_a_later_cell_breaks": (
        edit("guest-book-check", "assert", 'MOST = "many"\nassert'),
        {"test_every_demo_answers_after_the_last_cell"},
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
    chosen = [] if test_file == "test_recipes" else ["-m", "not slow"]  # of the recipes, some are slow on some days
    command = [sys.executable, "-m", "pytest", f"tests/{test_file}.py", *chosen, f"--junitxml={report}"]
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


@pytest.mark.slow
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


def broken(rule: str, apply, tmp_path) -> bool:
    """Whether the sample breaks a rule after `apply`."""
    notebook = sample("10_sample.ipynb")
    apply(notebook)
    nbformat.write(notebook, tmp_path / "10_sample.ipynb")
    return bool(rules.violations(Notebook(tmp_path / "10_sample.ipynb"), [rule]))


@pytest.mark.parametrize(
    ("code", "breaks"),
    [
        ("MOST = 20", False),
        ("MOST=(20)", False),
        ("import gradio as gr", False),
        ("import math, gradio as gr", False),
        ("def inner():\n    MOST = 1", False),
        ("[MOST for MOST in 'ab']", False),
        ("(lambda MOST: MOST)(1)", False),
        ("class Inner:\n    MOST = 1", False),
        ("MOST = 21", True),
        ("MOST += 1", True),
        ("MOST: int = 21", True),
        ("del MOST", True),
        ("def MOST(): ...", True),
        ("class MOST: ...", True),
        ("import math as gr", True),
        ("from math import pi as MOST", True),
        ("for MOST in range(2): ...", True),
        ("with open('x') as (MOST, _): ...", True),
        ("print(MOST := 3)", True),
        ("[MOST := 3 for _ in 'ab']", True),
        ("def inner():\n    global MOST\n    MOST = 1", True),
        ("match 3:\n    case MOST: ...", True),
        ("try: ...\nexcept OSError as MOST: ...", True),
        ("await MOST.close()\nasync with MOST as MOST: ...", True),
    ],
)
def test_what_gives_a_recipes_name_another_meaning(tmp_path, code, breaks):
    put = edit("guest-book-check", "alice, bob", f"{code}\nalice, bob")
    assert broken("stays-alive", put, tmp_path) == breaks


@pytest.mark.parametrize(
    ("code", "breaks"),
    [
        ("[one for one in range(3)]", False),
        ("{one: two for one, two in {}.items() if one}", False),
        ("print(sys.version, notebook, __name__)", False),
        ("get_ipython(), display(1)", False),
        ("def early(): return late\nlate = 1", False),
        ("class Inner:\n    size = 3\n    twice = 2 * size", False),
        ("import asyncio\nawait asyncio.sleep(0)", False),
        ("def outer():\n    inner = 1\n    return lambda: inner", False),
        ("print(sign, guests, demo)", False),
        ("print(add)", True),
        ("(lambda: add)", True),
        ("class Inner:\n    size = 3\n    def twice(self): return 2 * size", True),
        ("def outer(one=add): ...", True),
        ("[one for one in add]", True),
        ("async def outer():\n    await add()", True),
        ("for one in 'ab':\n    add.one = one", True),
    ],
)
def test_what_a_section_does_not_define(tmp_path, code, breaks):
    put = edit("guest-book-check", "alice, bob", f"{code}\nalice, bob")
    assert broken("stands-alone", put, tmp_path) == breaks


def test_a_name_that_a_later_cell_of_the_section_binds_is_missing(tmp_path):
    put = edit("own-cart-trap", "assert seen", "print(bobs)\nassert seen")
    assert broken("stands-alone", put, tmp_path)


@pytest.mark.parametrize(
    ("code", "breaks"),
    [
        ("    demo.load(add, [item, cart], [contents, cart], api_name='load')", False),
        ("    demo.load(add, [item, cart], [contents, cart], api_visibility='private')", False),
        ("    demo.load(None, js='() => 1')", False),
        ("    gr.on([demo.load], lambda: 1, api_name='load')", False),
        ("import json\nsettings = json.loads('{}')", False),
        ("    @gr.render()\n    def more():\n        gr.Button('x').click(add, api_name='x')", False),
        ("    @gr.render()\n    def more():\n        names = []\n        names.clear()", False),
        ("    demo.load(add, [item, cart], [contents, cart])", True),
        ("    demo.load(add, [item, cart], [contents, cart], api_name=None)", True),
        ("    @demo.load()\n    def start(): ...", True),
        ("    gr.on([demo.load, item.change], lambda: 1)", True),
        ("    @gr.render()\n    def more():\n        gr.Button('x').click(add)", True),
        (
            "    @gr.render()\n    def more():\n        button = gr.Button('x')\n"
            "        @button.click(inputs=[])\n        def pressed(): ...",
            True,
        ),
    ],
)
def test_which_event_that_no_client_sees_has_no_name(tmp_path, code, breaks):
    assert broken("unseen-events-are-named", edit("own-cart", "\ndemo", f"{code}\n\ndemo"), tmp_path) == breaks


def test_sizes_are_printed(tmp_path):
    nbformat.write(sample("10_sample.ipynb"), tmp_path / "10_sample.ipynb")
    head, one, total = rules.sizes([Notebook(tmp_path / "10_sample.ipynb")])
    assert head.split()[-6:] == ["trap", "recipe", "check", "other", "recipes", "words"]
    assert one.split()[1:] == ["14,", "14", "12,", "13", "5,", "5", "-", "50%", "408"]
    assert total.split()[1:] == one.split()[1:]
