"""Fixtures for pytest, there as soon as `gradio-patterns[testing]` is installed.

    def test_carts_are_apart(serve):
        alice, bob = serve(demo).visitors(2)
        assert alice.predict("milk", api_name="/add") == "milk"

A test that fails shows what its servers and programs printed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

_started = pytest.StashKey[list]()


def _starter(request: pytest.FixtureRequest, kind: str) -> Iterator[Callable[..., Any]]:
    from . import programs, serving

    make = {"serve": serving.serve, "program": programs.Program}[kind]
    with contextlib.ExitStack() as stack:

        def start(*args: Any, **options: Any) -> Any:
            new = make(*args, **options)
            request.node.stash.setdefault(_started, []).append(new)
            return stack.enter_context(new)

        yield start


@pytest.fixture
def serve(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """`serve(demo)` serves a demo or an ASGI app until the test ends: see `gradio_patterns.testing.serve`."""
    yield from _starter(request, "serve")


@pytest.fixture
def program(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """`program(Path("app.py"), env={...})` runs a program until the test ends: see `Program`."""
    yield from _starter(request, "program")


@pytest.fixture
def gate() -> Iterator[Any]:
    """A gate that holds calls until the test opens it or ends: see `Gate`."""
    from .gates import Gate

    with Gate() as held:
        yield held


@pytest.fixture
def open_page(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """`open_page(demo)` opens a demo in pytest-playwright's `page` and waits for it."""
    from .pages import open_page

    page = request.getfixturevalue("page")
    return lambda where, path="": open_page(page, where, path)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Any:
    """Show under a failure what the test's servers and programs have printed."""
    report = yield
    if report.failed and call.when == "call":
        for one in item.stash.get(_started, []):
            if printed := one.log():
                report.sections.append((f"printed by the server of {one.url}", printed[-10_000:]))
    return report
