"""The rules of a notebook, each one sentence and one function.

``python -m tools.rules [NOTEBOOK ...]`` prints what breaks them, with file and cell, and exits with 1 if
anything does; ``--sizes`` prints how long the notebooks are instead. The sentences are the docstrings.
"""

from __future__ import annotations

import argparse
import ast
import builtins
import dis
import functools
import inspect
import math
import re
import statistics
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat

from gradio_patterns import collection
from gradio_patterns.collection import Cell, Notebook, Section
from tools import imports, notebooks
from tools.folklore import cells_of_table, unproven

Found = Iterator[tuple[Cell | None, str]]
Rule = Callable[[Notebook], Found]
RULES: dict[str, Rule] = {}

TAGS = ("setup", "trap", "recipe", "check", "asgi")
MAX_LINES = {"trap": 20, "recipe": 110, "check": 30}  # blank ones are not counted
CURE_WORDS = 40
PROSE_WORDS = (350, 1000)
MODEL_HELPERS = ("models", "batching", "streaming")
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
    version = nb.data.get("nbformat"), nb.data.get("nbformat_minor")
    if version != (4, 5):
        yield None, f"the format is {version[0]}.{version[1]}, not 4.5"
        return
    try:
        with warnings.catch_warnings():  # it mends ids that stand twice, in the copy; the rule `ids` reports them
            warnings.simplefilter("ignore")
            nbformat.validate(nbformat.from_dict(nb.data))
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
            elif tag not in TAGS:
                yield cell, f"unknown tag {tag!r}; there are {', '.join(TAGS)}"
            elif cell.type != "code":
                yield cell, f"the tag {tag!r} is for code cells"
        kinds = [tag for tag in cell.tags if tag in TAGS and tag != "asgi"]
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
    """The second cell is the set-up cell: what to install on Colab, and what traps and checks import."""
    tagged = [cell for cell in nb.cells if "setup" in cell.tags]
    if [cell.index for cell in tagged] != [1] or tagged[0].id != "setup":
        yield None, "the second cell, and no other, has the id and the tag `setup`"
        return
    for id, source in imports.mended(nb).items():
        yield (
            nb.cell(id),
            f"`make format` moves what two sections import to the set-up cell; this one becomes:\n{source}",
        )


@rule
def sections(nb: Notebook) -> Found:
    """After the set-up cell come recipes: a text whose id ends in -text, and cells whose ids start with its name."""
    if len(nb.cells) > 2 and (not nb.sections or nb.sections[0].text.index != 2):
        yield nb.cells[2], "the cell after the set-up is not the text of a recipe, which starts with `## `"
    for section in _lessons(nb):
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
        if not section.why:
            yield section.text, "the sentences that say when one needs the recipe are missing"
    yield from _misplaced(nb, "**You see:**")


@rule
def cure(nb: Notebook) -> Found:
    """Every recipe's text has one line **Do:** after **You see:**, of at most 40 words, with code in backticks."""
    for section in _recipe_sections(nb):
        text = section.text.source
        if text.count("**Do:**") != 1 or not section.cure:
            yield section.text, "does not have exactly one line `**Do:** ...` with the cure"
            continue
        if text.index("**Do:**") < text.find("**You see:**"):
            yield section.text, "`**Do:**` comes before `**You see:**`"
        if (count := len(section.cure.split())) > CURE_WORDS:
            yield section.text, f"`**Do:**` has {count} words, more than {CURE_WORDS}"
        if not re.search(r"`[^`]+`", section.cure):
            yield section.text, "`**Do:**` names no code in backticks"
    yield from _misplaced(nb, "**Do:**")


def _misplaced(nb: Notebook, mark: str) -> Found:
    for section in nb.sections:
        for cell in section.cells:
            if cell.type == "markdown" and mark in cell.source:
                yield cell, f"`{mark}` belongs in the text that starts the section"


@rule
def prose(nb: Notebook) -> Found:
    """A notebook has 350 to 1,000 words of prose: what **You see:** quotes and tables not counted."""
    least, most = PROSE_WORDS
    if not least <= (count := words(nb)) <= most:
        yield None, f"has {count:,} words of prose, not {least} to {most:,}"


