"""From a notebook to a server: what the lessons of 05 say and their cells leave to a test."""

import http.server
import inspect
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import types
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import gradio as gr
import httpx
import pytest
from gradio.media import get_image
from gradio_client import handle_file
from gradio_client.exceptions import AppError

from gradio_patterns import collection
from gradio_patterns.testing import Browser, Gate, Nginx, Program, send, until, visitor
from tools.lab import jupyterlab
from tools.programs import NGINX

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
NOTEBOOK = "05_deploy"
PLAIN = """
import gradio as gr

def host(request: gr.Request):
    return request.client.host

with gr.Blocks() as demo:
    text = gr.Textbox(label="Text")
    gr.Button("Host").click(host, None, text, api_name="host")

demo.launch()
"""

# --- listen -----------------------------------------------------------------------------------------


@contextmanager
def proxy(statuses: dict[str, int]):
    """A proxy of the company that answers everything itself, a status for each method; its address."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(statuses[self.command])
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_HEAD = do_GET

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def ended(env: dict[str, str]) -> str:
    """What the plain app prints until it ends by itself: it answers for a moment before it notices."""
    app = Program(PLAIN, env=env)
    try:
        app.start(wait=False)
        assert app.process.wait(120) == 1
        return app.log()
    finally:
        app.remove()


@pytest.mark.parametrize(
    ("statuses", "told"),
    [
        ({"GET": 403}, r"Couldn't start the app because 'http://[^']*/startup-events' failed \(code 403\)"),
        ({"GET": 200, "HEAD": 405}, "When localhost is not accessible, a shareable link must be created"),
    ],
)
def test_a_proxy_variable_stops_the_start_and_no_proxy_mends_it(statuses, told):
    with proxy(statuses) as address:
        through = {"http_proxy": address, "HTTP_PROXY": address, "no_proxy": "", "NO_PROXY": ""}
        assert re.search(told, ended(through))
        around = "localhost,127.0.0.1"
        with Program(PLAIN, env={**through, "no_proxy": around, "NO_PROXY": around}) as app:
            assert app.visitor(httpx_kwargs={"trust_env": False}).predict(api_name="/host") == "127.0.0.1"


def test_a_proxy_that_is_gone_is_a_connect_error():
    gone = "http://127.0.0.1:9"
    env = {"http_proxy": gone, "HTTP_PROXY": gone, "no_proxy": "", "NO_PROXY": ""}
    assert "httpx.ConnectError" in ended(env)


def test_a_taken_port_is_an_error_or_the_next_one(serve):
    taken = socket.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    text = "import gradio as gr; gr.Interface(len, 'text', 'number').launch(prevent_thread_lock=True)"

    def launched(**env: str):
        env = {**os.environ, "GRADIO_SERVER_PORT": str(port), **env}
        return subprocess.run([sys.executable, "-c", text], env=env, capture_output=True, text=True, check=False)

    with taken:
        moved, refused = launched(), launched(GRADIO_NUM_PORTS="1")
        with pytest.raises(OSError, match=f"Cannot find empty port in range: {port}-{port}"):
            gr.Interface(len, "text", "number").launch(server_port=port, inline=False, quiet=True)
    assert moved.returncode == 0
    assert f":{port}\n" not in moved.stdout
    assert f"OSError: Cannot find empty port in range: {port}-{port}" in refused.stderr


def test_an_app_that_listens_on_localhost_only_is_a_502_to_a_proxy_elsewhere(need, serve):
    need(NGINX)
    with gr.Blocks() as demo:
        gr.Textbox(label="Text")
    elsewhere = serve(demo).url.replace("127.0.0.1", "127.0.0.2")  # as from another container
    with Nginx("server { listen 8080; location / { proxy_pass http://app; } }", {"app": elsewhere}) as nginx:
        assert httpx.get(nginx.url).status_code == 502


def test_the_signing_key_is_in_no_answer_and_not_in_the_log(program):
    key = "0123456789abcdef" * 2
    app = program(NOTEBOOK, "listen", GRADIO_SERVER_NAME="0.0.0.0", SIGNING_KEY=key)
    assert visitor(app).predict("One free tea", api_name="/sign")
    shown = [httpx.get(app.url + page).text for page in ("", "config", "gradio_api/info")] + [app.log()]
    assert not [text for text in shown if key in text]


def test_a_share_link_is_said_to_last_up_to_a_week():
    """Read in Gradio's code: to make one would publish what runs here."""
    (message,) = re.findall(r"This share link [^.]*\.", inspect.getsource(gr.Blocks.launch))
    assert "temporary" in message
    assert "up to 1 week" in message
    from gradio import networking

    assert networking.GRADIO_API_SERVER.startswith("https://api.gradio.app/")  # asked which server has the tunnel


