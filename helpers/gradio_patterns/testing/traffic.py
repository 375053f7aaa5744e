"""Many users at once against a running Gradio app, and who waited and who ran when.

`gradio_client` costs about 33 ms of CPU a call, so as a load generator it measures itself. This one speaks the queue's
own protocol over HTTP, as the page does: `POST /gradio_api/queue/join`, then the server-sent events of
`/gradio_api/queue/data`, whose `process_starts` tells when an event left the queue.

    df = send(demo.local_url, "predict", [["first input"], ["second input"]], users=8, requests=3)
    plot(df)

This file can be copied alone; it needs aiohttp and pandas, and matplotlib for the plot.
"""

import asyncio
import ipaddress
import json
import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pandas as pd

COLUMNS = ["user", "number", "queued", "started", "first", "ended", "status", "error", "output", "chunks"]


def send(
    url: str,
    api_name: str,
    payloads: Sequence[Sequence[Any]] | Callable[[int, int], Sequence[Any]] = ((),),
    *,
    users: int = 8,
    requests: int = 1,
    think_time: float = 0.0,
    timeout: float = 60.0,
    headers: Mapping[str, str] | None = None,
    allow_remote: bool = False,
) -> pd.DataFrame:
    """Let `users` send `requests` each, one after the other, all users at once; return one row for each request.

    url: of the app, such as `demo.local_url`. api_name: of the endpoint, with or without its slash.
    payloads: the endpoint's argument lists, dealt out in turn, or a function of (user, number) that returns one.
    think_time: seconds between an answer and the same user's next request. timeout: seconds until a request counts as
    never ending. headers: sent with each request (a login cookie, say).

    Columns: user, number (of the user's request), queued, started, first, ended (seconds since the start of the
    traffic, NaN for what never came: `first` is the first output of all, `ended` the last sign of the request),
    status, error (the server's words, or ""), output (list of values, None without an answer), chunks (outputs
    received; more than 1 where the endpoint streams). The status is one of
        ok       answered
        error    the handler raised
        refused  not let into the queue: full, unknown session, validator, login
        timeout  no end within `timeout`
        lost     the connection broke, or the server stopped

    Works in a script and in a notebook, where an event loop is running already: the traffic has a thread of its own.
    Raises `ValueError` for an address that is not this machine's own unless `allow_remote`, for an unknown endpoint and
    for numbers that make no traffic; `ConnectionError` if nothing answers at `url`.
    """
    if not allow_remote and not _is_loopback(url):
        raise ValueError(f"{url} is not on this machine. Pass allow_remote=True if you may put load on it.")
    if users < 1 or requests < 1 or think_time < 0 or timeout <= 0:
        raise ValueError("users and requests must be at least 1, timeout above 0 and think_time not below 0.")
    if not callable(payloads) and not len(payloads):
        raise ValueError("payloads is empty. Pass at least one list of arguments, [[]] for an endpoint without inputs.")
    job = _traffic(url.rstrip("/"), api_name.strip("/"), payloads, users, requests, think_time, timeout, headers)
    rows = _in_own_thread(job)
    if len(rows) != users * requests:
        raise RuntimeError(f"{users * requests} requests were due, but {len(rows)} are accounted for.")
    return pd.DataFrame(rows, columns=COLUMNS).sort_values(["user", "number"], ignore_index=True)


def summary(df: pd.DataFrame) -> pd.Series:
    """Requests, those answered, answers a second, and the median and 95th percentile of waiting and of the whole."""
    ok = df[df.status == "ok"]
    wait, whole = ok.started - ok.queued, ok.ended - ok.queued
    seconds = df.ended.max() - df.queued.min()
    return pd.Series(
        {
            "requests": len(df),
            "ok": len(ok),
            "per second": len(ok) / seconds if seconds else float("nan"),
            "wait p50": wait.median(),
            "wait p95": wait.quantile(0.95),
            "latency p50": whole.median(),
            "latency p95": whole.quantile(0.95),
        }
    )


def plot(df: pd.DataFrame, ax: Any = None, title: str | None = None) -> Any:
    """Timeline, a row for each user: waiting light, running dark, a cross where a request failed. Returns the axes."""
    from matplotlib.figure import Figure  # not pyplot, whose backend Gradio switches during its events
    from matplotlib.ticker import MaxNLocator

    if ax is None:
        ax = Figure(figsize=(8, min(1 + 0.22 * df.user.nunique(), 10)), layout="constrained").subplots()
    started = df.started.fillna(df.ended)
    ax.barh(df.user, started - df.queued, left=df.queued, height=0.8, color="#c6dbef", label="waiting")
    ax.barh(df.user, df.ended - started, left=started, height=0.8, color="#08519c", label="running")
    failed = df[df.status != "ok"]
    if len(failed):
        ax.scatter(failed.ended, failed.user, marker="x", color="#cb181d", zorder=3, label="failed")
    ax.set(xlabel="seconds", ylabel="user")
    ax.set_title(title or "", loc="left")
    ax.set_xlim(left=0)
    ax.invert_yaxis()
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, frameon=False)
    return ax


