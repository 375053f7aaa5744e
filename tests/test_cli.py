"""The command `gradio-patterns`, as a shell runs it."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from gradio_client import Client

from gradio_patterns import collection
from gradio_patterns.testing import free_port, until
from gradio_patterns.testing.programs import START_SECONDS

COMMAND = [sys.executable, "-m", "gradio_patterns.cli"]
HEAVY = {"gradio", "gradio_client", "torch", "transformers", "numpy", "pandas", "PIL", "httpx", "matplotlib"}


def cli(*arguments: str, stdin: str | None = None, **options) -> subprocess.CompletedProcess:
    return subprocess.run([*COMMAND, *arguments], input=stdin, capture_output=True, text=True, **options)


def test_find_says_what_one_sees_what_to_do_and_the_name():
    done = cli("find", "queue", "is", "full", env={**os.environ, "COLUMNS": "500"})
    assert done.returncode == 0
    first = done.stdout.partition("\n\n")[0]
    recipe = collection.recipe("queue-full")
    assert f"You see: {' · '.join(recipe.symptoms)}" in first
    assert f"Do: {recipe.cure}" in first
    assert "gradio-patterns show queue-full" in first


def test_find_reads_a_traceback_from_standard_input():
    trace = "Traceback (most recent call last):\n  File \"app.py\", line 9, in <module>\nKeyError: 'API_KEY'\n"
    found = json.loads(cli("find", "--json", stdin=trace).stdout)
    assert found[0]["name"] == "listen"
    assert set(found[0]) == {"name", "notebook", "kind", "heading", "you_see", "do", "score"}


def test_nothing_found_is_said_and_fails():
    done = cli("find", "sourdough")
    assert (done.returncode, done.stdout) == (1, "")
    assert "No recipe fits" in done.stderr
    done = cli("find", "--json", "sourdough")
    assert (done.returncode, json.loads(done.stdout)) == (1, [])


def test_list_names_every_recipe():
    recipes = [recipe for notebook in collection.load_all() for recipe in notebook.recipes]
    table = cli("list", env={**os.environ, "COLUMNS": "200"})
    assert table.returncode == 0
    for recipe in recipes:
        assert re.search(rf"^\s*{recipe.name}\s+{re.escape(recipe.heading)}\s*$", table.stdout, re.MULTILINE)
    assert [one["name"] for one in json.loads(cli("list", "--json").stdout)] == [recipe.name for recipe in recipes]
    some = json.loads(cli("list", "02", "--json").stdout)
    assert {one["notebook"] for one in some} == {"02_state"}


def test_show_prints_the_program_and_nothing_else():
    done = cli("show", "own-cart")
    assert done.returncode == 0
    assert done.stdout.startswith("# /// script\n")
    assert done.stdout.endswith(collection.recipe("own-cart").source + "\n")
    data = json.loads(cli("show", "own-cart", "--json").stdout)
    assert data["program"] == done.stdout
    assert data["checks"] == [cell.source for cell in collection.recipe("own-cart").checks]


def test_show_adds_the_wrong_way_and_the_proof_when_asked():
    recipe = collection.recipe("own-cart")
    trap, check = (cli("show", "own-cart", flag).stdout for flag in ("--trap", "--check"))
    assert recipe.traps[0].source in trap
    assert recipe.checks[0].source not in trap
    assert recipe.checks[0].source in check
    assert recipe.traps[0].source not in check


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["show", "own-crt"], 1, "there is: own-cart"),
        (["run", "own-crt"], 1, "there is: own-cart"),
        (["list", "99"], 1, "There are: 01_interface"),
        (["fnd"], 2, "No such command"),
        (["show"], 2, "Missing argument"),
        (["find", "--limit", "0", "queue"], 2, "limit"),
    ],
)
def test_what_is_wrong_is_said_with_what_is_near(arguments, status, words):
    done = cli(*arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["find", "queue is full"], ["list"], ["show", "log-in"]], ids=lambda a: a[0])
def test_it_needs_neither_gradio_nor_what_computes(arguments):
    """It imports nothing heavy."""
    program = f"""
        import sys
        from gradio_patterns.cli import app
        sys.argv = ["gradio-patterns", *{arguments!r}]
        try:
            app()
        except SystemExit as end:
            assert not end.code, end
        print(sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)
    """
    done = subprocess.run([sys.executable, "-c", re.sub(r"^        ", "", program, flags=re.M)], **PIPES)
    assert done.stderr.strip() == "[]"


PIPES = {"capture_output": True, "text": True}


def processor_seconds() -> float:
    """What the programs started from here have computed, which a busy machine changes little."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