# --- in-a-notebook ----------------------------------------------------------------------------------


@pytest.mark.parametrize("trusted", ["127.0.0.1", "192.0.2.1"])
def test_a_remote_jupyter_passes_the_demo_on_at_the_path_that_is_printed(program, tmp_path, trusted):
    """jupyter-server-proxy, as on a JupyterHub; whether or not uvicorn trusts its headers."""
    hub = {"JUPYTERHUB_SERVICE_PREFIX": "/user/ada/", "FORWARDED_ALLOW_IPS": trusted}
    app = program(NOTEBOOK, "in-a-notebook", **hub)
    (path,) = re.findall(r"Open (\S+) at", app.log())
    with jupyterlab(tmp_path, base_url="/user/ada/") as lab:
        origin = f"http://{urlsplit(lab).netloc}"
        reader = visitor(f"{origin}{path}", headers={"Authorization": "token reader"})
        assert reader.config["root"] == f"{origin}{path}".rstrip("/")
        assert reader.predict("word " * 100, api_name="/count") == "100 words, 30 s"


def test_without_root_path_the_queue_of_a_remote_jupyter_answers_403(program, tmp_path):
    app = program(NOTEBOOK, "in-a-notebook")
    with jupyterlab(tmp_path, base_url="/user/ada/") as lab:
        origin = f"http://{urlsplit(lab).netloc}"
        with httpx.Client(headers={"Authorization": "token reader"}, timeout=60) as reader:
            root = reader.get(f"{origin}/user/ada/proxy/{app.port}/config").json()["root"]
            assert root == origin  # Jupyter's own, and not the demo's
            join = reader.post(f"{root}/gradio_api/queue/join", json={"fn_index": 0, "data": ["a"]})
        assert join.status_code in (403, 404)


# --- inside-fastapi and waiting-times ---------------------------------------------------------------


@pytest.mark.parametrize("field", ["first", "second"])
def test_inside_fastapi_takes_a_thousand_characters_and_no_more(imported, serve, field):
    module = imported(NOTEBOOK, "inside-fastapi")
    read = []

    class Model:
        def __call__(self, text, **_):
            read.append(len(text))
            return module.torch.ones(1, 2, 2)

    module.load = lambda task: Model()
    app = serve(module.app)
    for length, status in ((1000, 200), (1001, 422)):
        texts = {"first": "b", "second": "b"} | {field: "a" * length}
        assert httpx.post(f"{app.origin}/api/similarity", json=texts, timeout=60).status_code == status
    texts = {"first": "b", "second": "b"} | {field: "a" * 1001}
    assert app.visitor().predict(**texts, api_name="/compare") == 1
    assert sorted(read) == [1, 1, 1000, 1000]  # the demo reads the beginning of a longer one


def test_waiting_times_a_click_is_answered_at_once_and_its_result_lasts(imported, serve):
    """Why neither request's time is the time that a visitor waits, and that the recipe's is."""
    module, ended = imported(NOTEBOOK, "waiting-times"), []

    async def requests_ended(scope, receive, send):
        await module.app(scope, receive, send)
        ended.append(scope["path"].rpartition("/")[2])

    app = serve(requests_ended, path="/demo")
    with Gate().around((module.hashlib, "pbkdf2_hmac")) as gate:
        ada = app.visitor()
        jobs = [ada.submit("a phrase", api_name="/stretch") for _ in range(2)]
        assert gate.inside(of=2) == 1  # one works, one waits
        since = time.monotonic()
        until(lambda: ended.count("join") == 2, "both clicks to be answered")
        assert "data" not in ended
        held = time.monotonic() - since
        gate.open()
        assert jobs[0].result() == jobs[1].result()
    with pytest.raises(AppError, match="Type a phrase"):
        ada.predict("", api_name="/stretch")
    assert "demo_wait_seconds_count 3.0" in httpx.get(f"{app.origin}/metrics/").text
    lines = [json.loads(line) for line in app.log().splitlines() if line.startswith('{"request"')]
    assert lines[1]["waited"] > held > 0


