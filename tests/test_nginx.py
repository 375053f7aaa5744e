"""deploy/nginx.conf in front of real Gradio processes, and what each of its lines is there for."""

import re
import threading
from pathlib import Path

import httpx
import pytest
from gradio_client import Client, handle_file

from gradio_patterns.testing import Nginx, Program, visitor
from tools.programs import NGINX

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
CONF, PROXY = (DEPLOY / "nginx.conf").read_text(), (DEPLOY / "proxy.conf").read_text()

APP = """
import os, pathlib, tempfile, time
import gradio as gr

release = pathlib.Path(os.environ.get("RELEASE", "release"))

def stream(count):
    for number in range(int(count)):
        yield number
        if number == 0:  # the second value waits until the test has seen the first
            deadline = time.monotonic() + 60
            while not release.exists():
                assert time.monotonic() < deadline, "nobody has seen the first value"
                time.sleep(0.05)

def whoami(visits):
    return os.getpid(), visits + 1, visits + 1

def size(path):
    return os.path.getsize(path)

def report():
    path = pathlib.Path(tempfile.mkdtemp()) / "report.txt"
    path.write_text("a report")
    return str(path)

with gr.Blocks() as demo:
    visits = gr.State(0)
    number = gr.Number(label="Number")
    pid = gr.Number(label="Process")
    file = gr.File(label="File")
    gr.Button("Stream").click(stream, number, number, api_name="stream")
    gr.Button("Who").click(whoami, visits, [pid, number, visits], api_name="whoami")
    gr.Button("Size").click(size, file, number, api_name="size")
    gr.Button("Report").click(report, None, file, api_name="report")

demo.launch()
"""

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("nginx_is_there")]


@pytest.fixture(scope="module")
def nginx_is_there(need):
    need(NGINX)


@pytest.fixture(scope="module")
def apps():
    """An app at the root and one that is told it lives under /demo."""
    with Program(APP) as root, Program(APP, env={"GRADIO_ROOT_PATH": "/demo"}) as demo:
        yield root, demo


def deployed(apps, edit=lambda text: text) -> Nginx:
    """nginx with the files of deploy/, or with an edit of them."""
    root, demo = apps
    return Nginx(edit(CONF), {"app:7860": root, "demo:7860": demo}, files={"proxy.conf": edit(PROXY)})


@pytest.fixture(scope="module")
def nginx(apps):
    with deployed(apps) as server:
        yield server


def connect(nginx, path="/") -> Client:
    return visitor(f"{nginx.url}{path}", ssl_verify=nginx.context)


@pytest.mark.parametrize("path", ["/", "/demo/"])
def test_a_client_calls_uploads_and_downloads(nginx, path, tmp_path):
    client = connect(nginx, path)
    upload = tmp_path / "upload.bin"
    upload.write_bytes(b"x" * 3_000_000)  # more than nginx allows without client_max_body_size
    assert client.predict(handle_file(upload), api_name="/size") == 3_000_000
    assert Path(client.predict(api_name="/report")).read_text() == "a report"


@pytest.mark.parametrize("path", ["/", "/demo/"])
def test_addresses_in_the_page_are_those_of_the_proxy(nginx, path):
    with httpx.Client(verify=nginx.context, base_url=nginx.url) as http:
        assert http.get(f"{path}config").json()["root"] == f"{nginx.url}{path}".rstrip("/")
        assert assets(http, f"{nginx.url}{path}") == {200}


def assets(http, url):
    """The statuses of the first scripts and styles of a page."""
    found = re.findall(r'(?:src|href)="(\.?/?[^"]*assets/[^"]+)"', http.get(url).text)
    assert found
    return {http.get(httpx.URL(url).join(asset)).status_code for asset in found[:5]}


@pytest.mark.parametrize("path", ["/", "/demo/"])
def test_a_file_link_is_one_that_a_browser_can_open(nginx, path):
    client = visitor(f"{nginx.url}{path}", ssl_verify=nginx.context, download_files=False)
    link = client.predict(api_name="/report")["url"]
    assert link.startswith(f"{nginx.url}{path}gradio_api/file=")
    answer = httpx.get(link, verify=nginx.context)
    assert (answer.status_code, answer.text) == (200, "a report")


@pytest.mark.parametrize("path", ["/", "/demo/"])
def test_tokens_arrive_as_they_come(nginx, apps, path):
    """The app yields its second value only after the client has seen the first."""
    folder = apps[0].folder if path == "/" else apps[1].folder
    (folder / "release").unlink(missing_ok=True)
    job = connect(nginx, path).submit(3, api_name="/stream")
    values = iter(job)
    assert next(values) == 0
    (folder / "release").touch()
    assert list(values) == [1, 2]


def test_plain_http_is_sent_to_https(nginx):
    answer = httpx.get(f"{nginx.http_url}/config?x=1", follow_redirects=False)
    assert answer.status_code == 308
    assert answer.headers["location"] == f"{nginx.url}/config?x=1"
    assert httpx.get(answer.headers["location"], verify=nginx.context).status_code == 200


# What goes wrong without each line: if one of these passes on a later Gradio, the line can go.


def without(pattern: str):
    """An edit that removes the lines in which the pattern is found."""

    def edit(text: str) -> str:
        return "\n".join(line for line in text.splitlines() if not re.search(pattern, line)) + "\n"

    return edit


def test_without_the_host_headers_files_point_at_the_backend(apps):
    with deployed(apps, without("proxy_set_header (Host|X-Forwarded)")) as nginx:
        root = httpx.get(f"{nginx.url}/config", verify=nginx.context).json()["root"]
    assert root.startswith("http://app"), root  # the name of the upstream, which no browser knows


def test_without_the_scheme_header_a_https_page_gets_http_addresses(apps):
    with deployed(apps, without("X-Forwarded-Proto")) as nginx:
        assert httpx.get(f"{nginx.url}/config", verify=nginx.context).json()["root"].startswith("http://")


def test_without_buffering_off_the_stream_waits(apps):
    release = apps[0].folder / "release"
    release.unlink(missing_ok=True)
    with deployed(apps, without("proxy_buffering")) as nginx:
        job = connect(nginx).submit(2, api_name="/stream")
        assert _first_within(job, 4) is None
        release.touch()
        assert job.result(timeout=60) == 1


def _first_within(job, seconds):
    """The first value of a streaming job, or None if none comes within `seconds`."""
    found = []
    thread = threading.Thread(target=lambda: found.extend(next(iter(job), None) for _ in range(1)), daemon=True)
    thread.start()
    thread.join(seconds)
    return found[0] if found else None


def test_without_the_body_size_nginx_refuses_the_upload(apps, tmp_path):
    upload = tmp_path / "upload.bin"
    upload.write_bytes(b"x" * 3_000_000)
    with deployed(apps, without("client_max_body_size")) as nginx, pytest.raises(httpx.HTTPStatusError, match="413"):
        connect(nginx).predict(handle_file(upload), api_name="/size")


def test_root_path_is_needed_under_a_sub_path(apps):
    """An app that is not told of /demo: its assets come, but its calls go to the root, where nobody is."""
    untold, nobody = apps[0], 1
    with deployed((nobody, untold)) as nginx, httpx.Client(verify=nginx.context) as http:
        config = http.get(f"{nginx.url}/demo/config").json()
        assert config["root"] == nginx.url
        call = f"{config['root']}{config['api_prefix']}/info"
        assert http.get(call).status_code == 502
        assert http.get(call.replace(nginx.url, f"{nginx.url}/demo")).status_code == 200  # the app is there
        assert assets(http, f"{nginx.url}/demo/") == {200}
