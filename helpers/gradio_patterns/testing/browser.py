"""An HTTP client with the manners of a browser, and tables of what was tried with it.

guest, ada = Browser(app), Browser(app)
ada.post("/login", data={"username": "ada", "password": "tulip-42"})
tries = guest.attack([("GET", "config"), ("POST", "gradio_api/queue/join")])
tries["ada calls /publish"], _ = ada.run("/publish", 1)
assert list(tries.values()) == [401, 401, 200]
attacks(tries)
"""

from __future__ import annotations

import re
import ssl
import uuid
from collections.abc import Iterable, Mapping, Sequence
from http.cookiejar import Cookie, CookieJar
from typing import TYPE_CHECKING, Any

import httpx

from .serving import address

if TYPE_CHECKING:
    import pandas as pd

PATIENCE = 60.0  # seconds; httpx gives up after 5, which a busy machine needs


class Browser(httpx.Client):
    """An `httpx.Client` that asks for pages, keeps cookies, and sends Secure ones to this machine over http, too.

    where: an address, or what has one: a demo that runs, what `serve` or `Program` gave, an `Nginx`, whose certificate
        it then trusts. Routes beside Gradio's, such as /login, begin at `app.origin`.
    trust: an `ssl.SSLContext`. options: of `httpx.Client`, such as `cookies=` for a stolen one.

    session: the session hash of its calls; as a page of its own has.
    """

    def __init__(self, where: Any = "", *, trust: ssl.SSLContext | None = None, **options: Any):
        cookies, url = options.pop("cookies", None), address(where) if where else ""
        options = {"timeout": PATIENCE, "verify": trust or getattr(where, "context", None) or True, **options}
        options["headers"] = {"accept": "text/html,*/*", **options.get("headers", {})}
        super().__init__(base_url=url, cookies=_Jar(), **options)
        self.cookies.update(cookies)
        self.session = uuid.uuid4().hex

    def attack(self, tries: Iterable[Sequence[Any]]) -> dict[str, int]:
        """Try (method, path) or (method, path, json) one after the other, as a program does; {"METHOD path": status}.

        The answer is not read, so that one that never ends, as of a heartbeat, may be among them.
        """
        statuses = {}
        for method, path, *body in tries:
            sent = {"json": body[0]} if body else {}
            with self.stream(method, path, headers={"accept": "*/*"}, **sent) as answer:
                statuses[f"{method} {path}"] = answer.status_code
        return statuses

    def run(self, api_name: str, *data: Any, path: str = "", **body: Any) -> tuple[int, Any]:
        """Call an endpoint past the page and the queue, at `/run`; the status, and the answer or the words of refusal.

        path: where Gradio is mounted. body: more that is sent, such as `oauth_token="made up"`.
        """
        answer = self._send(f"{path}/gradio_api/run/{api_name.strip('/')}", data, body)
        return answer.status_code, _value(answer)

    def call(self, api_name: str, *data: Any, path: str = "", **body: Any) -> tuple[int, str, Any]:
        """Call an endpoint past the page, through the queue, at `/call`; the status, the event that ends it, and the
        answer or the words of refusal. The event is "complete" or "error", or "" for who is not let in.
        """
        route = f"{path}/gradio_api/call/{api_name.strip('/')}"
        joined = self._send(route, data, body)
        if joined.status_code != 200:
            return joined.status_code, "", _value(joined)
        stream = self.get(f"{route}/{joined.json()['event_id']}")
        event, found = re.findall(r"^event: (\w+)\ndata: (.*)$", stream.text, re.MULTILINE)[-1]
        return stream.status_code, event, _value(httpx.Response(200, text=found))

    def _send(self, route: str, data: Sequence[Any], body: Mapping[str, Any]) -> httpx.Response:
        sent = {"data": data, "session_hash": self.session, **body}
        return self.post(route, json=sent, headers={"accept": "application/json"})


def attacks(
    tries: Mapping[str, Any] | Iterable[Sequence[Any]], columns: Sequence[str] | str = ("status",)
) -> pd.DataFrame:
    """The table of attacks: one row for each of what was tried, its index, with the status that came back.

    tries: {what: status}, or rows (what, status); with several `columns` {what: (status, answer)} or (what, status,
        answer). columns: their names.
    """
    import pandas as pd

    names = [columns] if isinstance(columns, str) else list(columns)
    if isinstance(tries, Mapping):
        tries = [(what, *(got if isinstance(got, tuple) else (got,))) for what, got in tries.items()]
    return pd.DataFrame(list(tries), columns=["tried", *names]).set_index("tried")


class _Jar(CookieJar):
    def set_cookie(self, cookie: Cookie) -> None:
        # Browsers send Secure cookies to their own machine over http. Decided here and not by the jar's policy: httpx
        # copies cookies, for each request, into a jar of its own.
        if cookie.domain in ("127.0.0.1", "localhost.local", "[::1]") or cookie.domain.endswith(".localhost"):
            cookie.secure = False
        super().set_cookie(cookie)


def _value(answer: httpx.Response) -> Any:
    """What a call returned, without the list around a single value; or what the refusal says."""
    try:
        found = answer.json()
    except ValueError:
        return answer.text
    if isinstance(found, dict):
        found = next((found[key] for key in ("data", "error", "detail") if found.get(key) is not None), found)
    return found[0] if isinstance(found, list) and len(found) == 1 else found
