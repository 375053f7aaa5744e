"""An assistant: a program that uses an app's functions as tools, over the Model Context Protocol (MCP).

with Assistant(demo) as assistant:              # launched with mcp_server=True; a real client of the `mcp` package
    assert "minutes" in assistant.tools         # {name: mcp.types.Tool}, with description and inputSchema
    assert assistant.call("minutes", text="One two.") == "0.1 minutes"

Assistant(demo, headers={"Authorization": "Bearer ..."})
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from .serving import address
from .waiting import PATIENCE

if TYPE_CHECKING:
    from mcp import ClientSession
    from mcp.types import CallToolResult, Tool


class ToolError(RuntimeError):
    """A tool has refused, or is not there; the message holds the words that the assistant reads."""


class Assistant:
    """A session with an app's MCP server, for the time of a with statement; calls wait for their answers.

    where: a demo that runs, what `serve` or `Program` gave, or the address at which Gradio answers.
    headers: sent with each request. sse: over the older transport, of which Gradio still has the routes.

    tools: what the server offers, by name. session: the `mcp.ClientSession`, for what has no method here.

    Entering raises `httpx.HTTPStatusError` for a refusal such as 401, and `mcp.McpError`, which says "Session
    terminated", where the app has no MCP server.
    """

    session: ClientSession
    tools: dict[str, Tool]

    def __init__(self, where: Any, *, headers: dict[str, str] | None = None, sse: bool = False):
        self._url = f"{address(where).rstrip('/')}/gradio_api/mcp/{'sse' if sse else ''}"
        self._headers, self._sse = headers, sse

    def __enter__(self) -> Assistant:
        from anyio.from_thread import start_blocking_portal

        with contextlib.ExitStack() as opened:
            # A loop in a thread of its own: in a notebook the one of this thread runs already.
            self._portal = opened.enter_context(start_blocking_portal())
            try:
                self.session = opened.enter_context(self._portal.wrap_async_context_manager(self._connected()))
                self.tools = {tool.name: tool for tool in self._portal.call(self.session.list_tools).tools}
            except BaseException as error:
                raise _first(error) from None
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def call(self, name: str, **arguments: Any) -> str:
        """The text of a tool's answer, a line for each output. Raises `ToolError` with the words of a refusal."""
        result = self.result(name, **arguments)
        text = "\n".join(part.text for part in result.content if part.type == "text")
        if result.isError:
            raise ToolError(text)
        return text

    def result(self, name: str, **arguments: Any) -> CallToolResult:
        """A tool's whole answer: `content` with its texts, pictures and links, and `isError`."""
        return self._portal.call(self.session.call_tool, name, arguments)

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncGenerator[ClientSession]:
        from datetime import timedelta

        from mcp import ClientSession
        from mcp.client.sse import sse_client
        from mcp.client.streamable_http import streamablehttp_client

        connect = sse_client if self._sse else streamablehttp_client
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # mcp 1.21 has no other name for it
            connection = connect(self._url, self._headers, timeout=PATIENCE)
        async with (
            connection as (read, write, *_),
            ClientSession(read, write, timedelta(seconds=PATIENCE)) as session,
        ):
            await session.initialize()
            yield session


def _first(error: BaseException) -> BaseException:
    """What went wrong first, out of the groups that the client's tasks put around it."""
    while isinstance(inner := getattr(error, "exceptions", None), tuple) and inner:
        error = inner[0]
    return error
