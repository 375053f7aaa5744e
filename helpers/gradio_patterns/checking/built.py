"""What only the built app tells: `--run` imports the module in a process of its own, where `launch` serves nothing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

from .findings import RULES, Finding, built_rule, lesson
from .source import Unreadable

TIMEOUT = 300  # seconds; a module may load a model
SECRET = re.compile(r"\b(sk-[A-Za-z0-9_-]{16,}|hf_[A-Za-z0-9]{20,}|gh[pousr]_[A-Za-z0-9]{30,}|AKIA[0-9A-Z]{16})")

built_rule(
    "built-limit-overwritten", "error", "same-function-twice", "two events of one function with different limits"
)
built_rule(
    "built-secret-in-config", "error", "who-may-do-what", "a secret in `/config`, for everybody to read", "/config"
)
built_rule("built-counted-endpoint", "hint", "stable-api", "a public endpoint that is called by number", "lambda_1")
built_rule("built-unbounded-queue", "hint", "queue-full", "a limit, and a line of any length before it: no `max_size`")

# Runs in the other process: the app's module as __main__, and one line of JSON for what it built.
# `_queue` is private: nothing public tells the bound that `queue(max_size=...)` set.
READER = """
import json, runpy, sys
import gradio as gr
from gradio.blocks import Blocks
built = []
def launch(self, *args, **kwargs):
    built.append(self)
    return None, "", ""
Blocks.launch = launch
module = runpy.run_path(sys.argv[1], run_name="__main__")
apps = [value for value in module.values() if isinstance(value, Blocks) and value.parent is None]
built += [app for app in apps if app not in built]
told = []
for app in built:
    events = [
        {
            "fn": id(fn.fn), "name": getattr(fn.fn, "__name__", "?"), "limit": str(fn.concurrency_limit),
            "group": fn.concurrency_id != str(id(fn.fn)), "api_name": fn.api_name,
            "public": fn.api_visibility == "public",
        }
        for fn in app.fns.values() if fn.fn is not None and fn.queue is not False
    ]
    told.append({"events": events, "max_size": app._queue.max_size,
                 "config": app.get_config_file()["components"]})
print("gradio-patterns-built:" + json.dumps(told, default=str))
"""


def check_built(path: Path, chosen: Collection[str] | None = None) -> list[Finding]:
    """What the app in a Python file builds, read. Raises Unreadable where the module fails or builds nothing."""
    if path.suffix != ".py":
        raise Unreadable(f"{path}: --run builds Python files only; save the notebook as one")
    try:
        done = subprocess.run(
            [sys.executable, "-c", READER, path.name],
            cwd=path.resolve().parent, capture_output=True, text=True, timeout=TIMEOUT, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as problem:
        raise Unreadable(f"{path}: it was not built within {TIMEOUT} seconds") from problem
    line = next((line for line in done.stdout.splitlines() if line.startswith("gradio-patterns-built:")), None)
    if line is None:
        last = (done.stderr.strip().splitlines() or ["it left without a word"])[-1]
        raise Unreadable(f"{path}: the module does not build its app: {last}")
    found = [hit for app in json.loads(line.partition(":")[2]) for hit in _read(app)]
    return [_finding(path, name, note) for name, note in found if chosen is None or name in chosen]


def _read(app: dict[str, Any]) -> list[tuple[str, str]]:
    found = []
    groups: dict[int, list[dict[str, Any]]] = {}
    for event in app["events"]:
        if not event["group"]:
            groups.setdefault(event["fn"], []).append(event)
    for events in groups.values():
        limits = sorted({event["limit"] for event in events})
        if len(limits) > 1:
            found.append(("built-limit-overwritten", f"`{events[0]['name']}` has the limits {', '.join(limits)}"))
    numbered = [e["api_name"] for e in app["events"] if e["public"] and re.fullmatch(r".+_\d+", str(e["api_name"]))]
    twins = [name for name in numbered if str(name).rpartition("_")[0] in {e["api_name"] for e in app["events"]}]
    if twins:
        found.append(("built-counted-endpoint", ", ".join(f"`/{name}`" for name in twins)))
    limited = [event for event in app["events"] if event["limit"].isdigit()]
    if limited and app["max_size"] is None:
        found.append(("built-unbounded-queue", f"of {len(app['events'])} events, none is ever refused"))
    for part in app["config"]:
        if SECRET.search(json.dumps(part["props"])):
            found.append(("built-secret-in-config", f"a {part['type']}, id {part['id']}"))
    return found


def _finding(path: Path, name: str, note: str) -> Finding:
    rule = RULES[name]
    symptom, cure = lesson(rule.recipe, rule.see)
    message = f"{rule.finds}: {note}"
    return Finding(path, 1, 1, name, rule.severity, message, rule.recipe, symptom, cure)
