"""Other programs as visitors: what tools are made of, attacks on the lock, and clients beside Python's."""

import gc
import json
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import patch

import gradio as gr
import httpx
import pytest
from fastapi import FastAPI
from gradio.media import get_image
from gradio_client import handle_file
from gradio_client.exceptions import AppError
from mcp import McpError

from gradio_patterns import collection
from gradio_patterns.testing import Assistant, Browser, Gate, Program, ToolError, until, visitor
from gradio_patterns.testing import serve as serving
from tools.programs import NPX

NOTEBOOK = "12_assistants"
KEY = "tulips in april"
LION = get_image("lion.jpg")


# --- tools ---

APP = """
import gradio as gr


def shout(text: str) -> str:
    return text.upper()


with gr.Blocks() as demo:
    gr.api(shout, api_name="shout")

demo.launch(mcp_server=True)
"""


def test_without_the_package_the_app_starts_without_tools():
    missing = {"mcp/__init__.py": 'raise ImportError("as if it were not installed")'}
    with Program(APP, files=missing) as app:
        assert app.visitor().predict("tea", api_name="/shout") == "TEA"
        assert "The `mcp` package is required to use the Gradio MCP integration." in app.log()
        with pytest.raises(McpError, match="Session terminated"), Assistant(app):
            pass


def test_a_tool_is_named_by_its_function_alone(serve):
    @gr.mcp.tool(name="better", description="Better words.")
    def plain(text: str) -> str:
        """The docstring."""
        return text

    with gr.Blocks() as demo:
        gr.api(plain, api_name="another")
    with Assistant(serve(demo, mcp_server=True)) as assistant:
        assert {name: tool.description for name, tool in assistant.tools.items()} == {"plain": "The docstring."}


def test_what_is_undocumented_or_private_is_no_tool(serve):
    with gr.Blocks() as demo:
        for visibility in ("public", "undocumented", "private"):
            gr.Button().click(lambda: None, api_name=visibility, api_visibility=visibility)
    with Assistant(serve(demo, mcp_server=True)) as assistant:
        assert list(assistant.tools) == ["_lambda_"]


def test_two_outputs_are_one_text(serve):
    with gr.Blocks() as demo:
        text, other = gr.Textbox(label="Text"), gr.Textbox(label="Backwards")
        gr.Button().click(lambda text: (text, text[::-1]), text, [text, other], api_name="both")
    with Assistant(serve(demo, mcp_server=True)) as assistant:
        assert assistant.call("_lambda_", text="ab") == "['ab', 'ba']"


def test_a_file_is_passed_by_its_address_only(serve):
    with gr.Blocks() as demo:
        gr.Button().click(lambda file: "read", gr.File(label="File"), gr.Textbox(label="Answer"), api_name="read")
    refused = pytest.raises(ToolError, match="Invalid file data format, provide a url")
    with Assistant(serve(demo, mcp_server=True)) as assistant, refused:
        assistant.call("_lambda_", file="/etc/passwd")


# --- the lock ---


@pytest.fixture
def shop(imported, serve, monkeypatch):
    """The recipe `mcp-locked` in this process: its module, and where it answers."""
    monkeypatch.setenv("ASSISTANT_KEYS", f"laptop:{KEY}, nightly:roses, nobody:, :nothing")
    module = imported(NOTEBOOK, "mcp-locked")
    return module, serve(module.app, path="/tools")


CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "take", "arguments": {"item": "kettle"}}}
MCP = {"accept": "application/json, text/event-stream"}
DOORS = [
    ("GET", "/tools/"),
    ("GET", "/tools/config"),
    ("GET", "/tools/gradio_api/info"),
    ("GET", "/tools/gradio_api/openapi.json"),
    ("GET", "/tools/gradio_api/mcp/"),
    ("GET", "/tools/gradio_api/mcp/schema"),
    ("GET", "/tools/gradio_api/mcp/sse"),
    ("POST", "/tools/gradio_api/mcp/", CALL),
    ("POST", "/tools/gradio_api/mcp/http", CALL),
    ("POST", "/tools/gradio_api/mcp/messages/?session_id=00000000000000000000000000000000", CALL),
    ("POST", "/tools/gradio_api/run/take", {"data": ["kettle", 1]}),
    ("POST", "/tools/gradio_api/call/take", {"data": ["kettle", 1]}),
    ("POST", "/tools/gradio_api/queue/join", {"data": ["kettle", 1], "fn_index": 0, "session_hash": "a"}),
    ("GET", "/tools/gradio_api/queue/data?session_hash=a"),
    ("GET", "/tools/gradio_api/heartbeat/a"),
    ("POST", "/tools/gradio_api/upload"),
    ("GET", "/tools/gradio_api/file=app.py"),
    ("GET", "/%74ools/config"),
    ("GET", "/tools//config"),
    ("GET", "/./tools/config"),
    ("HEAD", "/tools/config"),
    ("PUT", "/tools/gradio_api/mcp/"),
]


