"""Rules for notebook 03: limits, the queue, the event loop and devices."""

from collections import defaultdict
from collections.abc import Iterator

import libcst as cst

from ..findings import Hit, rule
from ..program import Program
from ..syntax import name_of, text_of, walk


@rule("limit-per-function", "warning", "one-gpu", "several events with a limit of 1 that do not share it")
def limit_per_function(program: Program) -> Iterator[Hit]:
    """A limit that is written out for two functions or more, and no `concurrency_id` with any."""
    limited = [event for event in program.events if _one(event.call.get("concurrency_limit")) and event.fn is not None]
    alone = [event for event in limited if "concurrency_id" not in event.call.options and not event.call.starred]
    distinct = {name_of(event.fn) if isinstance(event.fn, cst.Name) else id(event.fn) for event in alone}
    if len(distinct) > 1:
        for event in alone:
            yield Hit(event.call.node)


def _one(node: cst.CSTNode | None) -> bool:
    return isinstance(node, cst.Integer) and node.value == "1"


@rule("limit-overwritten", "error", "same-function-twice", "two events of one function with different limits")
def limit_overwritten(program: Program) -> Iterator[Hit]:
    """All events of a function share one limit, and which of them counts depends on who calls."""
    groups = defaultdict(list)
    for event in program.events:
        if isinstance(event.fn, cst.Name) and "concurrency_id" not in event.call.options and not event.call.starred:
            groups[event.fn.value].append(event)
    for name, events in groups.items():
        limits = [event.call.get("concurrency_limit") for event in events]
        written = {program.module.code_for_node(limit) if limit is not None else "1" for limit in limits}
        if len(written) > 1:
            where = next(event for event, limit in zip(events, limits, strict=True) if limit is not None)
            yield Hit(where.call.node, f"`{name}` has the limits {', '.join(sorted(written))}")


@rule("blocked-loop", "warning", "never-block-the-loop", "an `async def` handler that never awaits")
def blocked_loop(program: Program) -> Iterator[Hit]:
    """Whatever it calls holds the event loop, and with it every visitor; a call is all that is asked for."""
    for handler in _handlers(program):
        if not isinstance(handler, cst.FunctionDef) or handler.asynchronous is None:
            continue
        nodes = list(walk(handler.body))
        waits = any(isinstance(n, cst.Await) or getattr(n, "asynchronous", None) is not None for n in nodes)
        if not waits and any(program.call(node) and not _cheap(program, node) for node in nodes):
            yield Hit(handler.name)


def _handlers(program: Program) -> list[cst.CSTNode]:
    found = {id(event.handler): event.handler for event in program.events if event.handler is not None}
    looped = (node for event in program.events for node in program.possible(event.fn) if event.handler is None)
    for node in looped:
        handler = program.function(node)
        if handler is not None:
            found[id(handler)] = handler
    return list(found.values())


CHEAP = {"print", "len", "str", "int", "float", "list", "dict", "range", "isinstance", "sum", "min", "max", "round"}
CHEAP |= {"sorted", "zip", "enumerate", "tuple", "set", "bool", "repr", "format", "ValueError", "getattr"}


def _cheap(program: Program, node: cst.CSTNode) -> bool:
    call = program.call(node)
    method = call.name.rpartition(".")[2] if call else ""
    return call is None or call.name in CHEAP or call.name.startswith("gradio.") or method in METHODS


METHODS = {
    "upper", "lower", "strip", "split", "join", "append", "get", "items", "keys", "values", "format", "replace",
    "startswith", "endswith", "pop",
}  # fmt: skip


@rule("sleeps-on-the-loop", "error", "never-block-the-loop", "`time.sleep` or `requests` in an `async def`")
def sleeps_on_the_loop(program: Program) -> Iterator[Hit]:
    """In any `async def` of a Gradio app, beside other code that does await."""
    if not program.uses_gradio:
        return
    for call in program.calls:
        if call.name == "time.sleep" or call.name in ("requests.get", "requests.post", "subprocess.run"):
            function = program.function_around(call.node)
            if isinstance(function, cst.FunctionDef) and function.asynchronous is not None:
                yield Hit(call.node)


@rule("generates-for-nobody", "warning", "stream", "a thread that generates and cannot be stopped")
def generates_for_nobody(program: Program) -> Iterator[Hit]:
    """`Thread(target=model.generate, ...)` and no `stopping_criteria` in the module."""
    if not program.uses_gradio or "stopping_criteria" in program.names:
        return
    if any(text_of(node) == "stopping_criteria" for node in program.nodes if isinstance(node, cst.SimpleString)):
        return
    for call in program.called("threading.Thread"):
        target = call.get("target", 1)
        if isinstance(target, cst.Attribute) and target.attr.value == "generate":
            yield Hit(call.node)


@rule("devices-in-turn", "warning", "several-gpus", "devices that are taken in turn, whether they are free or not")
def devices_in_turn(program: Program) -> Iterator[Hit]:
    """`itertools.cycle` over names of devices."""
    for call in program.called("itertools.cycle"):
        if any((text_of(item) or "").startswith("cuda") for item in elements_of(call.get("iterable", 0))):
            yield Hit(call.node)


def elements_of(node: cst.CSTNode | None) -> list[cst.CSTNode]:
    """The items of a literal list or tuple."""
    return [item.value for item in node.elements] if isinstance(node, cst.List | cst.Tuple) else []