@rule
def finished(nb: Notebook) -> Found:
    """No TODO is left."""
    for cell in nb.cells:
        if "TODO" in cell.source or "TODO" in str(cell.metadata):
            yield cell, "has a TODO left"


@rule
def mounted(nb: Notebook) -> Found:
    """A recipe sets has_launched of each demo that it mounts: without it Gradio checks no file that a caller names."""
    for cell, tree in _trees(nb, "recipe"):
        targets = [target for node in ast.walk(tree) if isinstance(node, ast.Assign) for target in node.targets]
        checked = {ast.unparse(t.value) for t in targets if isinstance(t, ast.Attribute) and t.attr == "has_launched"}
        for call in _calls(tree):
            if (
                ast.unparse(call.func).endswith("mount_gradio_app")
                and (demo := ast.unparse(call.args[1])) not in checked
            ):
                yield cell, f"mounts `{demo}` without `{demo}.has_launched = True`"


@rule
def no_rig(nb: Notebook) -> Found:
    """After the set-up every code cell is a trap, a recipe or a check; what is none goes to the kit or to a test."""
    for cell in nb.code:
        if len({"setup", *MAX_LINES} & set(cell.tags)) != 1:
            yield cell, "has not exactly one of the tags trap, recipe and check"


@rule
def one_recipe_each(nb: Notebook) -> Found:
    """Each section has its recipe cell, named as the section, traps before it and a check after it."""
    if not nb.recipes:
        yield None, "no cell has the tag `recipe`"
    for section in _lessons(nb):
        recipes, checks = section.tagged("recipe"), section.checks
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
        for trap in section.traps:
            if trap.index > recipes[0].index:
                yield trap, "the trap comes after the recipe"


@rule
def lengths(nb: Notebook) -> Found:
    """A trap has at most 20 lines that are not blank, a check 30, a recipe 110."""
    for tag, most in MAX_LINES.items():
        for cell in nb.code:
            if tag in cell.tags and len(cell.lines) > most:
                yield cell, f"has {len(cell.lines)} lines, more than {most}"


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


def _lessons(nb: Notebook) -> list[Section]:
    """The sections but the folklore."""
    return [section for section in nb.sections if not section.is_folklore]


def _recipe_sections(nb: Notebook) -> list[Section]:
    return [section for section in _lessons(nb) if not section.is_reference]


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
        names = _names(tree)
        if missing := (names.reads | names.reads_later) - names.binds - BUILT_IN:
            yield cell, f"uses and does not define {', '.join(sorted(missing))}"


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
    """A recipe takes of this project only gradio_patterns.models, .batching or .streaming, no file by path."""
    for cell, tree in _trees(nb, "recipe"):
        for node in ast.walk(tree):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            for name in names:
                package, _, module = name.partition(".")
                allowed = package == "gradio_patterns" and module.split(".")[0] in MODEL_HELPERS
                if package in ("gradio_patterns", "tools", "tests", "benchmarks") and not allowed:
                    yield (
                        cell,
                        f"imports {name}; a recipe may import {' '.join(MODEL_HELPERS)} of gradio_patterns only",
                    )
            text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
            if re.match(r"(\.\./)*(notebooks|helpers|tests|tools|deploy|benchmarks|docs)/", text):
                yield cell, f"names a path of the repository, {text!r}, which a pasted recipe does not have"


# --- names ----------------------------------------------------------------------------------------

BUILT_IN = frozenset(dir(builtins)) | {"__annotations__", "__conditional_annotations__"}
OF_IPYTHON = {"display", "get_ipython"}
READING = {"LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS"}
AT_ONCE = {"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"}


@functools.cache
def _names(tree: ast.Module) -> Names:
    return Names(tree)


