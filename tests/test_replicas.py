"""deploy/nginx-replicas.conf: every visitor stays with one replica, and a replica is restarted under load."""

import collections
import concurrent.futures
import json
import threading
import uuid
from pathlib import Path

import httpx
import pytest
from gradio_client import Client

from gradio_patterns.testing import Nginx, Program, until, visitor
from tools.programs import NGINX

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
CONF, PROXY = (DEPLOY / "nginx-replicas.conf").read_text(), (DEPLOY / "proxy.conf").read_text()

APP = """
import os, time
import gradio as gr

def visit(visits):
    time.sleep(0.2)
    return os.getpid(), visits + 1, visits + 1

with gr.Blocks() as demo:
    visits = gr.State(0)
    pid = gr.Number(label="Process")
    count = gr.Number(label="Visits")
    gr.Button("Visit").click(visit, visits, [pid, count, visits], api_name="visit", concurrency_limit=4)

demo.launch()
"""
VISITORS = 12

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("nginx_is_there")]


@pytest.fixture(scope="module")
def nginx_is_there(need):
    need(NGINX)


@pytest.fixture(scope="module")
def replicas():
    with Program(APP) as one, Program(APP) as two:
        yield one, two


def deployed(replicas, text=CONF) -> Nginx:
    one, two = replicas
    return Nginx(text, {"app1:7860": one, "app2:7860": two}, files={"proxy.conf": PROXY})


def connect(nginx) -> Client:
    return visitor(nginx, ssl_verify=nginx.context)


def test_round_robin_loses_sessions(replicas):
    """What the sticky cookie is there for: the event joins one replica, its stream asks the other."""
    sticky = ("hash $visitor", "add_header Set-Cookie")
    round_robin = "\n".join(line for line in CONF.splitlines() if not line.strip().startswith(sticky))

    def told(nginx) -> dict:
        """What the stream of a visitor's first event says. gradio_client would wait: the message names no event."""
        event = {"fn_index": 0, "data": [None], "session_hash": uuid.uuid4().hex}
        with httpx.Client(base_url=f"{nginx.url}/gradio_api/queue/", verify=nginx.context, timeout=60) as http:
            assert http.post("join", json=event).status_code == 200
            with http.stream("GET", "data", params={"session_hash": event["session_hash"]}) as stream:
                line = next(line for line in stream.iter_lines() if line.startswith("data:"))
        return json.loads(line.removeprefix("data:"))

    with deployed(replicas, round_robin) as nginx:
        messages = [told(nginx) for _ in range(VISITORS)]  # one connection each, so one worker of nginx: A, B, A, B
    assert all(message.get("session_not_found") for message in messages), messages


def test_the_cookie_keeps_each_visitor_and_its_state_with_one_replica(replicas):
    with deployed(replicas) as nginx:
        clients = [connect(nginx) for _ in range(VISITORS)]
        seen = [[client.predict(api_name="/visit") for _ in range(3)] for client in clients]
    homes = collections.Counter()
    for visits in seen:
        assert [count for _, count in visits] == [1, 2, 3]
        (home,) = {pid for pid, _ in visits}
        homes[home] += 1
    assert len(homes) == 2, f"one replica got everybody: {homes}"


def test_a_replica_is_drained_and_restarted_under_load(replicas):
    """Every call is answered, but for those that a switch catches between their request and their stream."""
    with deployed(replicas) as nginx:
        clients = [connect(nginx) for _ in range(VISITORS)]
        answered, lost, stop = [], [], threading.Event()

        def keep_visiting(client):
            while not stop.is_set():
                try:
                    answered.append(client.submit(api_name="/visit").result(timeout=60)[0])
                except (concurrent.futures.TimeoutError, concurrent.futures.CancelledError) as error:
                    lost.append(error)

        threads = [threading.Thread(target=keep_visiting, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        first = replicas[0]
        old_pid = first.process.pid
        until(lambda: {old_pid, replicas[1].process.pid} <= set(answered), "both replicas to answer")

        nginx.reload(CONF.replace("server app1:7860", "server app1:7860 down"))
        assert f"server 127.0.0.1:{first.port} down" in (nginx.folder / "nginx.conf").read_text()
        until(lambda: set(answered[-2 * VISITORS :]) == {replicas[1].process.pid}, "the second to answer everybody")
        lost_at_the_switch = len(lost)

        first.restart()
        nginx.reload(CONF)
        until(lambda: first.process.pid in answered, "the first to answer again")
        stop.set()
        for thread in threads:
            thread.join(90)
        assert not any(thread.is_alive() for thread in threads)

    # A visitor loses at most the call that was between its POST and its stream at each of the two switches: the other
    # replica does not know it, and gradio_client waits until the caller's own timeout, or gives up without a message.
    # Any other error ends a thread, which fails this test.
    assert lost_at_the_switch <= VISITORS
    assert len(lost) <= 2 * VISITORS
    assert len(answered) > 3 * VISITORS
