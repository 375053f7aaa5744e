"""Rules for notebook 01: Interface, Blocks, and the names of endpoints."""

from collections import Counter
from collections.abc import Iterator

import libcst as cst

from ..findings import Hit, rule
from ..program import Program, given
from ..syntax import hints_of, name_of, text_of, uses, walk

FIELDS = {
    "Textbox", "Number", "Slider", "Checkbox", "CheckboxGroup", "Radio", "Dropdown", "Dataframe", "File", "Image",
    "Audio", "Video", "Code",
}  # fmt: skip


@rule("interface-flags", "hint", "one-function", "an Interface whose Flag endpoint writes to your disk", see="flagged")
def interface_flags(program: Program) -> Iterator[Hit]:
    """`flagging_mode` is not given, and the app says nothing else of flagging but where to write it."""
    for call in program.called("gradio.Interface"):
        manual = text_of(call.get("flagging_mode")) in (None, "manual")
        if manual and "flagging_mode" not in call.options and not call.starred and "allow_flagging" not in call.options:
            yield Hit(call.node)


@rule("empty-state-unpacked", "warning", "two-steps", "a State that starts empty and is unpacked without a test")
def empty_state_unpacked(program: Program) -> Iterator[Hit]:
    """The handler takes the State's value apart, and no `if` or `or` asks for it."""
    for event in program.events:
        for name, call in given(program, event).items():
            starts_empty = name_of(call.get("value", 0)) == "None" or not (call.args or "value" in call.options)
            if call.name != "gradio.State" or not starts_empty or event.handler is None or _tested(event.handler, name):
                continue
            for node in walk(event.handler):
                takes_apart = isinstance(node, cst.Assign) and isinstance(node.targets[0].target, cst.Tuple)
                if takes_apart and name_of(node.value) == name:
                    yield Hit(node, f"`{name}` is None until something was put into the State")


def _tested(handler: cst.CSTNode, name: str) -> bool:
    tests = (node.test for node in walk(handler) if isinstance(node, cst.If | cst.IfExp | cst.Assert | cst.While))
    return any(uses(test, name) for test in tests) or any(
        isinstance(node, cst.BooleanOperation | cst.Try) and uses(node, name) for node in walk(handler)
    )


@rule("hidden-input", "hint", "conditional-ui", "a setting that is hidden and is used all the same")
def hidden_input(program: Program) -> Iterator[Hit]:
    """An Interface hands every input to its function, hidden ones too."""
    for event in program.events:
        if event.kind == "Interface":
            for node in event.inputs:
                call = program.made(node)
                if call and call.name.removeprefix("gradio.") in FIELDS and name_of(call.get("visible")) == "False":
                    yield Hit(call.node)


@rule("render-without-key", "warning", "any-number-of-inputs", "an input in a loop of `@gr.render` without `key=`")
def render_without_key(program: Program) -> Iterator[Hit]:
    """Only inputs in loops: what is drawn once has nothing to be confused with."""
    for call in program.calls:
        if call.name.removeprefix("gradio.") not in FIELDS or "key" in call.options or call.starred:
            continue
        if name_of(call.get("interactive")) == "False" or call.args or "value" in call.options:
            continue  # it shows something, and shows it again
        above = list(program.above(call.node))
        function = program.function_around(call.node)
        if not isinstance(function, cst.FunctionDef) or not _rendered(program, function):
            continue
        inside = above[: above.index(function)]
        if any(isinstance(node, cst.For | cst.ListComp | cst.SetComp | cst.GeneratorExp) for node in inside):
            yield Hit(call.node)


def _rendered(program: Program, function: cst.FunctionDef) -> bool:
    made = (mark.decorator for mark in function.decorators)
    return any(program.dotted(mark.func if isinstance(mark, cst.Call) else mark) == "gradio.render" for mark in made)


@rule("inner-queue", "warning", "interface-inside-blocks", "`.queue()` of an Interface inside Blocks, which is ignored")
def inner_queue(program: Program) -> Iterator[Hit]:
    """The settings of the outermost Blocks count, and no others."""
    for call in program.calls:
        if not (isinstance(call.node.func, cst.Attribute) and call.node.func.attr.value == "queue"):
            continue
        if program.kind(call.node.func.value) in ("Interface", "ChatInterface") and _in_blocks(program, call.node):
            yield Hit(call.node)


def _in_blocks(program: Program, node: cst.CSTNode) -> bool:
    withs = (part for part in program.above(node) if isinstance(part, cst.With))
    calls = (program.call(item.item) for part in withs for item in part.items)
    return any(call is not None and call.name == "gradio.Blocks" for call in calls)


@rule("rendered-twice", "error", "big-app", "`.render()` of a component that is on the page already")
def rendered_twice(program: Program) -> Iterator[Hit]:
    """A component that was made in the same `with`, without `render=False`."""
    for call in program.calls:
        if not (isinstance(call.node.func, cst.Attribute) and call.node.func.attr.value == "render"):
            continue
        made = program.made(call.node.func.value)
        if made and made.name.removeprefix("gradio.") in FIELDS and not made.starred and "render" not in made.options:
            here, there = (program.function_around(node) for node in (call.node, made.node))
            if here is there and _in_blocks(program, made.node) and not isinstance(call.node.func.value, cst.Call):
                yield Hit(call.node)


@rule("counted-endpoint", "hint", "stable-api", "endpoints that are called `/lambda_1`", see="lambda_1")
def counted_endpoint(program: Program) -> Iterator[Hit]:
    """Two or more events without a name whose handlers have one name: their endpoints are numbered."""
    unnamed = [
        event
        for event in program.events
        if event.public and "api_name" not in event.call.options and not event.call.starred and event.source is not None
        and "show_api" not in event.call.options and not any(str(kind) in SELDOM for kind in _kinds(event))
    ]  # fmt: skip
    names = Counter(_handler_name(program, event.fn) for event in unnamed)
    for event in unnamed:
        name = _handler_name(program, event.fn)
        if (name == "lambda" and _looped(program, event.call.node)) or (name == "lambda" and names[name] > 1):
            yield Hit(event.call.node)


SELDOM = ("gr.SelectData", "gr.EventData")


def _kinds(event) -> list[str]:
    return list(hints_of(event.handler).values()) if event.handler else []


def _handler_name(program: Program, fn: cst.BaseExpression | None) -> str:
    return "lambda" if isinstance(fn, cst.Lambda) else name_of(fn)


def _looped(program: Program, node: cst.CSTNode) -> bool:
    return any(isinstance(part, cst.For) for part in program.above(node))