@pytest.mark.parametrize("sent", ["", "Bearer", "Bearer tulips", f"Basic {KEY}x", "Bearer é", f"{KEY} x"])
def test_no_door_opens_without_the_key(shop, sent):
    module, app = shop
    with Browser(app.origin, headers={"authorization": sent.encode()}) as stranger:
        tries = stranger.attack(DOORS)
    assert set(tries.values()) == {401}, tries
    assert module.STOCK["kettle"] == 4


def test_a_wrong_key_is_told_what_to_send(shop):
    answer = httpx.post(f"{shop[1].origin}/tools/gradio_api/mcp/", json=CALL, headers=MCP)
    assert answer.status_code == 401
    assert "Bearer" in answer.json()["detail"]
    assert answer.headers["www-authenticate"] == 'Bearer realm="tools"'


def test_a_host_that_looks_like_a_path_opens_nothing(shop):
    for host in ("x/front?", "localhost/", "x#"):
        answer = httpx.get(f"{shop[1].origin}/tools/config", headers={"host": host})
        assert answer.status_code in (400, 401)


def test_each_key_is_a_caller_of_its_own(shop):
    module, app = shop
    assert module.KEYS == {"laptop": KEY, "nightly": "roses"}  # no key is empty
    for sse, (key, name) in enumerate({KEY: "laptop", "roses": "nightly"}.items()):
        with Assistant(app, headers={"Authorization": f"Bearer {key}"}, sse=bool(sse)) as assistant:
            assert assistant.call("take", item="teapot", count=1).startswith(f"1 x teapot for {name},")
            with pytest.raises(ToolError, match="at least 1"):
                assistant.call("take", item="teapot", count=-3)
    client = app.visitor(headers={"Authorization": "Bearer roses"})
    assert client.predict("kettle", 1, api_name="/take") == "1 x kettle for nightly, 3 left"


def test_the_page_beside_the_tools_stays_open(shop):
    _, app = shop
    with Browser(app.origin) as guest:
        assert guest.run("/available", "kettle") == (200, "in stock")
        assert guest.attack([("GET", "/gradio_api/mcp/schema"), ("POST", "/gradio_api/mcp/", CALL)]) == {
            "GET /gradio_api/mcp/schema": 404,
            "POST /gradio_api/mcp/": 404,
        }


# --- any client ---

GRADIO_CLIENT = "@gradio/client@2.7.0"


@pytest.fixture(scope="module")
def node_modules(tmp_path_factory, need):
    folder = tmp_path_factory.mktemp("node")
    npm = str(Path(need(NPX)).with_name("npm"))
    subprocess.run([npm, "install", "--no-audit", "--no-fund", GRADIO_CLIENT], cwd=folder, check=True, timeout=200)
    return folder


@pytest.fixture(scope="module")
def palette(shared_program):
    return shared_program(NOTEBOOK, "any-client", SITES="http://127.0.0.1:1")


def node(folder, script, *args):
    (folder / "script.mjs").write_text(f"{script}\nprocess.exit(0);\n")
    return subprocess.run(["node", "script.mjs", *args], cwd=folder, capture_output=True, text=True, timeout=120)


def test_the_javascript_of_the_lesson(palette, node_modules):
    lesson = collection.load(NOTEBOOK).cell("any-client-javascript").source
    done = node(node_modules, re.search(r"```js\n(.*?)```", lesson, re.DOTALL).group(1), palette.url, LION)
    *codes, refusal = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert [len(code.split()) for code in codes[:3]] == [1, 2, 3]
    assert refusal == "Choose 2 to 16 colours."


def test_javascript_after_a_rename(palette, node_modules):
    script = """
    import { Client } from "@gradio/client";
    const app = await Client.connect(process.argv[2]);
    await app.predict("/shout", {}).catch((error) => console.log(error.message));
    """
    assert 'No endpoint matching "/shout" was found.' in node(node_modules, script, palette.url).stdout


