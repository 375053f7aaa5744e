"""Syntax trees in a few words: what stands below a node, its name, its text, what a function returns."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterator
from typing import Any

import libcst as cst

Handler = cst.FunctionDef | cst.Lambda
# Fields that hold white space and punctuation only, where nothing is found and much time is lost.

_LAYOUT = re.compile("whitespace|comma|^lpar|^rpar|lines|^header|^footer|semicolon|bracket|brace|equal|indent|newline")


@functools.cache
def _fields(kind: Any) -> tuple[str, ...]:
    return tuple(part.name for part in dataclasses.fields(kind) if not _LAYOUT.search(part.name))


def below(node: cst.CSTNode) -> list[cst.CSTNode]:
    """The nodes right below a node, in the order of the source, but for white space and punctuation."""
    found: list[cst.CSTNode] = []
    for field in _fields(type(node)):
        value = getattr(node, field)
        if isinstance(value, cst.CSTNode):
            found.append(value)
        elif isinstance(value, tuple | list):
            found.extend(item for item in value if isinstance(item, cst.CSTNode))
    return found


def walk(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The node and all below it."""
    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(below(node)))


def name_of(node: cst.CSTNode | None) -> str:
    """The dotted name of a name or attribute; what is called or indexed on the way is `?`."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        return f"{name_of(node.value)}.{node.attr.value}"
    return "?"


def text_of(node: cst.CSTNode | None) -> str | None:
    """The text of a string literal, else None."""
    if isinstance(node, cst.SimpleString | cst.ConcatenatedString):
        value = node.evaluated_value
        return value if isinstance(value, str) else None
    return None


def elements(node: cst.BaseExpression | None) -> list[cst.BaseExpression]:
    """The items of a list, tuple or set; a single expression is a list of one; None and nothing are empty."""
    if node is None or name_of(node) == "None":
        return []
    if isinstance(node, cst.List | cst.Tuple | cst.Set):
        return [item.value for item in node.elements]
    return [node]


def parameters(handler: Handler) -> list[str]:
    """The names of a handler's positional parameters."""
    return [param.name.value for param in (*handler.params.posonly_params, *handler.params.params)]


def hints_of(handler: Handler) -> dict[str, str]:
    """The annotations of a handler's parameters, as written."""
    return {
        param.name.value: cst.Module([]).code_for_node(param.annotation.annotation)
        for param in handler.params.params
        if param.annotation
    }


def returned(handler: Handler) -> list[cst.BaseExpression]:
    """The expressions that a handler returns or yields, not those of functions in it."""
    if isinstance(handler, cst.Lambda):
        return [handler.body]
    found, stack = [], below(handler.body)
    while stack:
        node = stack.pop()
        if isinstance(node, cst.FunctionDef | cst.Lambda | cst.ClassDef):
            continue
        if isinstance(node, cst.Return | cst.Yield) and node.value is not None:
            found.append(node.value.item if isinstance(node.value, cst.From) else node.value)
        stack.extend(below(node))
    return found


def uses(node: cst.CSTNode, name: str) -> bool:
    """Whether a name occurs in a node."""
    return any(isinstance(part, cst.Name) and part.value == name for part in walk(node))