async def _traffic(
    url: str,
    api_name: str,
    payloads: Any,
    users: int,
    requests: int,
    think_time: float,
    timeout: float,
    headers: Mapping[str, str] | None,
) -> list[dict[str, Any]]:
    deal = payloads if callable(payloads) else lambda user, number: payloads[(user * requests + number) % len(payloads)]
    everybody, no_limit = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(headers=headers, connector=everybody, timeout=no_limit) as http:
        endpoint, hidden = await asyncio.wait_for(_endpoint(http, url, api_name), timeout)
        begin = time.perf_counter()

        async def one_user(user: int) -> list[dict[str, Any]]:
            session, rows = uuid.uuid4().hex, []
            for number in range(requests):
                if number and think_time:
                    await asyncio.sleep(think_time)
                row: dict[str, Any] = dict.fromkeys(("queued", "started", "first", "ended"), float("nan"))
                row |= {"user": user, "number": number, "status": "lost", "error": "", "output": None, "chunks": 0}
                body = {"fn_index": endpoint, "session_hash": session, "simple_format": True}
                body["data"] = _with_hidden(deal(user, number), hidden)
                row["queued"] = time.perf_counter() - begin
                try:
                    await asyncio.wait_for(_one_request(http, url, body, row, begin), timeout)
                except (asyncio.TimeoutError, TimeoutError):
                    row.update(status="timeout", error=f"No end within {timeout:g} s.")
                    session = uuid.uuid4().hex  # the old stream may still bring the late answer
                except (aiohttp.ClientError, OSError, json.JSONDecodeError) as error:
                    row.update(status="lost", error=f"{type(error).__name__}: {error}")
                row["ended"] = time.perf_counter() - begin
                rows.append(row)
            return rows

        return [row for rows in await asyncio.gather(*map(one_user, range(users))) for row in rows]


async def _one_request(http: aiohttp.ClientSession, url: str, body: dict, row: dict, begin: float) -> None:
    """Join the queue and read the session's events until this one has ended; write what happens into `row`."""
    async with http.post(f"{url}/gradio_api/queue/join", json=body) as response:
        if response.status != 200:
            row.update(status="refused", error=f"{response.status}: {_detail(await response.text())}")
            return
        event_id = (await response.json())["event_id"]
    async with http.get(f"{url}/gradio_api/queue/data", params={"session_hash": body["session_hash"]}) as response:
        async for message in _messages(response):
            now = time.perf_counter() - begin
            kind = message["msg"]
            if kind == "unexpected_error":
                row.update(status="lost", error=message.get("message") or "The server stopped.")
                return
            if message.get("event_id") != event_id:
                continue
            if kind == "process_starts":
                row["started"] = now
            elif kind in ("process_generating", "process_completed"):
                output = message.get("output") or {}
                if message["success"] and output.get("data") is not None:
                    row["output"] = output["data"]
                    row["first"] = now if row["chunks"] == 0 else row["first"]
                    row["chunks"] += kind == "process_generating" or row["chunks"] == 0
                if kind == "process_completed":
                    error = output.get("error") or ("" if message["success"] else "Error")
                    row.update(status="ok" if message["success"] else "error", error=error)
                    return
    row.update(status="lost", error="The stream of events ended before the request did.")


async def _messages(response: aiohttp.ClientResponse) -> AsyncIterator[dict[str, Any]]:
    """Server-sent events of any length: aiohttp's own line reader refuses long lines."""
    response.raise_for_status()
    rest = b""
    async for chunk in response.content.iter_any():
        *events, rest = (rest + chunk).split(b"\n\n")
        for event in events:
            if event.startswith(b"data:"):
                yield json.loads(event[5:])


async def _endpoint(http: aiohttp.ClientSession, url: str, api_name: str) -> tuple[int, list[bool]]:
    """The endpoint's number, and for each of its inputs whether the server fills it in (`gr.State`)."""
    try:
        async with http.get(f"{url}/config") as response:
            if response.status != 200:
                raise ValueError(f"{url}/config answered {response.status}: is a login needed? See `headers`.")
            config = await response.json()
    except aiohttp.ClientConnectionError as error:
        raise ConnectionError(f"Nothing answers at {url}. Is the app running?") from error
    named = {d["api_name"]: d for d in config["dependencies"] if isinstance(d["api_name"], str)}
    if api_name not in named:
        raise ValueError(f"No endpoint /{api_name} at {url}. There are: {', '.join(f'/{name}' for name in named)}.")
    hidden = {component["id"]: bool(component.get("skip_api")) for component in config["components"]}
    return named[api_name]["id"], [hidden[component] for component in named[api_name]["inputs"]]


def _with_hidden(payload: Sequence[Any], hidden: list[bool]) -> list[Any]:
    values = iter(payload)
    return [None if skip else next(values, None) for skip in hidden] + list(values)


def _detail(text: str) -> str:
    try:
        return str(json.loads(text)["detail"])
    except (ValueError, KeyError, TypeError):
        return text[:200]


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _in_own_thread(job: Any) -> Any:
    """Run a coroutine to its end on a loop of its own; an interrupt cancels it."""
    loop, outcome = asyncio.new_event_loop(), {}
    task = loop.create_task(job)

    def run() -> None:
        try:
            outcome["value"] = loop.run_until_complete(task)
        except BaseException as error:
            outcome["error"] = error
        finally:
            loop.close()

    thread = threading.Thread(target=run, name="traffic")
    thread.start()
    try:
        thread.join()
    except KeyboardInterrupt:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
        raise
    if "error" in outcome:
        raise outcome["error"]
    return outcome["value"]
