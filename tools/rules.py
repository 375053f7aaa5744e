"""The rules of a notebook, each one sentence and one function.

``python -m tools.rules [NOTEBOOK ...]`` prints what breaks them, with file and cell, and exits with 1 if
anything does; ``--sizes`` prints the length of each notebook instead. The sentences are the docstrings.
"""

from __future__ import annotations

import argparse
import ast
import copy
import functools
import inspect
import re
import statistics
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat

from tools import notebooks
from tools.notebooks import Cell, Notebook, Section

Found = Iterator[tuple[Cell | None, str]]
Rule = Callable[[Notebook], Found]
RULES: dict[str, Rule] = {}

MAX_LINES = 45
MAX_LINES_APP = 140
KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
VERDICTS = ("True", "False", "Partly", "Stale")
FOLKLORE_HEAD = ["The rule, as repeated", "In Gradio 6", "Proven by"]
SWALLOWING = {"Exception", "BaseException", "AssertionError"}


@dataclass(frozen=True)
class Violation:
    """A rule, and where a notebook breaks it."""

    rule: str
    notebook: Notebook
    cell: Cell | None
    message: str

    def __str__(self) -> str:
        where = f"{self.notebook.path.name}, {self.cell}" if self.cell else self.notebook.path.name
        return f"{where}: {self.message} [{self.rule}]"


def rule(function: Rule) -> Rule:
    """Register a rule under its function's name, with dashes."""
    RULES[getattr(function, "__name__", "").replace("_", "-")] = function
    return function


def violations(notebook: Notebook, names: list[str] | None = None) -> list[Violation]:
    """What breaks the rules named, or any rule."""
    return [
        Violation(name, notebook, cell, message) for name in names or RULES for cell, message in RULES[name](notebook)
    ]


# --- the file -------------------------------------------------------------------------------------


@rule
def valid_format(nb: Notebook) -> Found:
    """The file is valid nbformat 4.5, named NN_section.ipynb."""
    if not re.fullmatch(r"\d\d_[a-z0-9_]+", nb.path.stem):
        yield None, "the file is not named NN_section.ipynb"
    if (nb.data.nbformat, nb.data.nbformat_minor) != (4, 5):
        yield None, f"the format is {nb.data.nbformat}.{nb.data.nbformat_minor}, not 4.5"
        return
    try:
        with warnings.catch_warnings():  # it mends ids that stand twice, in the copy; the rule `ids` reports them
            warnings.simplefilter("ignore")
            nbformat.validate(copy.deepcopy(nb.data))
    except nbformat.ValidationError as error:
        yield None, f"not a valid notebook: {str(error).splitlines()[0]}"


@rule
def kernel(nb: Notebook) -> Found:
    """The kernel is python3, the name that every installation has, and no other metadata is kept."""
    name = nb.metadata.get("kernelspec", {}).get("name")
    if name != "python3":
        yield None, f"the kernel is {name!r}, not 'python3'"
    for key in sorted(set(nb.metadata) - {"kernelspec", "language_info"}):
        detail = " (nbmake would read allow_errors and timeouts there)" if key == "execution" else ""
        yield None, f"the notebook's metadata holds {key!r}{detail}; remove it"


@rule
def no_outputs(nb: Notebook) -> Found:
    """Notebooks are kept without outputs and execution counts."""
    for cell in nb.code:
        if cell.outputs or cell.execution_count is not None:
            yield cell, "holds outputs or an execution count; `make format` strips them"


@rule
def ids(nb: Notebook) -> Found:
    """Every cell has an id of its own, in lower case with dashes."""
    seen: set[str] = set()
    for cell in nb.cells:
        if not KEBAB.fullmatch(cell.id):
            yield cell, f"the id {cell.id!r} is not lower case with dashes, like `own-cart-check`"
        elif cell.id in seen:
            yield cell, "the id stands twice"
        seen.add(cell.id)