def test_a_bug_is_an_error_in_the_log_and_in_the_metrics(imported, serve, monkeypatch):
    module = imported(NOTEBOOK, "waiting-times")
    app = serve(module.app)
    monkeypatch.setattr(module.hashlib, "pbkdf2_hmac", None)  # calling it raises a TypeError
    with pytest.raises(AppError):
        app.visitor().predict("a phrase", api_name="/stretch")
    (line,) = [json.loads(line) for line in app.log().splitlines() if line.startswith('{"request"')]
    assert line["outcome"] == "error"
    assert len(line["request"]) == 32  # made here, because the visitor named none
    assert 'demo_run_seconds_count{outcome="error"} 1.0' in httpx.get(f"{app.origin}/metrics/").text


def test_a_model_that_cannot_be_loaded_is_alive_and_not_ready(imported, serve, caplog):
    module = imported(NOTEBOOK, "inside-fastapi")

    def fails(task):
        raise OSError("no weights")

    module.load = fails
    app = serve(module.app)
    assert httpx.get(f"{app.origin}/healthz").status_code == 200
    until(lambda: module.api.state.model.done(), "the load to fail")
    assert httpx.get(f"{app.origin}/readyz").status_code == 500
    until(lambda: "no weights" in app.log() + caplog.text, lambda: f"the reason in the log: {app.log()}", 30)


# --- behind-nginx -----------------------------------------------------------------------------------


def behind(app, demo=1) -> Nginx:
    files = {"proxy.conf": (DEPLOY / "proxy.conf").read_text()}
    return Nginx((DEPLOY / "nginx.conf").read_text(), {"app:7860": app, "demo:7860": demo}, files=files)


def test_without_root_path_the_theme_is_asked_for_outside_the_sub_path(need, serve):
    need(NGINX)
    with gr.Blocks() as demo:
        gr.Textbox(label="Text")
    untold, nobody = serve(demo), 1
    with behind(nobody, untold) as nginx, httpx.Client(verify=nginx.context) as http:
        root = http.get(f"{nginx.url}/demo/config").json()["root"]
        assert http.get(f"{root}/theme.css").status_code == 502  # where the page looks for it
        assert http.get(f"{nginx.url}/demo/theme.css").status_code == 200


def test_behind_nginx_a_file_above_nginxs_own_limit_is_counted(need, imported, tmp_path):
    need(NGINX)
    text = tmp_path / "text.txt"
    text.write_text("one two two\n" * 250_000)  # 3 MB
    with behind(imported(NOTEBOOK, "behind-nginx").demo) as nginx:
        ada = visitor(nginx.url, ssl_verify=nginx.context, download_files=False)
        *counting, (told, table) = ada.submit(handle_file(text), api_name="/count")
        assert counting
        assert told == "250000 lines read, 2 different words"
        assert httpx.get(table["url"], verify=nginx.context).text == "two,500000\none,250000\n"


@pytest.mark.parametrize("trusted", ["127.0.0.1", "192.0.2.1"])
def test_links_are_right_whether_or_not_the_proxy_is_trusted(need, program, tmp_path, trusted):
    need(NGINX)
    app = program(NOTEBOOK, "behind-nginx", GRADIO_ROOT_PATH="/demo", FORWARDED_ALLOW_IPS=trusted)
    text = tmp_path / "text.txt"
    text.write_text("one two two\n")
    with behind(1, app) as nginx:
        ada = visitor(f"{nginx.url}/demo/", ssl_verify=nginx.context, download_files=False)
        _, table = ada.predict(handle_file(text), api_name="/count")
        assert table["url"].startswith(f"{nginx.url}/demo/gradio_api/file=")
        assert httpx.get(table["url"], verify=nginx.context).text == "two,2\none,1\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8 on its loopback")
@pytest.mark.parametrize(("trusted", "seen"), [("127.0.0.1", "127.0.0.3"), ("192.0.2.1", "127.0.0.1")])
def test_a_visitors_address_is_the_proxys_unless_that_is_trusted(need, trusted, seen):
    need(NGINX)
    with Program(PLAIN, env={"FORWARDED_ALLOW_IPS": trusted}) as app, behind(app) as nginx:
        transport = httpx.HTTPTransport(verify=nginx.context, local_address="127.0.0.3")  # the visitor
        url = nginx.url.replace("localhost", "127.0.0.1")
        with httpx.Client(transport=transport, base_url=f"{url}/gradio_api/", timeout=60) as ada:
            event = ada.post("call/host", json={"data": []}).json()["event_id"]
            assert f'["{seen}"]' in ada.get(f"call/host/{event}").text