# What a command costs that does nothing: typer and rich, most of the time of ours.
NOTHING = """
import rich.table
import typer

app = typer.Typer()

@app.command()
def nothing(word: str = ""): ...

app(["--word", "any"])
"""


@pytest.mark.parametrize("arguments", [["find", "queue is full"], ["list"], ["show", "log-in"]], ids=lambda a: a[0])
def test_it_answers_nearly_as_fast_as_a_command_that_does_nothing(arguments):
    commands = [[*COMMAND, *arguments], [sys.executable, "-c", NOTHING]]
    taken = [[], []]
    for _ in range(5):
        for command, times in zip(commands, taken, strict=True):
            start = processor_seconds()
            subprocess.run(command, check=True, **PIPES)
            times.append(processor_seconds() - start)
    ours, nothing = map(min, taken)
    assert ours < 2 * nothing  # 1.1 to 1.4 times; with Gradio's import it would be ten


@pytest.mark.slow
@pytest.mark.parametrize(("name", "how"), [("own-cart", signal.SIGINT), ("waiting-times", signal.SIGTERM)])
def test_run_prints_the_address_and_removes_its_folder_at_the_end(name, how, tmp_path):
    port = free_port()
    env = {**os.environ, "GRADIO_SERVER_PORT": str(port), "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    log: list[str] = []
    with subprocess.Popen(
        [*COMMAND, "run", name], env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        reader = threading.Thread(target=lambda: log.extend(iter(process.stdout.readline, "")), daemon=True)
        reader.start()
        try:
            until(lambda: any("Ctrl-C ends it" in line for line in log), lambda: "".join(log), START_SECONDS)
            (url,) = re.findall(r"runs at (\S+) ", "".join(log))
            recipe = collection.recipe(name)
            assert url == f"http://127.0.0.1:{port}{recipe.page}"
            until(lambda: Client(url, verbose=False).view_api(return_format="dict")["named_endpoints"])
            (folder,) = tmp_path.glob(f"{name}-*")
            assert (folder / "app.py").exists()
        finally:
            process.send_signal(how)
        assert process.wait(60) == 0, "".join(log)
    assert not folder.exists()


def test_run_says_what_is_missing(tmp_path):
    """Where a package of an extra is not installed: here it is hidden."""
    hide = "import sys; sys.modules['sqlalchemy'] = None; from gradio_patterns.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", hide, "run", "remembered-chats"], **PIPES, cwd=tmp_path)
    assert done.returncode == 1
    assert "pip install 'sqlalchemy>=2'" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(Path(tmp_path).iterdir())


def test_check_reads_an_app(tmp_path):
    (tmp_path / "app.py").write_text("import gradio as gr\n")
    done = cli("check", "app.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "1 files" in done.stderr
    assert cli("check", "other.py", cwd=tmp_path).returncode == 2


def test_export_writes_a_project_and_replaces_nothing(tmp_path):
    done = cli("export", "own-cart", str(tmp_path / "cart"))
    assert done.returncode == 0
    assert all(Path(line).is_file() for line in done.stdout.splitlines())
    again = cli("export", "own-cart", str(tmp_path / "cart"))
    assert (again.returncode, again.stdout) == (2, "")
    assert "--force" in again.stderr
    assert cli("export", "own-cart", str(tmp_path / "cart"), "--force").returncode == 0