def test_the_gradio_command(palette, tmp_path):
    def gradio(*words):
        command = [str(Path(sys.executable).with_name("gradio")), *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)

    def payload(colours):
        return json.dumps({"picture": {"path": LION, "meta": {"_type": "gradio.FileData"}}, "colours": colours})

    assert '"/palette"' in gradio("info", palette.url).stdout
    found = gradio("predict", palette.url, "/palette", payload(3))
    assert (found.returncode, found.stdout.count("#")) == (0, 3)
    for name, colours, words in [
        ("/palette", 40, "Choose 2 to 16 colours."),
        ("/shout", 3, "Cannot find a function with `api_name`: /shout."),
    ]:
        refused = gradio("predict", palette.url, name, payload(colours))
        assert refused.returncode == 1
        assert words in refused.stderr


def test_over_http_a_name_that_is_gone_is_a_fault_of_the_server(palette):
    for route in ("call/shout", "call/v2/shout"):
        answer = httpx.post(f"{palette.url}gradio_api/{route}", json={"data": []})
        assert (answer.status_code, answer.text) == (500, "Internal Server Error")


@pytest.mark.parametrize("body", [None, [], "a", {"picture": None, "colours": None}, {"picture": 7}])
def test_nothing_that_a_program_sends_breaks_the_next_call(palette, body):
    route = f"{palette.url}gradio_api/call/v2/palette"
    joined = httpx.post(route, json=body, timeout=60)
    if joined.status_code == 200:
        assert "event: error" in httpx.get(f"{route}/{joined.json()['event_id']}", timeout=60).text
    assert palette.visitor().predict(handle_file(LION), 2, api_name="/palette")[0].count("#") == 2


def test_an_argument_that_is_left_out_is_the_sample_on_the_page(palette):
    route = f"{palette.url}gradio_api/call/v2/palette"
    joined = httpx.post(route, json={"colours": 3}, timeout=60).json()
    assert "event: complete" in httpx.get(f"{route}/{joined['event_id']}", timeout=60).text


# --- a page of one's own ---


@pytest.fixture(scope="module")
def own_page(shared_program):
    return shared_program(NOTEBOOK, "own-page", OWNER_PASSWORD=KEY)


@pytest.mark.parametrize("auth", [None, ("owner", ""), ("owner", "guess"), ("owner", "é")])
def test_what_was_asked_is_closed_without_the_password(own_page, auth):
    answer = httpx.get(f"{own_page.url}asked", auth=auth, timeout=60)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Basic")


def test_the_owner_reads_what_was_asked(own_page):
    own_page.visitor().predict("tea", "coffee", api_name="/similarity")
    assert ["tea", "coffee"] in httpx.get(f"{own_page.url}asked", auth=("owner", KEY), timeout=60).json()


@pytest.mark.parametrize("texts", [("", "tea"), (None, "tea"), (7, "tea"), ({}, []), (" ", " ")])
def test_two_texts_are_needed(own_page, texts):
    with pytest.raises(AppError, match="Write two texts"):
        own_page.visitor().predict(*texts, api_name="/similarity")


def test_a_server_is_launched_once():
    server = gr.Server()
    with serving(server):
        pass
    with pytest.raises(RuntimeError, match="Cannot add middleware after an application has started"), serving(server):
        pass


# --- long jobs ---


@pytest.fixture
def jobs(imported, monkeypatch, tmp_path):
    """The recipe `long-jobs` in this process, with a table of its own: its module."""
    monkeypatch.setenv("JOBS_DB", str(tmp_path / "jobs.db"))
    return imported(NOTEBOOK, "long-jobs")


def state_of(module, job):
    return module.status(job)["state"]


def test_a_job_is_not_lost_beside_other_calls(jobs):
    job = jobs.submit("Tea?", 60 * ["It rains."], "key")
    with ThreadPoolExecutor() as pool:
        again = {pool.submit(jobs.submit, "Tea?", 60 * ["It rains."], "key") for _ in range(200)}
        assert {one.result() for one in again} == {job}
    assert jobs.db.execute("select count(*) from jobs").fetchone() == (1,)  # nothing is done twice
    until(lambda: state_of(jobs, job) == "done", "the job to be done")


