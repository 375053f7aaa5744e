"""The traffic generator: every request accounted for, whatever the server does."""

import asyncio
import json
import shutil
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import gradio as gr
import pandas as pd
import pytest
from aiohttp import web

from gradio_patterns.testing import traffic
from gradio_patterns.testing.traffic import plot, send, summary


def run(coroutine):
    """Its result; in a thread of its own, because Playwright leaves a loop running in the one of the tests."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


SERVER_THAT_DIES = """
import os, gradio as gr
calls = []
def work(text):
    calls.append(text)
    if len(calls) == 3:
        os._exit(1)
    return text
with gr.Blocks() as demo:
    text = gr.Textbox(label="Text")
    text.submit(work, text, text, api_name="work")
demo.queue().launch(prevent_thread_lock=True, quiet=True)
print(demo.local_url, flush=True)
demo.block_thread()
"""


class Gate:
    """A handler's door: counts who is inside, and lets them out when told."""

    def __init__(self):
        self.lock, self.inside, self.most, self.open = threading.Lock(), 0, 0, threading.Event()

    def __enter__(self):
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)

    def __exit__(self, *_):
        with self.lock:
            self.inside -= 1


@pytest.fixture(scope="module")
def gate():
    return Gate()


@pytest.fixture(scope="module")
def url(gate):
    def shout(text, visits):
        if text == "bad":
            raise gr.Error("no good", print_exception=False)
        return text.upper(), (visits or 0) + 1

    def pair(number):
        with gate:
            while gate.inside < 2 and not gate.open.wait(0.01):
                pass
            gate.open.set()  # two are inside together: nobody has to wait for a partner any more
            return number

    def count(to):
        for number in range(int(to)):
            yield "x" * (number + 1)

    stop = threading.Event()

    def never():
        stop.wait(60)
        return "late"

    with gr.Blocks() as demo:
        text, number, visits = gr.Textbox(label="Text"), gr.Number(label="Number"), gr.State()
        text.submit(shout, [text, visits], [text, visits], api_name="shout")
        text.submit(pair, number, number, api_name="pair", concurrency_limit=2)
        text.submit(count, number, text, api_name="count", concurrency_limit=4)
        text.submit(never, None, text, api_name="never", concurrency_limit=None)
        text.submit(lambda size: "y" * int(size), number, text, api_name="large")
    demo.launch(prevent_thread_lock=True, quiet=True, inline=False)
    yield demo.local_url
    stop.set()
    demo.close()


def test_every_request_has_its_row_and_its_own_answer(url):
    df = send(url, "shout", [["one"], ["two"], ["three"]], users=4, requests=3)
    assert df[["user", "number"]].values.tolist() == [[user, number] for user in range(4) for number in range(3)]
    assert df.output.map(lambda output: output[0]).tolist() == ["ONE", "TWO", "THREE"] * 4
    assert (df.status == "ok").all()
    assert (df.error == "").all()
    assert ((df.queued <= df.started) & (df.started <= df["first"]) & (df["first"] <= df.ended)).all()
    following = df[df.number > 0].set_index(["user", "number"]).queued
    before = df[df.number < 2].assign(number=lambda rows: rows.number + 1).set_index(["user", "number"]).ended
    assert (following >= before).all(), "a user sends the next request after the last answer"


def test_the_rows_agree_with_what_the_handler_counts():
    lock, calls, answered = threading.Lock(), [], []

    def count(name):
        with lock:
            calls.append(name)
        if name.endswith("2"):
            raise gr.Error("no good", print_exception=False)
        with lock:
            answered.append(name)
        return name

    with gr.Blocks() as demo:
        text = gr.Textbox(label="Text")
        text.submit(count, text, text, api_name="count", concurrency_limit=4)
    demo.launch(prevent_thread_lock=True, quiet=True, inline=False)
    try:
        df = send(demo.local_url, "count", lambda user, number: [f"user {user}, {number}"], users=5, requests=3)
    finally:
        demo.close()
    sent = [f"user {user}, {number}" for user, number in df[["user", "number"]].values]
    assert len(df) == 15
    assert sorted(calls) == sorted(sent), "each request ran once, and has one row"
    assert sorted(answered) == sorted(output[0] for output in df.output[df.status == "ok"])
    assert (df.status == "error").sum() == len(calls) - len(answered) == 5


