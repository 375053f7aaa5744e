"""Test a Gradio app: visitors, gates, programs, surroundings, traffic and pages, for notebooks, suites and users.

    from gradio_patterns.testing import Gate, serve, visitors

    with serve(demo) as app:                       # no frame, no banner, closed at the end whatever happens
        alice, bob = app.visitors(2)               # plain gradio_client.Clients, each a session of its own
        assert alice.predict("milk", api_name="/add") == "milk"

    alice, bob = visitors(demo, 2)                 # of a demo that runs already, or of an address

Install it with ``pip install "gradio-patterns[testing]"``; pytest then has the fixtures of `plugin` too.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .assistant import Assistant as Assistant
    from .assistant import ToolError as ToolError
    from .browser import Browser as Browser
    from .browser import attacks as attacks
    from .gates import Gate as Gate
    from .model_servers import ModelServer as ModelServer
    from .model_servers import TransformersServer as TransformersServer
    from .model_servers import use_model_server as use_model_server
    from .nginx import Nginx as Nginx
    from .nginx import NginxMissing as NginxMissing
    from .pages import open_page as open_page
    from .programs import Program as Program
    from .provider import Provider as Provider
    from .provider import user as user
    from .relay import Relay as Relay
    from .serving import Served as Served
    from .serving import serve as serve
    from .serving import visitor as visitor
    from .serving import visitors as visitors
    from .suites import run_tests as run_tests
    from .traffic import plot as plot
    from .traffic import send as send
    from .traffic import summary as summary
    from .waiting import free_port as free_port
    from .waiting import until as until

# Loaded when first asked for: a test that wants a gate needs neither aiohttp nor an OpenID provider.
_WHERE = {
    "Assistant": "assistant",
    "Browser": "browser",
    "Gate": "gates",
    "ModelServer": "model_servers",
    "Nginx": "nginx",
    "NginxMissing": "nginx",
    "Program": "programs",
    "Provider": "provider",
    "Relay": "relay",
    "Served": "serving",
    "ToolError": "assistant",
    "TransformersServer": "model_servers",
    "attacks": "browser",
    "free_port": "waiting",
    "open_page": "pages",
    "plot": "traffic",
    "run_tests": "suites",
    "send": "traffic",
    "serve": "serving",
    "summary": "traffic",
    "until": "waiting",
    "use_model_server": "model_servers",
    "user": "provider",
    "visitor": "serving",
    "visitors": "serving",
}
__all__ = list(_WHERE)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_WHERE[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(_WHERE)