@rule
def tags(nb: Notebook) -> Found:
    """Only known tags and metadata are used, and never one that lets a failing cell pass."""
    for cell in nb.cells:
        for tag in cell.tags:
            if tag in ("raises-exception", "skip-execution"):
                yield cell, f"the tag {tag!r} lets a broken cell pass; assert the failure with pytest.raises"
            elif tag not in notebooks.TAGS:
                yield cell, f"unknown tag {tag!r}; there are {', '.join(notebooks.TAGS)}"
            elif cell.type != "code":
                yield cell, f"the tag {tag!r} is for code cells"
        kinds = [tag for tag in cell.tags if tag in notebooks.TAGS and tag != "asgi"]
        if len(kinds) > 1:
            yield cell, f"is {' and '.join(kinds)} at once"
        if "asgi" in cell.tags and "recipe" not in cell.tags:
            yield cell, "has the tag asgi, which only a recipe can have"
        allowed = {"tags", "call"} if "recipe" in cell.tags else {"tags"}
        for key in sorted(set(cell.metadata) - allowed):
            yield cell, f"its metadata holds {key!r}; remove it"
    for section in nb.sections:
        for cell in section.cells:
            for tag in ("trap", "check"):
                if cell.type == "code" and cell.id.endswith(f"-{tag}") != (tag in cell.tags):
                    yield cell, f"its id and its tags disagree: `...-{tag}` and the tag {tag!r} go together"


# --- from the top ---------------------------------------------------------------------------------


@rule
def title(nb: Notebook) -> Found:
    """The first cell is the title, a sentence, and the Colab badge on a line of its own."""
    cell = nb.cells[0]
    if (cell.id, cell.type) != ("title", "markdown") or not re.match(r"# \S", cell.source):
        yield cell, "the first cell is not Markdown with the id `title` that starts with `# `"
        return
    badge = notebooks.badge(nb.path.name)
    lines = [line for line in cell.source.splitlines() if line.strip()]
    if badge not in lines:
        yield cell, f"the Colab badge is missing or points elsewhere; its line is: {badge}"
    if not [line for line in lines[1:] if line != badge]:
        yield cell, "the sentence that says which problem the section solves is missing"


@rule
def setup(nb: Notebook) -> Found:
    """The second cell is the set-up cell, the same text in every notebook but for an extra to install."""
    tagged = [cell for cell in nb.cells if "setup" in cell.tags]
    if [cell.index for cell in tagged] != [1] or tagged[0].id != "setup":
        yield None, "the second cell, and no other, has the id and the tag `setup`"
    elif tagged[0].source != (source := notebooks.setup_cell(nb.path.name)):
        yield tagged[0], f"its source is not the common one:\n{source}"


@rule
def sections(nb: Notebook) -> Found:
    """After the set-up cell come recipes: a text whose id ends in -text, and cells whose ids start with its name."""
    if len(nb.cells) > 2 and (not nb.sections or nb.sections[0].text.index != 2):
        yield nb.cells[2], "the cell after the set-up is not the text of a recipe, which starts with `## `"
    for section in nb.sections[:-1]:
        if not re.search(r"-(text|table)$", section.text.id):
            yield (
                section.text,
                "the id of a recipe's text ends in `-text` (in `-table` if the section is a table only)",
            )
        for cell in section.cells:
            if cell.id != section.name and not cell.id.startswith(f"{section.name}-"):
                yield cell, f"belongs to `{section.name}`, so its id starts with `{section.name}-`"
    for cell in nb.cells:
        if cell.type == "markdown":
            prose = re.sub(r"(?ms)^```.*?^```", "", cell.source)
            if not prose.strip():
                yield cell, "is empty"
            for heading in re.findall(r"^#{1,2} .*", prose, re.MULTILINE):
                if not cell.source.startswith(heading):
                    yield cell, f"the heading {heading!r} is not the first line of its cell"
                elif heading.startswith("# ") and cell.index:
                    yield cell, "a second title; recipes start with `## `"
        elif not cell.source.strip():
            yield cell, "is empty"