# --- container --------------------------------------------------------------------------------------


def test_ctrl_c_closes_in_good_order_and_tells_nobody():
    text = collection.load(NOTEBOOK).cell("container-trap").source.split('"""')[1]
    with Program(text) as app:
        job = app.submit("/answer", "Why?")
        until(job.outputs, "the answer to begin")
        assert app.stop(signal.SIGINT) == 0
        with pytest.raises(Exception) as told:  # noqa: PT011
            job.result(timeout=60)
    assert not isinstance(told.value, AppError)  # broken off, and nothing said
    assert job.outputs() == ["an answer"]


def test_an_error_of_the_model_is_told_and_does_not_keep_the_only_place(imported, monkeypatch):
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # the suite's own stay
    module = imported(NOTEBOOK, "container")
    ada = visitor(module.demo)

    def broken(**_):
        raise gr.Error("The model broke.", print_exception=False)

    with pytest.raises(AppError, match="Type a question first"):
        ada.predict(" ", 8, api_name="/answer")
    monkeypatch.setattr(module.chat.model, "generate", broken)
    with pytest.raises(AppError, match="The model broke"):
        ada.submit("Why does it rain?", 8, api_name="/answer").result(timeout=120)
    monkeypatch.undo()
    assert ada.predict("Why does it rain?", 8, api_name="/answer")


# --- space and replicas -----------------------------------------------------------------------------

ZERO_GPU = """
def GPU(duration):
    return lambda function: lambda *args: print("GPU for", function.__name__, duration, "s") or function(*args)
"""


def test_space_lends_the_gpu_to_what_computes_and_to_no_mistake():
    picture = handle_file(get_image("cheetah1.jpg"))
    with Program(collection.recipe("space"), files={"spaces.py": ZERO_GPU}) as space:
        ada = space.visitor()
        with pytest.raises(AppError, match="Choose a picture"):
            ada.predict(None, api_name="/classify")
        assert "GPU for" not in space.log()
        assert ada.predict(picture, api_name="/classify")["label"] == "cheetah"
        assert space.log().count("GPU for infer 20 s") == 1
        assert ada.config["run_history"] is False  # the browser keeps no inputs


def test_replicas_a_restarted_one_gets_its_visitors_back_with_new_lists(need):
    need(NGINX)
    text = (DEPLOY / "nginx-replicas.conf").read_text()
    files = {"proxy.conf": (DEPLOY / "proxy.conf").read_text()}
    recipe, home = collection.recipe("replicas"), None
    with (
        Program(recipe) as one,
        Program(recipe) as two,
        Nginx(text, {"app1:7860": one, "app2:7860": two}, files=files) as nginx,
    ):
        while home != str(one.process.pid):  # until chance gives that replica a visitor
            ada = visitor(nginx.url, ssl_verify=nginx.context)
            _, home = ada.predict("milk", api_name="/add")
        nginx.reload(text.replace("server app1:7860", "server app1:7860 down"))
        assert one.stop(signal.SIGTERM) == 0
        assert ada.predict("tea", api_name="/add") == ("tea", str(two.process.pid))
        one.start()
        nginx.reload(text)
        assert ada.predict("bread", api_name="/add") == ("bread", str(one.process.pid))


@pytest.fixture
def replica(imported):
    """The recipe `replicas` in this process, and a gate that its call to os.getpid stands at."""
    former = signal.getsignal(signal.SIGTERM)
    module = imported(NOTEBOOK, "replicas")
    signal.signal(signal.SIGTERM, former)
    module.os = types.SimpleNamespace(getpid=os.getpid)
    yield module, Gate().around((module.os, "getpid"))
    module.stopping.set()  # its thread ends
    until(lambda: not module.demo.is_running, "the demo to be closed")


def test_replicas_stopping_waits_for_who_is_inside_and_lets_nobody_in(replica, monkeypatch):
    module, gate = replica
    asked, get = [], httpx.get
    monkeypatch.setattr(module.httpx, "get", lambda *args, **options: (get(*args, **options), asked.append(args))[0])
    with gate:
        job = visitor(module.demo).submit("milk", api_name="/add")
        gate.reached(1)
        module.stopping.set()
        until(lambda: len(asked) > 20, "two seconds of asking whether anybody is inside")
        assert module.demo.is_running
        refused = Browser(module.demo).run("/add", "tea", None)[1]
    assert refused == "This server restarts. Try again in a minute."
    assert job.result()[0] == "milk"
    until(lambda: not module.demo.is_running, "the server to close")


