"""Requests to `/live/NAME/...` go to that recipe's process, as through any proxy; answers come as they are made."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator

import httpx
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from .stage import Demo, Stage

PREFIX = re.compile(r"^/live/([\w-]+)(?=/|$)")
# What a proxy keeps to itself (RFC 9110, 7.6.1), and lengths that change with the encoding.
HOP_BY_HOP = {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "host", "proxy-connection"}
ENDED = "This demo has ended, since nobody used it. Open it again in the gallery."


class Live:
    """The gallery with the demos on its stage: a middleware around the gallery's own ASGI app."""

    def __init__(self, app: ASGIApp, stage: Stage):
        self.app, self.stage = app, stage
        self.client = httpx.AsyncClient(timeout=None, trust_env=False, limits=httpx.Limits(max_connections=None))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward a request to the demo that it is for; leave all others to the gallery."""
        name, path = _addressed(scope) if scope["type"] == "http" else ("", "")
        if not name:
            return await self.app(scope, receive, send)
        demo = self.stage.demos.get(name)
        if not path:  # the page's own addresses are relative: without the slash they would leave the prefix
            response: Response = RedirectResponse(f"/live/{name}/")
        elif demo and demo.ready:
            response = await self._forward(Request(scope, receive), demo, path)
        else:
            response = PlainTextResponse(ENDED, 404)
        await response(scope, receive, send)

    async def _forward(self, request: Request, demo: Demo, path: str) -> Response:
        counted = not path.rpartition("/")[0].endswith("/heartbeat")  # lasts as long as a tab is open, used or not
        demo.open_requests += counted

        def done() -> None:
            demo.open_requests -= counted
            demo.last_used = time.monotonic() if counted else demo.last_used

        headers = [(k, v) for k, v in request.headers.items() if k not in HOP_BY_HOP]
        headers += [("host", request.url.netloc), ("x-forwarded-host", request.url.netloc)]
        headers += [("x-forwarded-proto", request.headers.get("x-forwarded-proto", request.url.scheme))]
        query = f"?{request.url.query}" if request.url.query else ""
        try:
            outgoing = self.client.build_request(
                request.method, f"{demo.url}{path}{query}", headers=headers, content=request.stream()
            )
            incoming = await self.client.send(outgoing, stream=True)
        except httpx.HTTPError:
            done()
            return PlainTextResponse(ENDED, 502)
        except BaseException:
            done()
            raise

        async def body() -> AsyncIterator[bytes]:
            try:
                async for piece in incoming.aiter_raw():
                    yield piece
            finally:  # a visitor who leaves is told to the demo, which may stop its model
                await incoming.aclose()
                done()

        response = StreamingResponse(body(), incoming.status_code, background=BackgroundTask(incoming.aclose))
        response.raw_headers = [(k, v) for k, v in incoming.headers.raw if k.lower().decode() not in HOP_BY_HOP]
        return response


def _addressed(scope: Scope) -> tuple[str, str]:
    """The demo that a request is for and the path in it, both empty if it is for the gallery."""
    if not (found := PREFIX.match(scope["path"])):
        return "", ""
    path = scope.get("raw_path", scope["path"].encode()).decode("latin-1").partition("?")[0]
    return found[1], path[found.end() :]