@rule
def symptoms(nb: Notebook) -> Found:
    """Every recipe's text has prose and a line that starts with **You see:** and quotes what one would search for."""
    for section in _recipe_sections(nb):
        if not section.symptoms:
            yield section.text, "the line `**You see:** ...` with the exact symptom is missing"
        prose = [line for line in section.text.source.splitlines()[1:] if line and not line.startswith("**You see")]
        if not prose:
            yield section.text, "the sentences that say when one needs the recipe are missing"
    for section in nb.sections:
        for cell in section.cells:
            if cell.type == "markdown" and "**You see:**" in cell.source:
                yield cell, "`**You see:**` belongs in the text that starts the recipe"


@rule
def one_recipe_each(nb: Notebook) -> Found:
    """Each section has its recipe cell, named as the section, traps before it and a check after it."""
    if not nb.recipes:
        yield None, "no cell has the tag `recipe`"
    for section in nb.sections[:-1]:
        recipes, checks = section.tagged("recipe"), section.tagged("check")
        if section.is_reference:
            if recipes:
                yield recipes[0], "is a recipe in a section whose id ends in `-table`; end it in `-text`"
            if not checks:
                yield section.text, "no check in this section: nothing proves its table"
            continue
        if [cell.id for cell in recipes] != [section.name]:
            yield section.text, f"the section needs one cell with the tag `recipe`, and its id is `{section.name}`"
            continue
        if not any(check.index > recipes[0].index for check in checks):
            yield recipes[0], "no check after this recipe: nothing proves it"
        for trap in section.tagged("trap"):
            if trap.index > recipes[0].index:
                yield trap, "the trap comes after the recipe"


@rule
def sizes(nb: Notebook) -> Found:
    """A recipe has at most 140 lines, any other code cell at most 45."""
    for cell in nb.code:
        limit = MAX_LINES_APP if "recipe" in cell.tags else MAX_LINES
        if len(cell.source.splitlines()) > limit:
            yield cell, f"has {len(cell.source.splitlines())} lines, more than {limit}"


@rule
def no_emoji(nb: Notebook) -> Found:
    """The prose has no emoji."""
    for cell in nb.cells:
        found = re.findall(r"[\U0001F000-\U0001FAFF\u2600-\u27BF\uFE0F]", cell.source)
        if cell.type == "markdown" and found:
            yield cell, f"has emoji: {' '.join(dict.fromkeys(found))}"


# --- code -----------------------------------------------------------------------------------------


@functools.cache
def _parse(source: str) -> ast.Module:
    """The cell's syntax tree; await is allowed outside functions, as in a notebook."""
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    return compile(source, "<cell>", "exec", flags=flags, dont_inherit=True)


def _trees(nb: Notebook, *tags: str) -> Iterator[tuple[Cell, ast.Module]]:
    """The code cells with one of the tags (all but the set-up if none is given) that parse, with their trees."""
    for cell in nb.code:
        if "setup" not in cell.tags and (not tags or set(tags) & set(cell.tags)):
            try:
                yield cell, _parse(cell.source)
            except SyntaxError:
                continue  # plain_python reports it


def _recipe_sections(nb: Notebook) -> list[Section]:
    return [section for section in nb.sections[:-1] if not section.is_reference]


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _keywords(call: ast.Call) -> dict[str | None, ast.expr]:
    return {keyword.arg: keyword.value for keyword in call.keywords}