class Names:
    """The global names of some code, as the compiler sorts them.

    Attributes:
        binds: Those it binds or deletes, with `global` in a function too.
        reads: Those it reads while it runs.
        reads_later: Those that its functions read when they are called.
    """

    def __init__(self, tree: ast.Module):
        self.binds: set[str] = set()
        self.reads: set[str] = set()
        self.reads_later: set[str] = set()
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        code = compile(tree, "<cell>", "exec", flags=flags, dont_inherit=True, optimize=0)
        self._add(code, top=True, reads=self.reads)

    def _add(self, code: types.CodeType, top: bool, reads: set[str]) -> None:
        steps = [(step.opname, step.argval) for step in dis.get_instructions(code)]
        local = {name for operation, name in steps if operation == "STORE_NAME"}  # in a class: its attributes
        self.binds |= {name for operation, name in steps if operation in ("STORE_GLOBAL", "DELETE_GLOBAL")}
        if top:
            self.binds |= {name for operation, name in steps if operation in ("STORE_NAME", "DELETE_NAME")}
        reads |= {name for operation, name in steps if operation in READING and (top or name not in local)}
        for inner in code.co_consts:
            if isinstance(inner, types.CodeType):
                is_function = inner.co_flags & inspect.CO_OPTIMIZED and inner.co_name not in AT_ONCE
                self._add(inner, top=False, reads=self.reads_later if is_function else reads)


@functools.cache
def _bindings(tree: ast.Module) -> list[tuple[str, str]]:
    """Each name that a cell binds, with the source of the statement that binds it, in one spelling."""
    found = []
    for statement in tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            module = f"{'.' * statement.level}{statement.module}." if isinstance(statement, ast.ImportFrom) else ""
            for alias in statement.names:
                top = alias.name.split(".")[0]
                found.append((alias.asname or top, f"import {module}{alias.name if alias.asname else top}"))
        else:
            found += [(name, ast.unparse(statement)) for name in sorted(Names(ast.Module([statement], [])).binds)]
    return found


@rule
def stays_alive(nb: Notebook) -> Found:
    """No later cell gives another meaning to a name that a recipe's function reads, so every demo goes on working."""
    trees = list(_trees(nb))
    for place, (recipe, tree) in enumerate(trees):
        if "recipe" in recipe.tags:
            needed, same = _names(tree).reads_later, set(_bindings(tree))
            for cell, later in trees[place + 1 :]:
                other = [name for name, source in _bindings(later) if (name, source) not in same]
                for name in dict.fromkeys(name for name in other if name in needed):
                    yield cell, f"gives `{name}` another meaning, which a function of `{recipe.id}` reads"


@rule
def stands_alone(nb: Notebook) -> Found:
    """A section runs right after the set-up cell: its own cells define or import every name that they use."""
    common = set(BUILT_IN | OF_IPYTHON)
    if nb.setup:
        common |= Names(_parse(re.sub(r"(?m)^(\s*)%.*", r"\1pass", nb.setup.source))).binds
    trees = dict(_trees(nb))
    for section in nb.sections:
        names = [(cell, _names(trees[cell])) for cell in section.code if cell in trees]
        so_far, in_all = set(common), common.union(*(found.binds for _, found in names))
        for cell, found in names:
            so_far |= found.binds
            if missing := (found.reads - so_far) | (found.reads_later - in_all):
                yield cell, f"uses what its section does not define: {', '.join(sorted(missing))}"


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


def _rendered(tree: ast.Module) -> Iterator[ast.Call]:
    """The calls that a function under gr.render makes itself, and not in a handler, where a component is an update."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if not any(ast.unparse(d).startswith(("gr.render", "gradio.render")) for d in function.decorator_list):
            continue
        todo: list[ast.AST] = list(function.body)
        while todo:
            node = todo.pop()
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                todo.extend(node.decorator_list)
            elif not isinstance(node, ast.Lambda):
                todo.extend(ast.iter_child_nodes(node))
            if isinstance(node, ast.Call):
                yield node


@rule
def rendered_components_are_labelled(nb: Notebook) -> Found:
    """Every component that gr.render makes has a label (the others are checked in the running recipe)."""
    _, labelled = _gradio()
    for cell, tree in _trees(nb, "recipe"):
        for call in _rendered(tree):
            name = _gradio_name(call)
            if name in labelled:
                label = _keywords(call).get("label")
                if label is None and len(call.args) > labelled[name]:
                    label = call.args[labelled[name]]
                empty = isinstance(label, ast.Constant) and not label.value
                if None not in _keywords(call) and (label is None or empty):
                    yield cell, f"line {call.lineno}: gr.{name}(...) has no label="


@rule
def unseen_events_are_named(nb: Notebook) -> Found:
    """Events of the page's load and inside gr.render have an api_name or are private (others are checked running)."""
    listeners, _ = _gradio()
    for cell, tree in _trees(nb, "recipe"):
        pages = {
            item.optional_vars.id
            for node in ast.walk(tree)
            if isinstance(node, ast.With)
            for item in node.items
            if isinstance(item.context_expr, ast.Call) and _gradio_name(item.context_expr) == "Blocks"
            if isinstance(item.optional_vars, ast.Name)
        }
        events = {
            id(call): call
            for call in _calls(tree)
            if _gradio_name(call) == "on" or ast.unparse(call.func) in {f"{page}.load" for page in pages}
        }
        for call in _rendered(tree):
            attribute = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            if attribute in listeners - {"load"} and (call.args or call.keywords):
                events[id(call)] = call
        for call in events.values():
            if _has_no_name(call):
                yield cell, f'line {call.lineno}: {ast.unparse(call.func)}(...) has no api_name= (or ..."private")'


