"""Edits of a syntax tree that keep comments and layout: LibCST writes back what nobody touched, byte for byte."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import libcst as cst

from .findings import Edit


class _Apply(cst.CSTTransformer):
    def __init__(self, edits: dict[int, list[Callable[[Any], Any]]]):
        super().__init__()
        self.edits = edits

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> Any:
        for edit in self.edits.get(id(original_node), ()):
            updated_node = edit(updated_node)
        return updated_node


def apply(module: cst.Module, edits: Iterable[Edit]) -> str:
    """The module's text after the edits; each gets the node with what was edited in it already."""
    wanted = defaultdict(list)
    for node, edit in edits:
        wanted[id(node)].append(edit)
    changed = module.visit(_Apply(wanted))
    assert isinstance(changed, cst.Module)
    return changed.code


def drop(option: str) -> Callable[[cst.Call], cst.Call]:
    """Leave a keyword argument out."""

    def edit(call: cst.Call) -> cst.Call:
        kept = [arg for arg in call.args if not (arg.keyword and arg.keyword.value == option)]
        if len(kept) < len(call.args) and kept and call.args[-1] not in kept:
            kept[-1] = kept[-1].with_changes(  # what was last ended the call: its comma, its line break
                comma=call.args[-1].comma, whitespace_after_arg=call.args[-1].whitespace_after_arg
            )
        space = call.whitespace_before_args if kept else cst.SimpleWhitespace("")
        return call.with_changes(args=kept, whitespace_before_args=space)

    return edit


def commented(call: cst.Call, option: str) -> bool:
    """Whether a comment stands behind a keyword argument: it would be lost with the argument."""
    found = next(arg for arg in call.args if arg.keyword and arg.keyword.value == option)
    last = _space(call) if not isinstance(found.comma, cst.Comma) else ""
    return "#" in (_space(found.comma) if isinstance(found.comma, cst.Comma) else last)


def rename(option: str, new: str, value: str | None = None) -> Callable[[cst.Call], cst.Call]:
    """Give a keyword argument another name, and another value if one is given."""

    def edit(call: cst.Call) -> cst.Call:
        args = []
        for arg in call.args:
            if arg.keyword and arg.keyword.value == option:
                arg = arg.with_changes(keyword=cst.Name(new))
                arg = arg.with_changes(value=cst.parse_expression(value)) if value else arg
            args.append(arg)
        return call.with_changes(args=args)

    return edit


def add(option: str, value: cst.BaseExpression) -> Callable[[cst.Call], cst.Call]:
    """Add a keyword argument at the end, in the layout of the call."""

    def edit(call: cst.Call) -> cst.Call:
        equal = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
        new = cst.Arg(value, keyword=cst.Name(option), equal=equal)
        if not call.args:
            return call.with_changes(args=[new])
        last = call.args[-1]
        between = call.args[0].comma if len(call.args) > 1 else cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
        if isinstance(last.comma, cst.Comma) and len(call.args) == 1 and "\n" in _space(last.comma):
            between = cst.Comma(whitespace_after=call.whitespace_before_args)
        new = new.with_changes(comma=last.comma, whitespace_after_arg=last.whitespace_after_arg)
        return call.with_changes(
            args=[*call.args[:-1], last.with_changes(comma=between, whitespace_after_arg=cst.SimpleWhitespace("")), new]
        )

    return edit


def _space(comma: cst.CSTNode) -> str:
    return cst.Module([]).code_for_node(comma)


def call_instead(name: str) -> Callable[[cst.Call], cst.Call]:
    """Call another function of the same module: the last part of the name is replaced."""

    def edit(call: cst.Call) -> cst.Call:
        if isinstance(call.func, cst.Attribute):
            return call.with_changes(func=call.func.with_changes(attr=cst.Name(name)))
        return call

    return edit


def call_owner(up: int = 1, name: str | None = None) -> Callable[[cst.Call], cst.Call]:
    """Call what the last `up` attributes hang on: `gr.Textbox.update(...)` becomes `gr.Textbox(...)`.

    With a name, that attribute of it: `gr.inputs.Textbox(...)` becomes `gr.Textbox(...)`.
    """

    def edit(call: cst.Call) -> cst.Call:
        func = call.func
        for _ in range(up):
            assert isinstance(func, cst.Attribute)
            func = func.value
        return call.with_changes(func=cst.Attribute(func, cst.Name(name)) if name else func)

    return edit
