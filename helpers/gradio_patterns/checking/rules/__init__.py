"""The rules, one module for each subject; importing this registers them all."""

from . import access, chats, components, deploying, files, interfaces, moved, performance, queueing, state, wiring

__all__ = [
    "access",
    "chats",
    "components",
    "deploying",
    "files",
    "interfaces",
    "moved",
    "performance",
    "queueing",
    "state",
    "wiring",
]