def test_payloads_may_be_made_for_each_user_and_number(url):
    df = send(url, "/shout", lambda user, number: [f"u{user}n{number}"], users=2, requests=2)
    assert [output[0] for output in df.output] == ["U0N0", "U0N1", "U1N0", "U1N1"]


def test_an_error_is_its_users_alone(url):
    df = send(url, "shout", [["fine"], ["bad"]], users=4)
    assert df.status.tolist() == ["ok", "error"] * 2
    assert df.error.tolist() == ["", "no good"] * 2


def test_started_shows_who_ran_together(url, gate):
    df = send(url, "pair", [[1]], users=6)
    assert (df.status == "ok").all()
    assert gate.most == 2, "the server itself saw two at a time"
    events = sorted([(t, 1) for t in df.started] + [(t, -1) for t in df.ended])
    running = pd.Series([change for _, change in events]).cumsum()
    assert running.max() >= 2
    assert (df.started - df.queued).max() > (df.started - df.queued).min()


def test_streaming_shows_the_first_chunk_before_the_end(url):
    df = send(url, "count", [[5]], users=3)
    assert df.output.tolist() == [["xxxxx"]] * 3, "whole values, not differences"
    assert df.chunks.tolist() == [5] * 3
    assert (df["first"] < df.ended).all()


def test_a_request_that_never_ends_is_reported_after_the_bound(url):
    df = send(url, "never", users=2, requests=2, timeout=0.5)
    assert df.status.tolist() == ["timeout"] * 4
    assert set(df.error) == {"No end within 0.5 s."}
    assert ((df.ended - df.queued) >= 0.5).all()


def test_think_time_lies_between_an_answer_and_the_next_request(url):
    df = send(url, "shout", [["a"]], users=1, requests=2, think_time=0.2)
    assert df.queued[1] - df.ended[0] >= 0.2


def test_an_answer_of_a_megabyte_arrives_whole(url):
    df = send(url, "large", [[1_000_000]], users=2)
    assert [len(output[0]) for output in df.output] == [1_000_000] * 2


def test_a_full_queue_is_reported():
    running, release = threading.Event(), threading.Event()

    def hold(text):
        running.set()
        release.wait(60)
        return text

    with gr.Blocks() as demo:
        text = gr.Textbox(label="Text")
        text.submit(hold, text, text, api_name="hold")
    demo.queue(max_size=1).launch(prevent_thread_lock=True, quiet=True, inline=False)
    with ThreadPoolExecutor() as pool:
        try:
            pool.submit(send, demo.local_url, "hold", [["a"]], users=1)
            assert running.wait(60)
            pool.submit(send, demo.local_url, "hold", [["a"]], users=1)
            while not len(demo._queue):  # until the one place is taken
                assert not release.wait(0.01)
            df = send(demo.local_url, "hold", [["a"]], users=5, timeout=20)
        finally:
            release.set()
    demo.close()
    assert df.status.tolist() == ["refused"] * 5
    assert df.error.str.startswith("503: Queue is full").all()
    assert df.started.isna().all()


@pytest.mark.slow
def test_a_server_that_dies_midway_loses_no_row():
    server = subprocess.Popen([sys.executable, "-c", SERVER_THAT_DIES], stdout=subprocess.PIPE, text=True)
    try:
        df = send(server.stdout.readline().strip(), "work", [["a"]], users=2, requests=3, timeout=30)
    finally:
        server.kill()
        server.wait()
        server.stdout.close()
    assert df.status.tolist().count("ok") == 2
    assert df.status.tolist().count("lost") == 4
    assert (df.error[df.status == "lost"] != "").all()


async def serve_then(answer):
    """A server that accepts every event and then streams whatever `answer` says."""

    async def config(_):
        named = {"id": 0, "api_name": "x", "inputs": []}
        return web.json_response({"dependencies": [named], "components": []})

    async def join(_):
        return web.json_response({"event_id": "e1"})

    async def data(request):
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await stream.prepare(request)
        for message in answer:
            await stream.write(message)
        return stream

    app = web.Application()
    app.add_routes([web.get("/config", config)])
    app.add_routes([web.post("/gradio_api/queue/join", join), web.get("/gradio_api/queue/data", data)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
        return await asyncio.to_thread(send, url, "x", users=2, timeout=10)
    finally:
        await runner.cleanup()


def event(**message):
    return b"data: " + json.dumps({"event_id": "e1", **message}).encode() + b"\n\n"


DONE = {"msg": "process_completed", "output": {"data": [1]}, "success": True}


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ([event(**DONE)], "ok"),
        ([event(**DONE)[:20], event(**DONE)[20:]], "ok"),
        ([event(**{**DONE, "event_id": "another"}), event(**DONE)], "ok"),
        ([], "lost"),
        ([event(msg="process_starts")], "lost"),
        ([event(**DONE)[:-9]], "lost"),
        ([b"data: not json\n\n"], "lost"),
        ([event(msg="unexpected_error", message="gone")], "lost"),
        ([event(msg="process_completed", output={"error": None}, success=False)], "error"),
    ],
)
def test_broken_streams_are_told_from_answers(answer, status):
    df = run(serve_then(answer))
    assert df.status.tolist() == [status] * 2
    assert (status == "ok") == (df.error == "").all()