def _is_none(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


@rule
def plain_python(nb: Notebook) -> Found:
    """Every cell but the set-up is plain Python, without magics, so that it can be pasted."""
    for cell in nb.code:
        if "setup" not in cell.tags:
            try:
                _parse(cell.source)
            except SyntaxError as error:
                yield cell, f"line {error.lineno} is not plain Python: {(error.text or '').strip()}"


def _asserts(tree: ast.Module) -> bool:
    """Whether the cell can fail: an assert on something that is computed, or pytest.raises."""
    swallowed = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Try):
            caught = {ast.unparse(h.type) if h.type else "Exception" for h in node.handlers}
            if any(name.strip("() ") in SWALLOWING for names in caught for name in names.split(",")):
                swallowed |= {id(inner) for part in node.body for inner in ast.walk(part)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert) and id(node) not in swallowed:
            if any(
                isinstance(part, ast.Name | ast.Call | ast.Attribute | ast.Subscript) for part in ast.walk(node.test)
            ):
                return True
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("pytest.raises", "raises", "pytest.warns"):
            return True
    return False


@rule
def traps_and_checks_can_fail(nb: Notebook) -> Found:
    """Every trap and every check holds an assert or pytest.raises that can fail."""
    for cell, tree in _trees(nb, "trap", "check"):
        if not _asserts(tree):
            yield cell, "has no assert that can fail (on a constant, or inside a try that swallows it, does not count)"


@rule
def recipes_are_programs(nb: Notebook) -> Found:
    """A recipe imports what it uses and ends in demo.launch(), or defines app and has the tag asgi."""
    for cell, tree in _trees(nb, "recipe"):
        last = tree.body[-1] if tree.body else None
        if "asgi" in cell.tags:
            names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
            if "app" not in names:
                yield cell, "has the tag asgi and does not define `app`"
        elif not (
            isinstance(last, ast.Expr)
            and isinstance(last.value, ast.Call)
            and ast.unparse(last.value.func) == "demo.launch"
        ):
            yield cell, "its last line is not `demo.launch()`"
        if any(isinstance(node, ast.Await) for node in tree.body for node in ast.walk(node)) and _top_level_await(tree):
            yield cell, "awaits outside a function, which only a notebook can run"


def _top_level_await(tree: ast.Module) -> bool:
    todo: list[ast.AST] = list(tree.body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith):
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            todo.extend(ast.iter_child_nodes(node))
    return False


@rule
def plain_launch(nb: Notebook) -> Found:
    """No share link, no fixed port and nothing that a script or a notebook alone would want in launch()."""
    for cell, tree in _trees(nb):
        for call in _calls(tree):
            if not (isinstance(call.func, ast.Attribute) and call.func.attr == "launch"):
                continue
            given = _keywords(call)
            if isinstance(given.get("server_port"), ast.Constant) and not _is_none(given["server_port"]):
                yield cell, "launch() has a fixed server_port, which may be taken"
            share = given.get("share")
            if share is not None and not (isinstance(share, ast.Constant) and share.value is False):
                yield cell, "launch() has share=, which publishes the demo"
            for name in ("prevent_thread_lock", "debug", "inbrowser", "inline", "quiet"):
                if "recipe" in cell.tags and name in given:
                    yield cell, f"a recipe's launch() has {name}=; leave it out"


@rule
def only_model_helpers(nb: Notebook) -> Found:
    """A recipe imports of this project only helpers.models and helpers.batching, and no file of it by path."""
    for cell, tree in _trees(nb, "recipe"):
        for node in ast.walk(tree):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            for name in names:
                if name.split(".")[0] in ("tools", "tests", "benchmarks") or (
                    name.split(".")[0] == "helpers" and name.split(".")[1:2] not in (["models"], ["batching"])
                ):
                    yield cell, f"imports {name}; a recipe may use helpers.models and helpers.batching only"
            text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
            if re.match(r"(\.\./)*(notebooks|helpers|tests|tools|deploy|benchmarks|docs)/", text):
                yield cell, f"names a path of the repository, {text!r}, which a pasted recipe does not have"


# --- components and endpoints ---------------------------------------------------------------------