def _has_no_name(call: ast.Call) -> bool:
    """Whether an event with a function in Python has neither a name of its own nor is it private."""
    given = _keywords(call)
    place = 1 if _gradio_name(call) == "on" else 0
    handler = given.get("fn", call.args[place] if len(call.args) > place else None)
    visibility = given.get("api_visibility")
    private = isinstance(visibility, ast.Constant) and visibility.value in ("private", "undocumented")
    named = "api_name" in given and not _is_none(given["api_name"])
    only_js = _is_none(handler) or (handler is None and "js" in given)
    return not (named or private or only_js or None in given)


# --- folklore -------------------------------------------------------------------------------------


@rule
def folklore(nb: Notebook) -> Found:
    """The last cell is the table of folklore, each verdict with the id of the cell or the test that proves it."""
    cell = nb.cells[-1]
    if cell.id != "folklore" or not cell.source.startswith("## Folklore, tested\n"):
        yield cell, "the last cell does not have the id `folklore` and the heading `## Folklore, tested`"
        return
    rows = cells_of_table(Section(cell))
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
            message = unproven(nb, proof)
            if message:
                yield cell, f"the verdict on {row[0]!r} is said to be proven by `{proof}`, which {message}"


# --- sizes ----------------------------------------------------------------------------------------


def words(nb: Notebook) -> int:
    """How many words of prose the notebook has: neither what **You see:** quotes nor tables."""
    lines = (line for cell in nb.cells if cell.type == "markdown" for line in cell.source.splitlines())
    return sum(len(line.split()) for line in lines if not line.startswith(("**You see:**", "|")))


def sizes(checked: list[Notebook]) -> Iterator[str]:
    """A table: code lines a cell by tag (median, 90th percentile), the recipes' share of them, words of prose."""
    kinds = [*MAX_LINES, "other"]
    columns = "".join(f"{kind:>12}" for kind in kinds)
    yield f"{'code lines: median, 90 % have at most':38}{columns}{'recipes':>9}{'words':>7}"
    for name, some in [*((nb.name, [nb]) for nb in checked), ("all", checked)]:
        lengths: dict[str, list[int]] = {kind: [] for kind in kinds}
        for cell in (cell for nb in some for cell in nb.code if "setup" not in cell.tags):
            lengths[next((kind for kind in MAX_LINES if kind in cell.tags), "other")].append(len(cell.lines))
        row = "".join(f"{_spread(lengths[kind]):>12}" for kind in kinds)
        share = sum(lengths["recipe"]) / max(1, sum(map(sum, lengths.values())))
        yield f"{name:38}{row}{share:>9.0%}{sum(map(words, some)):>7}"


def _spread(lengths: list[int]) -> str:
    if not lengths:
        return "-"
    return f"{statistics.median(lengths):g}, {sorted(lengths)[math.ceil(0.9 * len(lengths)) - 1]}"


def main() -> int:
    """Command line: the notebooks to check, or all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("notebook", nargs="*", type=Path)
    parser.add_argument("--sizes", action="store_true", help="print how long cells and prose are instead")
    options = parser.parse_args()
    checked = [Notebook(path) for path in options.notebook or collection.paths()]
    if options.sizes:
        print(*sizes(checked), sep="\n")
        return 0
    found = [violation for nb in checked for violation in violations(nb)]
    for violation in found:
        print(violation)
    print(f"{len(checked)} notebooks, {len(RULES)} rules, {len(found)} violations")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