def test_a_job_that_is_cancelled_while_it_waits_is_never_begun(jobs):
    with Gate().around(jobs.embed.model) as gate:
        first, second = (jobs.submit("Tea?", ["It rains."], key) for key in ("one", "two"))
        gate.reached(1)
        assert jobs.cancel(second) == "cancelled"
    third = jobs.submit("Tea?", ["It rains."], "three")
    until(lambda: state_of(jobs, third) == "done", "the third job to be done")
    assert [state_of(jobs, job) for job in (first, second)] == ["done", "cancelled"]
    assert jobs.status(second)["part"] == 0


def test_a_job_that_fails_says_so_and_the_next_one_runs(jobs, capsys):
    with patch.object(jobs, "embed", side_effect=RuntimeError("out of memory")):
        failed = jobs.submit("Tea?", ["It rains."], "one")
        until(lambda: state_of(jobs, failed) == "failed", "the job to fail")
    with pytest.raises(gr.Error, match="The job is failed"):
        jobs.result(failed)
    job = jobs.submit("Tea?", ["It rains."], "two")
    until(lambda: state_of(jobs, job) == "done", "the next job to be done")
    assert "out of memory" in capsys.readouterr().err


@pytest.mark.parametrize(
    "order",
    [
        ("", ["a"], "k"),
        (None, None, None),
        ("a", "a", "k"),
        ("a", [], "k"),
        ("a", [7], "k"),
        ("a", 1001 * ["a"], "k"),
        ("a", ["a"], ""),
        ("a", ["a"], None),
    ],
)
def test_what_is_no_job_is_refused(jobs, order):
    with pytest.raises(gr.Error, match="Send a question, 1 to 1000 lines, and a key of your own"):
        jobs.submit(*order)


# --- an app that calls other apps ---


@pytest.fixture
def two_apps(imported, monkeypatch):
    """The recipe `calls-other-apps` in this process, which waits for 3 s; `two_apps(url)` sets the other app."""
    module = imported(NOTEBOOK, "calls-other-apps")
    module.PATIENCE = 3
    monkeypatch.setattr(module.limiter, "hit", lambda *_: True)

    def ask(other: str, text: str = "Hello") -> str:
        monkeypatch.setenv("OTHER_APP", other)
        return visitor(module.demo).predict(text, api_name="/ask")

    return ask


def measuring(function) -> gr.Blocks:
    with gr.Blocks() as other:
        box = gr.Textbox(label="Text")
        box.submit(function, box, box, api_name="measure")
    return other


def test_another_app_that_takes_too_long(two_apps, serve, gate):
    other = serve(measuring(gate))
    with pytest.raises(AppError, match="The other app takes too long"):
        two_apps(other.url)
    gate.open()


def test_another_app_with_a_login(two_apps, serve):
    other = serve(measuring(str.upper), auth=("ada", "tulip-42"))
    with pytest.raises(AppError, match="The other app does not let this one in"):
        two_apps(other.url)


def test_another_app_that_is_something_else(two_apps, serve):
    with pytest.raises(AppError, match="The other app does not start"):
        two_apps(serve(FastAPI(), path="/").url)


def test_a_client_that_is_dropped_leaves_no_thread_behind(two_apps, serve):
    other = serve(measuring(str.upper))
    for _ in range(5):
        assert two_apps(other.url) == "HELLO"
    gc.collect()
    until(lambda: heartbeats() <= 1, lambda: f"{heartbeats()} heartbeats to end")  # the last visitor's own


def heartbeats() -> int:
    return sum("_stream_heartbeat" in repr(getattr(thread, "_target", None)) for thread in threading.enumerate())


def test_load_takes_no_address(serve):
    other = serve(measuring(str.upper))
    with pytest.raises(ValueError, match="The `src` parameter must be one of 'huggingface', 'models', 'spaces'"):
        gr.load(other.url)


def test_what_another_site_is_sent_with_token_false(serve, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_mine")
    heard = []
    app = FastAPI()
    app.middleware("http")(lambda request, call_next: heard.append(str(request.headers)) or call_next(request))
    other = serve(gr.mount_gradio_app(app, measuring(str.upper), path="/"))
    for token in (None, False):
        heard.clear()
        assert visitor(other, token=token).predict("a", api_name="/measure") == "A"
        assert ("hf_mine" in "".join(heard)) == (token is None)


def test_the_token_of_this_machine_stays_here(two_apps, serve, monkeypatch):
    def hear(text, request: gr.Request):
        return str(request.headers.get("x-hf-authorization"))

    monkeypatch.setenv("HF_TOKEN", "hf_mine")
    assert two_apps(serve(measuring(hear)).url) == "None"