def test_it_works_where_an_event_loop_runs(url):
    async def notebook():
        return send(url, "shout", [["a"]], users=2)

    assert (run(notebook()).status == "ok").all()


@pytest.mark.parametrize("address", ["http://example.com", "http://10.0.0.7:7860", "http://localhost.example.com", "x"])
def test_other_peoples_servers_are_refused(address):
    with pytest.raises(ValueError, match="allow_remote=True"):
        send(address, "x")


@pytest.mark.parametrize(
    "address", ["http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1", "http://127.8.8.8:1"]
)
def test_this_machine_is_allowed_and_a_dead_port_said(address):
    with pytest.raises(ConnectionError, match="Nothing answers"):
        send(address, "x", timeout=10)


def test_a_remote_address_is_allowed_when_told_so():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ConnectionError, match="Nothing answers"):
        send(f"http://0.0.0.0:{port}", "x", timeout=10, allow_remote=True)


def test_an_unknown_endpoint_names_those_there_are(url):
    with pytest.raises(ValueError, match=r"No endpoint /nope .*/shout, /pair"):
        send(url, "nope")


def test_a_login_is_asked_for():
    with gr.Blocks() as demo:
        text = gr.Textbox(label="Text")
        text.submit(str, text, text, api_name="x")
    demo.launch(prevent_thread_lock=True, quiet=True, inline=False, auth=("a", "b"))
    try:
        with pytest.raises(ValueError, match=r"answered 401: is a login needed\?"):
            send(demo.local_url, "x")
    finally:
        demo.close()


@pytest.mark.parametrize("wrong", [{"users": 0}, {"requests": 0}, {"timeout": 0}, {"think_time": -1}, {"payloads": []}])
def test_numbers_that_make_no_traffic_are_refused(wrong):
    with pytest.raises(ValueError, match=r"at least|payloads is empty"):
        send("http://127.0.0.1:1", "x", **wrong)


def test_a_payload_that_is_not_json_is_the_callers_mistake(url):
    with pytest.raises(TypeError, match="not JSON serializable"):
        send(url, "shout", [[object()]])


@pytest.fixture
def table():
    rows = [
        (0, 0, 0.0, 1.0, 3.0, 3.0, "ok", "", ["a"], 1),
        (1, 0, 0.0, 3.0, 5.0, 5.0, "ok", "", ["b"], 1),
        (2, 0, 0.0, float("nan"), float("nan"), 0.5, "refused", "503: full", None, 0),
    ]
    return pd.DataFrame(rows, columns=traffic.COLUMNS)


def test_summary_counts_and_divides(table):
    numbers = summary(table)
    assert numbers[["requests", "ok", "per second", "wait p50", "latency p50"]].tolist() == [3, 2, 2 / 5, 2, 4]
    assert summary(table[table.status == "lost"]).requests == 0


def test_plot_shows_waiting_running_and_failed(table):
    axes = plot(table, title="three users")
    waiting, running = axes.containers
    assert [bar.get_width() for bar in waiting] == [1.0, 3.0, 0.5]
    assert [bar.get_x() for bar in running] == [1.0, 3.0, 0.5]
    assert [bar.get_width() for bar in running] == [2.0, 2.0, 0.0]
    assert axes.collections[0].get_offsets().tolist() == [[0.5, 2]]
    assert {text.get_text() for text in axes.get_legend().get_texts()} == {"waiting", "running", "failed"}


def test_copied_alone_it_imports_without_gradio(tmp_path):
    shutil.copy(traffic.__file__, tmp_path / "traffic.py")
    program = "import sys, traffic; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert not {"torch", "gradio", "matplotlib"} & set(loaded.stdout.split())