def test_replicas_stopping_ends_with_its_grace(replica):
    module, gate = replica
    module.GRACE = 1
    with gate:
        visitor(module.demo).submit("milk", api_name="/add")
        gate.reached(1)
        module.stopping.set()
        until(lambda: not module.demo.is_running, "the server to close, though somebody is inside")


# --- scale-out --------------------------------------------------------------------------------------

QUESTION = [["How late are you open? " * 20]]


def processes(df) -> set[str]:
    """Which replicas have answered."""
    return {re.search(r"process (\d+)", by)[1] for _, by in df.output.dropna()}


def killed_under_load(app):
    """Kill a replica in the midst of the calls of 16 users; the calls, and the replica."""
    ada = visitor(app)
    with ThreadPoolExecutor() as pool:
        traffic = pool.submit(send, app.url, "find", QUESTION, users=16, requests=8, timeout=240)
        by = until(lambda: next((by for _, by in [ada.predict("Open?", api_name="/find")] if by[-2:] != " 1"), ""))
        victim = re.search(r"process (\d+)", by)[1]
        os.kill(int(victim), signal.SIGKILL)
        return traffic.result(), victim


def scale_out(*edits: tuple[str, str]) -> Program:
    source = collection.load(NOTEBOOK).cell("scale-out").source
    for old, new in edits:
        assert source.count(old) == 1
        source = source.replace(old, new)
    return Program(source)


@pytest.mark.undisturbed
def test_load_starts_a_second_replica_and_a_killed_one_is_replaced():
    with scale_out() as app:
        until(lambda: len(processes(send(app.url, "find", QUESTION, users=16, requests=8, timeout=240))) == 2,
              "a second replica", 180)  # fmt: skip
        df, victim = killed_under_load(app)
        assert (df.status == "ok").all(), df.error.unique()  # nothing lost
        assert df.output.map(lambda output: output[1].endswith("at the second attempt")).any()
        after = send(app.url, "find", QUESTION, users=16, requests=4, timeout=240)
        assert victim not in processes(after)


@pytest.mark.undisturbed
def test_a_killed_replica_loses_calls_unless_they_are_repeated():
    printed = (
        "except RayActorError:",
        "except RayActorError as error:\n            print(f'{type(error).__name__}: {error}')",
    )
    with scale_out(('("", ", at the second attempt")', '("at the only attempt",)'), printed) as app:
        df, _ = killed_under_load(app)
        assert "ActorDiedError: The actor died unexpectedly before finishing this task." in app.log()
        lost = df[df.status != "ok"]
        assert len(lost)
        assert set(lost.error) == {"The models restart. Ask again in a minute."}


@pytest.mark.undisturbed
def test_a_full_queue_of_the_replicas_is_told_in_words():
    few = "max_ongoing_requests=1, max_queued_requests=1"
    printed = (
        "except BackPressureError:",
        "except BackPressureError as error:\n            print(type(error).__name__)",
    )
    with scale_out(("max_ongoing_requests=32, max_queued_requests=200", few), printed) as app:
        df = send(app.url, "find", QUESTION, users=16, requests=2, timeout=240)
        assert "BackPressureError" in app.log()
    refused = df[df.status != "ok"]
    assert len(refused)
    assert (df.status == "ok").any()
    assert set(refused.error) == {"The models are busy. Ask again in a minute."}


STREAM = """
import atexit
import gradio as gr
import ray
from ray import serve

@serve.deployment
class Words:
    async def __call__(self, text):
        for word in text.split():
            yield word + " "

ray.init(log_to_driver=False, logging_level="ERROR", num_cpus=2, object_store_memory=80_000_000)
serve.start(proxy_location="Disabled", logging_config={"log_level": "ERROR", "enable_access_log": False})
words = serve.run(Words.bind(), route_prefix=None)
atexit.register(ray.shutdown)

async def answer(question):
    text = ""
    async for word in words.options(stream=True).remote(question):
        text += word
        yield text

with gr.Blocks() as demo:
    box = gr.Textbox(label="Text")
    gr.Button("Say").click(answer, box, box, api_name="answer")

demo.launch()
"""


@pytest.mark.undisturbed
def test_a_handle_streams_word_by_word():
    with Program(STREAM) as app:
        said = list(app.submit("/answer", "one two three"))
    assert said[:3] == ["one ", "one two ", "one two three "]
