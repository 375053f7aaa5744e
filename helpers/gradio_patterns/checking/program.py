"""A program as the rules see it: its calls, functions, components and events, from the syntax tree alone."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from .syntax import Handler, below, elements, hints_of, name_of, parameters, text_of, walk

EVENTS = {
    "click", "dbl_click", "double_click", "change", "input", "submit", "select", "upload", "load", "unload",
    "then", "success", "failure", "tick", "stream", "blur", "focus", "clear", "play", "pause", "stop", "end",
    "start_recording", "stop_recording", "pause_recording", "like", "edit", "undo", "retry", "example_select",
    "option_select", "apply", "copy", "key_up", "release", "delete", "expand", "collapse", "download",
    "preview_open", "preview_close",
}  # fmt: skip
CHAINS = {"then", "success", "failure"}
ORDER = ("fn", "inputs", "outputs", "api_name")


@dataclass(frozen=True)
class Call:
    """A call with the dotted name of what is called: `gradio.Textbox`, whatever the import calls it."""

    node: cst.Call
    name: str
    args: tuple[cst.BaseExpression, ...]
    options: dict[str, cst.BaseExpression]
    starred: bool

    def get(self, option: str, position: int | None = None) -> cst.BaseExpression | None:
        """The argument with this name, or at this position."""
        if option in self.options:
            return self.options[option]
        return self.args[position] if position is not None and position < len(self.args) else None


@dataclass(frozen=True)
class Event:
    """A function that is wired to the page: an event of a component, `gr.on`, an Interface."""

    call: Call
    kind: str
    fn: cst.BaseExpression | None
    handler: Handler | None
    inputs: list[cst.BaseExpression]
    outputs: list[cst.BaseExpression]
    source: cst.BaseExpression | None

    @property
    def public(self) -> bool:
        """Whether clients are told of it, as far as the call says."""
        return text_of(self.call.get("api_visibility")) in (None, "public") and self.fn is not None


def _bindings(node: cst.CSTNode) -> list[tuple[cst.CSTNode, cst.BaseExpression]]:
    """What a statement gives to which targets; a loop gives each item of a literal list."""
    if isinstance(node, cst.Assign):
        return [(target.target, node.value) for target in node.targets]
    if isinstance(node, cst.AnnAssign | cst.NamedExpr):
        return [(node.target, node.value)] if node.value is not None else []
    if isinstance(node, cst.WithItem) and node.asname:
        return [(node.asname.name, node.item)]
    return [(node.target, value) for value in elements(node.iter)] if isinstance(node, cst.For) else []


class Program:
    """What a module calls, defines and wires. Nothing is imported and nothing runs."""

    def __init__(self, module: cst.Module):
        self.module = module
        self.parents: dict[int, cst.CSTNode] = {}
        self.nodes: list[cst.CSTNode] = []
        self.names: set[str] = set()
        self.imports: dict[str, str] = {}
        self._values: dict[str, list[tuple[Handler | None, cst.BaseExpression]]] = defaultdict(list)
        self.functions: dict[str, list[cst.FunctionDef]] = defaultdict(list)
        self._gather(module)
        self.calls = [self._call(node) for node in self.nodes if isinstance(node, cst.Call)]
        self._by_node = {id(call.node): call for call in self.calls}

    @property
    def uses_gradio(self) -> bool:
        """Whether the module imports Gradio."""
        return any(full.split(".")[0] == "gradio" for full in self.imports.values())

    def _gather(self, module: cst.Module) -> None:
        stack: list[cst.CSTNode] = [module]
        while stack:
            node = stack.pop()
            self.nodes.append(node)
            under = below(node)
            for child in under:
                self.parents[id(child)] = node
            stack.extend(reversed(under))
            if isinstance(node, cst.Name):
                self.names.add(node.value)
            if isinstance(node, cst.Import | cst.ImportFrom):
                self._import(node)
            elif isinstance(node, cst.FunctionDef):
                self.functions[node.name.value].append(node)
            else:
                for target, value in _bindings(node):
                    self._bind(target, value, self.function_around(node))

    def _import(self, node: cst.Import | cst.ImportFrom) -> None:
        if isinstance(node.names, cst.ImportStar):
            return
        base = f"{name_of(node.module)}." if isinstance(node, cst.ImportFrom) and node.module else ""
        for alias in node.names:
            full = name_of(alias.name)
            known = name_of(alias.asname.name) if alias.asname else full.split(".")[0] if not base else full
            self.imports[known] = base + full if alias.asname or base else known

    def _bind(self, target: cst.CSTNode, value: cst.BaseExpression, scope: Handler | None) -> None:
        if isinstance(target, cst.Name):
            self._values[target.value].append((scope, value))
        elif isinstance(target, cst.Tuple | cst.List) and isinstance(value, cst.Tuple | cst.List):
            for left, right in zip(elements(target), elements(value), strict=False):
                self._bind(left, right, scope)

    def dotted(self, node: cst.CSTNode | None) -> str:
        """The full name of what a name or attribute means by the imports."""
        first, dot, rest = name_of(node).partition(".")
        return self.imports.get(first, first) + dot + rest

    def _call(self, node: cst.Call) -> Call:
        plain = [arg for arg in node.args if not arg.star]
        return Call(
            node,
            self.dotted(node.func),
            tuple(arg.value for arg in plain if arg.keyword is None),
            {arg.keyword.value: arg.value for arg in plain if arg.keyword},
            any(arg.star for arg in node.args),
        )

    def call(self, node: cst.CSTNode | None) -> Call | None:
        """The call that a node is, else None."""
        return self._by_node.get(id(node))

    def called(self, *names: str) -> Iterator[Call]:
        """The calls of these full names."""
        return (call for call in self.calls if call.name in names)

    def inside(self, node: cst.CSTNode) -> list[Call]:
        """The calls in a node."""
        return [self._by_node[id(part)] for part in walk(node) if isinstance(part, cst.Call)]

    def above(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """What stands around a node, from the inside out."""
        while (parent := self.parents.get(id(node))) is not None:
            yield parent
            node = parent

    def function_around(self, node: cst.CSTNode) -> Handler | None:
        """The function that a node stands in, else None."""
        return next((part for part in self.above(node) if isinstance(part, cst.FunctionDef | cst.Lambda)), None)

    def possible(self, node: cst.CSTNode | None) -> list[cst.CSTNode]:
        """The expressions that an expression may stand for: itself, or what its name is given in the nearest scope."""
        if node is None:
            return []
        if isinstance(node, cst.Name) and node.value in self._values:
            scope = self.function_around(node)
            while True:
                if found := [value for where, value in self._values[node.value] if where is scope]:
                    return list(found)
                if scope is None or node.value in parameters(scope):
                    break
                scope = self.function_around(scope)
        return [node]

    def made(self, node: cst.CSTNode | None) -> Call | None:
        """The call of Gradio that made a component, if the name has only one meaning."""
        found = [self.call(value) for value in self.possible(node)]
        if found and all(call and call.name.startswith("gradio.") for call in found):
            kinds = {call.name for call in found if call}
            return found[0] if len(kinds) == 1 else None
        return None

    def kind(self, node: cst.CSTNode | None) -> str:
        """The class of a component, such as `Textbox`; empty where the source does not tell."""
        call = self.made(node)
        return call.name.removeprefix("gradio.") if call else ""

    def function(self, node: cst.CSTNode | None) -> Handler | None:
        """The function that a handler's expression means, else None."""
        if isinstance(node, cst.Lambda):
            return node
        if isinstance(node, cst.Name):
            found = self.possible(node)
            if len(self.functions[node.value]) == 1 and found == [node]:
                return self.functions[node.value][0]
            return found[0] if len(found) == 1 and isinstance(found[0], cst.Lambda) else None
        return None

    @functools.cached_property
    def events(self) -> list[Event]:
        """What is wired to the page, in the order of the source."""
        found = [self._event(call) for call in self.calls] if self.uses_gradio else []
        return [event for event in found if event]

    def _event(self, call: Call) -> Event | None:
        if call.name == "gradio.on":
            first, source = 1, None
        elif call.name in ("gradio.Interface", "gradio.ChatInterface"):
            first, source = 0, None
        elif isinstance(call.node.func, cst.Attribute) and call.node.func.attr.value in EVENTS:
            first, source = 0, call.node.func.value
            if not self._triggers(source, call.node.func.attr.value):
                return None
        else:
            return None
        order = ("fn", "inputs", "outputs")
        fn, inputs, outputs = (call.get(option, first + index) for index, option in enumerate(order))
        fn = None if name_of(fn) == "None" else fn
        kind = call.node.func.attr.value if isinstance(call.node.func, cst.Attribute) else call.name
        kind = call.name.removeprefix("gradio.") if source is None else kind
        lists = [self._list(part) for part in (inputs, outputs)]
        return Event(call, kind, fn, self.function(fn), lists[0], lists[1], source)

    def _list(self, node: cst.BaseExpression | None) -> list[cst.BaseExpression]:
        if isinstance(node, cst.Name):
            values = self.possible(node)
            if len(values) == 1 and isinstance(values[0], cst.List | cst.Tuple):
                return elements(values[0])
        return elements(node)

    def _triggers(self, source: cst.BaseExpression, event: str) -> bool:
        """Whether an attribute such as `.load` is an event: its owner was made by Gradio, or is an event itself."""
        if (call := self.made(source)) is not None:
            return call.name not in ("gradio.State.load", "gradio.Request")
        values = [self.call(value) for value in self.possible(source)]
        return any(
            call is not None and isinstance(call.node.func, cst.Attribute) and call.node.func.attr.value in EVENTS
            and (event in CHAINS or call.node.func.attr.value in CHAINS)
            for call in values
        )  # fmt: skip


def given(program: Program, event: Event) -> dict[str, Call]:
    """Which component each parameter of the handler comes from, where the source tells."""
    if event.handler is None or event.call.starred:
        return {}
    special = {name for name, kind in hints_of(event.handler).items() if any(k in kind for k in SPECIAL)}
    names = [name for name in parameters(event.handler) if name not in special]
    pairs = zip(names, event.inputs, strict=False)
    return {name: call for name, node in pairs if (call := program.made(node))}


SPECIAL = ("Request", "Progress", "EventData", "SelectData", "LikeData", "OAuth", "UndoData", "RetryData", "Data")
