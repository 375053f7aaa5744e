"""Rules for notebook 08: which event fires when, and what it may do."""
# ruff: noqa: SIM102  (what it is, then what is wrong with it: two questions read better than one)

from collections.abc import Iterator

import libcst as cst

from ..findings import Hit, rule
from ..program import Program
from ..syntax import name_of, text_of


@rule(
    "once-is-for-pages", "hint", "one-click-once", '`trigger_mode="once"`, which no client and no second tab is asked'
)
def once_is_for_pages(program: Program) -> Iterator[Hit]:
    """Written out for a `click` or `submit`, where it is the default in any case."""
    for event in program.events:
        if event.kind in ("click", "submit") and text_of(event.call.get("trigger_mode")) == "once":
            yield Hit(event.call.node)


@rule("keystrokes-lost", "warning", "typing", "`Textbox.input` that drops what is typed while the server answers")
def keystrokes_lost(program: Program) -> Iterator[Hit]:
    """`.input` of a Textbox runs on the server and has no `trigger_mode`, whose default is `once` there."""
    for event in program.events:
        if event.kind == "input" and event.fn is not None and program.kind(event.source) == "Textbox":
            if "trigger_mode" not in event.call.options and not event.call.starred:
                yield Hit(event.call.node)


@rule("change-loop", "warning", "no-loop", "two `change` events that set each other off", see="69")
def change_loop(program: Program) -> Iterator[Hit]:
    """`a.change(..., a, b)` and `b.change(..., b, a)`."""
    edges = {}
    for event in program.events:
        if event.kind == "change" and event.source is not None and isinstance(event.source, cst.Name):
            for output in event.outputs:
                edges[(event.source.value, name_of(output))] = event
    for (start, end), event in edges.items():
        if (end, start) in edges and start != end:
            yield Hit(event.call.node, f"`{start}` changes `{end}`, which changes `{start}`")


@rule(
    "value-on-the-server",
    "warning",
    "ticker",
    "a component's `value` set on the server, which no page sees",
    see="never in the page",
)
def value_on_the_server(program: Program) -> Iterator[Hit]:
    """`component.value = ...` in a function, or `setattr(component, "value", ...)`, by a thread too."""
    for node in program.nodes:
        if isinstance(node, cst.AssignTarget) and isinstance(node.target, cst.Attribute):
            target = node.target
            if target.attr.value == "value" and _component(program, target.value) and program.function_around(node):
                yield Hit(target)
    for call in program.calls:
        of = list(call.args)
        if call.name == "threading.Thread" and name_of(call.get("target")) == "setattr":
            args = call.get("args")
            of = [item.value for item in args.elements] if isinstance(args, cst.Tuple | cst.List) else []
        elif call.name != "setattr":
            continue
        if len(of) == 3 and text_of(of[1]) == "value" and _component(program, of[0]):
            yield Hit(call.node)


def _component(program: Program, node: cst.CSTNode) -> bool:
    return program.kind(node) in ("Textbox", "Number", "Slider", "Dropdown", "Markdown", "Label", "Image", "JSON")


@rule(
    "raise-in-batch",
    "warning",
    "batch",
    "`gr.Error` in a batched handler: all users of the batch get it",
    see="one bad input",
)
def raise_in_batch(program: Program) -> Iterator[Hit]:
    """`batch=True`, and the handler raises for what one of them sent."""
    for event in program.events:
        if name_of(event.call.get("batch")) == "True" and event.handler is not None:
            for call in program.inside(event.handler):
                if call.name == "gradio.Error":
                    yield Hit(call.node)