@functools.cache
def _gradio() -> tuple[frozenset[str], dict[str, int]]:
    """The names of all event listeners; the components that show a label, with its place among the arguments."""
    import gradio as gr
    from gradio.components.base import Component
    from gradio.events import Events

    listeners = {str(getattr(Events, name)) for name in dir(Events) if not name.startswith("_")}
    labelled = {}
    for name, value in vars(gr).items():
        if inspect.isclass(value) and issubclass(value, Component) and name not in UNLABELLED:
            parameters = list(inspect.signature(value.__init__).parameters)[1:]
            if "label" in parameters:
                labelled[name] = parameters.index("label")
    return frozenset(listeners | {"then", "success", "failure"}), labelled


# They have a `label` parameter that the page does not show.
UNLABELLED = ("Markdown", "HTML", "Dataset")


def labelled_types() -> frozenset[str]:
    """The component types, as `/config` names them, that show a label."""
    import gradio as gr

    return frozenset(getattr(gr, name).__name__.lower() for name in _gradio()[1])


def _gradio_name(call: ast.Call) -> str | None:
    """`Textbox` for `gr.Textbox(...)`."""
    func = call.func
    if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) and func.value.id in ("gr", "gradio"):
        return func.attr
    return None


def _is_listener(call: ast.Call, tree: ast.Module, decorators: set[int]) -> bool:
    """Whether a call attaches a handler: by Gradio's name for the event, and a first argument that is a function."""
    listeners, _ = _gradio()
    name = _gradio_name(call)
    if name is not None:
        return name in ("on", "api")
    if not (isinstance(call.func, ast.Attribute) and call.func.attr in listeners):
        return False
    base, given = call.func.value, _keywords(call)
    imported = {
        (alias.asname or alias.name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    foreign = imported | {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and not _gradio_name(node.value)
        for target in node.targets
        if isinstance(target, ast.Name) and ast.unparse(node.value.func).split(".")[0] in imported
    }
    if isinstance(base, ast.Name) and base.id in foreign:  # json.load, ThreadPoolExecutor().submit
        return False
    if id(call) in decorators or {"fn", "inputs", "outputs", "cancels", "js", "api_name"} & set(given):
        return True
    functions = {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    first = call.args[0] if call.args else None
    return (
        isinstance(first, ast.Lambda)
        or _is_none(first)
        or (isinstance(first, ast.Name) and first.id in functions | imported)
    )


@rule
def endpoints_are_named(nb: Notebook) -> Found:
    """Every event of a recipe has an explicit api_name, or api_visibility="private"."""
    for cell, tree in _trees(nb, "recipe"):
        decorators = {
            id(decorator)
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            for decorator in node.decorator_list
        }
        for call in _calls(tree):
            interface = _gradio_name(call) in ("Interface", "ChatInterface")
            if not interface and not _is_listener(call, tree, decorators):
                continue
            given = _keywords(call)
            visibility = given.get("api_visibility")
            private = isinstance(visibility, ast.Constant) and visibility.value in ("private", "undocumented")
            named = "api_name" in given and not _is_none(given["api_name"])
            handler = given.get("fn", call.args[0] if call.args else None)
            if _gradio_name(call) == "on":
                handler = given.get("fn", call.args[1] if len(call.args) > 1 else None)
                no_handler = id(call) not in decorators and (handler is None or _is_none(handler))
            else:
                no_handler = _is_none(handler) or (handler is None and id(call) not in decorators and "js" in given)
            if not (named or private or None in given or (no_handler and not interface)):
                text = ast.unparse(call.func)
                yield cell, f'line {call.lineno}: {text}(...) has no api_name= (or api_visibility="private")'


@rule
def rendered_components_are_labelled(nb: Notebook) -> Found:
    """Every component that gr.render makes has a label (the others are checked in the running recipe)."""
    _, labelled = _gradio()
    for cell, tree in _trees(nb, "recipe"):
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if not any(ast.unparse(d).startswith(("gr.render", "gradio.render")) for d in function.decorator_list):
                continue
            todo: list[ast.AST] = list(function.body)
            while todo:
                node = todo.pop()
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                    continue  # a handler: a component there is an update
                todo.extend(ast.iter_child_nodes(node))
                name = _gradio_name(node) if isinstance(node, ast.Call) else None
                if isinstance(node, ast.Call) and name in labelled:
                    label = _keywords(node).get("label")
                    if label is None and len(node.args) > labelled[name]:
                        label = node.args[labelled[name]]
                    empty = isinstance(label, ast.Constant) and not label.value
                    if None not in _keywords(node) and (label is None or empty):
                        yield cell, f"line {node.lineno}: gr.{name}(...) has no label="


# --- folklore -------------------------------------------------------------------------------------


@rule
def folklore(nb: Notebook) -> Found:
    """The last cell is the table of folklore, each verdict with the id of the cell or the test that proves it."""
    cell = nb.cells[-1]
    if cell.id != "folklore" or not cell.source.startswith("## Folklore, tested\n"):
        yield cell, "the last cell does not have the id `folklore` and the heading `## Folklore, tested`"
        return
    rows = [
        [part.strip() for part in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        for line in cell.source.splitlines()
        if line.lstrip().startswith("|")
    ]
    if len(rows) < 3 or rows[0] != FOLKLORE_HEAD:
        yield cell, f"the table's head is not | {' | '.join(FOLKLORE_HEAD)} |, with rows below"
        return
    for row in rows[2:]:
        if len(row) != 3 or not all(row):
            yield cell, f"this row does not have three columns: {' | '.join(row)}"
            continue
        verdict = re.match(r"\*\*(\w+)[.:,;]?\*\*", row[1])
        if not verdict or verdict[1] not in VERDICTS:
            yield cell, f"the verdict on {row[0]!r} does not start with one of **{'**, **'.join(VERDICTS)}**"
        proofs = re.findall(r"`([^`]+)`", row[2])
        if not proofs:
            yield cell, f"the verdict on {row[0]!r} names no cell that proves it, in backticks"
        for proof in proofs:
            message = _unproven(nb, proof)
            if message:
                yield cell, f"the verdict on {row[0]!r} is said to be proven by `{proof}`, which {message}"


def _unproven(nb: Notebook, proof: str) -> str | None:
    """What is wrong with a proof: a cell's id, or a test as tests/x.py::test_y."""
    if proof.startswith("tests/"):
        path, _, test = proof.partition("::")
        if not (notebooks.ROOT / path).is_file():
            return "is no file of this repository"
        if test and not re.search(rf"def {re.escape(test)}\(", (notebooks.ROOT / path).read_text(encoding="utf-8")):
            return "is no test in that file"
        return None
    try:
        cell = nb.cell(proof)
    except KeyError:
        return "is no cell of this notebook"
    return None if {"check", "trap"} & set(cell.tags) else "is not a check or a trap, so it proves nothing"


def words(nb: Notebook) -> int:
    """How many words the notebook's Markdown has."""
    return sum(len(cell.source.split()) for cell in nb.cells if cell.type == "markdown")


def main() -> int:
    """Command line: the notebooks to check, or all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("notebook", nargs="*", type=Path)
    parser.add_argument("--sizes", action="store_true", help="print words and code lines a cell instead")
    options = parser.parse_args()
    checked = [Notebook(path) for path in options.notebook or notebooks.paths()]
    if options.sizes:
        for nb in checked:
            lengths = [len(cell.lines) for cell in nb.code if "recipe" not in cell.tags]
            apps = [len(recipe.cell.lines) for recipe in nb.recipes]
            print(
                f"{nb.path.stem}: {words(nb)} words; code lines a cell: median {statistics.median(lengths or [0]):g}, "
                f"most {max(lengths, default=0)}; recipes: {len(apps)}, most {max(apps, default=0)}"
            )
        return 0
    found = [violation for nb in checked for violation in violations(nb)]
    for violation in found:
        print(violation)
    print(f"{len(checked)} notebooks, {len(RULES)} rules, {len(found)} violations")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
