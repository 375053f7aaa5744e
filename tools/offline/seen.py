"""Keeps what a Python process printed, sent, received and raised, for `tools.ledger`, in a file of the folder SEEN.

Exceptions are kept where pytest catches them, messages where they leave or enter the process: a patch at each of these
places, put there once its module has been imported.
"""

import functools
import importlib.machinery
import io
import os
import sys
import threading
from contextlib import suppress

MESSAGE = 8_000  # characters; pages and scripts are longer, and their words are no message
OUTPUT = 400_000
_known = set()
_lock = threading.Lock()


def keep(text, most=MESSAGE):
    """Write a text down, once in each process."""
    if isinstance(text, (bytes, bytearray, memoryview)):
        text = bytes(text[: most + 1]).decode(errors="replace")
    text = str(text)
    # A script holds words that it may never say.
    if "SEEN" not in os.environ or not text.strip() or len(text) > most or "=>" in text or "function(" in text:
        return
    with _lock, suppress(OSError):
        if hash(text) not in _known:
            _known.add(hash(text))
            with open(
                os.path.join(os.environ["SEEN"], f"{os.getpid()}.txt"), "a", encoding="utf-8", errors="replace"
            ) as file:
                file.write(text + "\n\0\n")


def raised(error):
    """Write an exception down as Python prints it, and those in a group."""
    if error is not None:
        keep(f"{type(error).__name__}: {error}")
        for one in getattr(error, "exceptions", ()):
            raised(one)


def _before(owner, name, look):
    """`look` gets the arguments of each call of a method, before it."""
    method = getattr(owner, name)

    @functools.wraps(method)
    def seen(*args, **kwargs):
        with suppress(Exception):
            look(*args, **kwargs)
        return method(*args, **kwargs)

    setattr(owner, name, seen)


def _after(owner, name, look):
    """`look` gets the result of each call of a method."""
    method = getattr(owner, name)

    @functools.wraps(method)
    def seen(*args, **kwargs):
        result = method(*args, **kwargs)
        with suppress(Exception):
            look(result)
        return result

    setattr(owner, name, seen)


def _pytest(module):
    for name in ("RaisesExc", "RaisesGroup"):
        _before(getattr(module, name), "__exit__", lambda self, kind, error, trace: raised(error))


def _warned(module):
    _before(
        module.WarningsChecker, "__exit__", lambda self, *_: [keep(f"{w.category.__name__}: {w.message}") for w in self]
    )


def _httpx(module):
    Response = module.Response

    def iter_bytes(self, *args, **kwargs):
        keep(f"{self.status_code} {self.reason_phrase}")
        for chunk in plain(self, *args, **kwargs):
            keep(chunk)
            yield chunk

    async def aiter_bytes(self, *args, **kwargs):
        keep(f"{self.status_code} {self.reason_phrase}")
        async for chunk in plainly(self, *args, **kwargs):
            keep(chunk)
            yield chunk

    plain, plainly = Response.iter_bytes, Response.aiter_bytes
    Response.iter_bytes, Response.aiter_bytes = iter_bytes, aiter_bytes


def _subprocess(module):
    _after(module.Popen, "communicate", lambda outputs: [keep(text, OUTPUT) for text in outputs if text])


def _printed(module, name):
    _before(getattr(module, name), "write", lambda self, text: keep(text))


WHERE = {
    "_pytest.raises": _pytest,
    "_pytest.recwarn": _warned,
    "_pytest.capture": lambda module: _printed(module, "EncodedFile"),
    "asyncio.selector_events": lambda m: _before(m._SelectorSocketTransport, "write", lambda self, data: keep(data)),
    "gradio_patterns.testing.logs": lambda module: _printed(module, "_Stream"),
    "httpx._models": _httpx,
    "ipykernel.iostream": lambda module: _printed(module, "OutStream"),
    "subprocess": _subprocess,
}


class _Patched:
    """Finds the modules of `WHERE` as Python does, and patches each after its code has run."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name not in WHERE:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            WHERE[name](module)

        spec.loader.exec_module = exec_module
        return spec


class _Stream(io.TextIOWrapper):
    def write(self, text):
        keep(text)
        return super().write(text)


def install():
    """Patch what is imported, and what will be."""
    sys.meta_path.insert(0, _Patched)
    for name, patch in WHERE.items():
        if name in sys.modules:
            patch(sys.modules[name])
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if type(stream) is io.TextIOWrapper:
            options = {"encoding": stream.encoding, "errors": stream.errors, "line_buffering": stream.line_buffering}
            setattr(sys, name, _Stream(stream.detach(), write_through=True, **options))
            setattr(sys, f"__{name}__", getattr(sys, name))
