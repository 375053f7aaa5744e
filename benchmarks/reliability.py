"""What crowds and faults do to the recipes: each runs as a program, and what every user saw is counted.

python -m benchmarks.reliability              everything but the ten minutes: about ten minutes on two cores
python -m benchmarks.reliability --long       with a thousand users over ten minutes as well
python -m benchmarks.reliability crowd stop   those whose names begin so

Writes docs/reliability.md. The exit status is 1 if a request was lost or never ended, or a recipe stayed broken.
"""

import argparse
import contextlib
import os
import platform
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from threading import Thread

import httpx
import pandas as pd
import psutil
from gradio.media import get_image
from gradio_client import handle_file

from gradio_patterns import collection
from gradio_patterns.testing import until
from gradio_patterns.testing.traffic import send
from tools.alone import Alone

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reliability.md"
TEXT = "Visitors wait in the queue for their turn.\nThe queue is long, and the visitors wait.\nI like tea."
HEAD = """\
# Reliability

What a crowd or a fault does to a recipe that runs as a program: `make reliability` writes this page. *Lost* counts
requests that ended without an answer and without words. *Well again* is the time from the end of the fault, or of the
crowd's last answer, until a new visitor has a proper answer. Memory is the resident memory of the program and its
children. The times are this machine's, and in a run where nothing else ran unless it says so.
"""


@dataclass
class Row:
    """What happened: what was done, what users saw, how many requests were lost, seconds until it was well again."""

    recipe: str
    done: str
    saw: str
    lost: int
    well: float
    memory: str = ""


@contextlib.contextmanager
def program(name: str, **env: str) -> Iterator[Alone]:
    """A recipe as a program."""
    app = Alone(collection.recipe(name), env)
    try:
        app.start()
        yield app
    finally:
        app.remove()


def mib(app: Alone) -> int:
    """Resident memory of a program and its children, in MiB."""
    own = psutil.Process(app.process.pid)
    return sum(process.memory_info().rss for process in [own, *own.children(recursive=True)]) >> 20


def seen(df: pd.DataFrame) -> str:
    """How many users saw what, most first."""
    words = df.error.where(df.status != "ok", "").str.slice(0, 90)
    counts = (df.status + words.map(lambda text: f": {text}" if text else "")).value_counts()
    return "; ".join(f"{count} {what}" for what, count in counts.items())


def lost(df: pd.DataFrame) -> int:
    """Requests that broke off, never ended, or ended in an error without words."""
    return int((df.status.isin(["lost", "timeout"]) | ((df.status != "ok") & df.error.isin(["", "Error"]))).sum())


def well_again(call: Callable[[], object]) -> float:
    """Seconds until `call` of a new visitor is answered."""
    begin = time.monotonic()

    def answered() -> bool:
        with contextlib.suppress(Exception):
            call()
            return True
        return False

    until(answered, "a proper answer", 120)
    return time.monotonic() - begin


def crowd(name: str, api_name: str, payload: list, users: int, **options) -> Row:
    with program(name) as app:
        payloads = [payload]
        one = send(app.url, api_name, payloads, users=1)
        assert list(one.status) == ["ok"], one.error[0]
        before = mib(app)
        df = send(app.url, api_name, payloads, users=users, timeout=900, **options)
        well = well_again(lambda: app.visitor().predict(*payload, api_name=f"/{api_name}"))
        each = f", {options['requests']} requests each, {options['think_time']:g} s apart" if options else " at once"
        seconds = df.ended.max() - df.queued.min()
        done = f"{users:,} users{each} ({seconds:.0f} s)"
        return Row(name, done, seen(df), lost(df), well, f"{before} to {mib(app)} MiB")


def crowd_queue_full() -> Row:
    return crowd("queue-full", "central", [TEXT], 1000)


def crowd_batch() -> Row:
    return crowd("batch", "classify", ["Where is my parcel?"], 1000)


def crowd_stream() -> Row:
    return crowd("stream", "answer", ["Name three colours.", 8], 300)


def long_queue_full() -> Row:
    return crowd("queue-full", "central", [TEXT], 100, requests=10, think_time=60)


def _killed_visitors(app: Alone, api_name: str, payload: list, users: int, ready: Callable[[], object]) -> None:
    """Visitors in a process of their own, which is killed: nobody says goodbye."""
    code = "import sys; from gradio_patterns.testing.traffic import send; "
    code += f"send(sys.argv[1], {api_name!r}, [{payload!r}], users={users})"
    visitors = subprocess.Popen([sys.executable, "-c", code, app.url], stdout=subprocess.DEVNULL)
    try:
        until(ready, f"{users} visitors")
    finally:
        visitors.kill()
        visitors.wait()


def _queue(app: Alone) -> int:
    return httpx.get(f"{app.url}gradio_api/queue/status", trust_env=False, timeout=60).json()["queue_size"]


def leave_the_queue() -> Row:
    """The one whose answer is being written stays; fifty behind vanish."""
    with program("stream") as app:
        before = mib(app)
        first = app.submit("/answer", "Tell a long story.", 300)
        until(first.outputs, "the first words")
        _killed_visitors(app, "answer", ["Name three colours.", 50], 50, lambda: _queue(app) >= 50)
        begin = time.monotonic()
        until(lambda: _queue(app) == 0, "an empty queue")
        emptied = time.monotonic() - begin
        whole = len(first.result(300)) > 200
        well = well_again(lambda: app.visitor().predict("Name a fruit.", 8, api_name="/answer"))
        saw = (
            f"the queue was empty after {emptied:.1f} s; the answer under way {'came whole' if whole else 'BROKE OFF'}"
        )
        return Row(
            "stream", "50 visitors vanish while they wait", saw, int(not whole), well, f"{before} to {mib(app)} MiB"
        )


def leave_a_stream() -> Row:
    with program("stream") as app:
        begun = time.monotonic()
        app.visitor().predict("Tell a long story.", 400, api_name="/answer")
        whole = time.monotonic() - begun
        # The process that is killed is a client that has seen words.
        code = "import sys; from gradio_patterns.testing import visitor; job = visitor(sys.argv[1]).submit("
        code += "'Tell a long story.', 400, api_name='/answer')\nfor words in job: print(words[:20], flush=True)"
        client = subprocess.Popen([sys.executable, "-c", code, app.url], stdout=subprocess.PIPE)
        assert client.stdout
        client.stdout.readline()
        client.kill()
        client.wait()
        well = well_again(lambda: app.visitor().predict("Name a fruit.", 8, api_name="/answer"))
        saw = f"the next visitor was answered after {well:.1f} s; a whole answer takes {whole:.1f} s"
        return Row("stream", "a visitor vanishes in the middle of an answer", saw, int(well > whole), well)


def leave_an_upload() -> Row:
    with tempfile.TemporaryDirectory() as kept, program("keep-an-upload", KEPT_DIR=kept) as app:
        temporary = Path(app.env["TMPDIR"])
        body = b'--b\r\nContent-Disposition: form-data; name="files"; filename="big.bin"\r\n\r\n' + b"0" * 3_000_000
        head = b"POST /gradio_api/upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        for _ in range(10):
            with socket.create_connection(("127.0.0.1", app.port)) as half:
                half.sendall(head + b"Content-Length: 6000000\r\n\r\n" + body)
        call = lambda: app.visitor().predict(handle_file(get_image("lion.jpg")), api_name="/hand_in")  # noqa: E731
        well = well_again(call)
        halves = [path for path in temporary.rglob("*") if path.is_file() and path.stat().st_size > 1_000_000]
        saw = f"nothing handed in by them; {len(halves)} broken uploads on the disk, which `disk-does-not-fill` sweeps"
        return Row(
            "keep-an-upload", "10 visitors vanish in an upload of 6 MB, half sent", saw, len(os.listdir(kept)) - 1, well
        )


def hang_in_a_handler() -> Row:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    with program("uncopyable") as app:
        df = send(app.url, "run", [[endless]], users=1)
        well = well_again(lambda: app.visitor().predict("SELECT 1", api_name="/run"))
        return Row("uncopyable", "a statement that never ends", f"{seen(df)} ({df.ended[0]:.1f} s)", lost(df), well)


def kill_the_server() -> Row:
    """SIGKILL, as the kernel does when memory runs out, and a supervisor that starts it again."""
    with program("batch") as app:
        outcome: list[pd.DataFrame] = []
        payload = ["Where is my parcel? " * 60]
        traffic = Thread(target=lambda: outcome.append(send(app.url, "classify", [payload], users=100, requests=20)))
        traffic.start()
        until(lambda: _queue(app) > 20, "a queue")
        app.kill()
        app.start()
        well = well_again(lambda: app.visitor().predict("Where is my parcel?", api_name="/classify"))
        traffic.join()
        df = outcome[0]
        never = int((df.status == "timeout").sum())
        broken = int((df.status == "lost").sum())
        saw = f"{(df.status == 'ok').sum()} ok; {broken} were told that the connection broke"
        return Row("batch", "the server is killed under 100 users, and started again", saw, never, well)


def _chats(app: Alone, text: str) -> object:
    return app.visitor(auth=("ada", "lovelace")).predict(text, 0, api_name="/send")


def _words(call: Callable[[], object]) -> str:
    begin = time.monotonic()
    try:
        call()
    except Exception as error:
        return f"{str(error).partition('Original exception')[0].strip()[:120]} ({time.monotonic() - begin:.1f} s)"
    return f"answered ({time.monotonic() - begin:.1f} s)"


def fault_database_locked() -> Row:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "chats.db")
        with program("remembered-chats", DATABASE_URL=f"sqlite:///{path}") as app:
            other = sqlite3.connect(path, isolation_level=None)
            other.execute("BEGIN EXCLUSIVE")
            words = _words(lambda: _chats(app, "Name a fruit."))
            other.execute("ROLLBACK")
            well = well_again(lambda: _chats(app, "Name a fruit."))
            rows = other.execute("SELECT role, count(*) FROM messages GROUP BY role ORDER BY role").fetchall()
            other.close()
            saw = f"{words}; afterwards stored: {dict(rows)}"
            told = "Try again in a minute" in words
            return Row("remembered-chats", "another program holds the database's lock", saw, int(not told), well)


@contextlib.contextmanager
def full_disk(size: str) -> Iterator[Path]:
    """A disk of this size, which only root can make. Raises `CalledProcessError` where it cannot."""
    folder = Path(tempfile.mkdtemp())
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True, capture_output=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
        shutil.rmtree(folder, ignore_errors=True)


def fault_disk_full_for_what_is_kept() -> Row:
    with full_disk("200k") as kept, program("keep-an-upload", KEPT_DIR=str(kept)) as app:
        file = get_image("tower.jpg")  # 112 kB
        one = app.visitor()
        one.predict(handle_file(file), api_name="/hand_in")
        words = _words(lambda: one.predict(handle_file(file), api_name="/hand_in"))
        names = list(kept.iterdir())
        for path in names:
            path.unlink()
        well = well_again(lambda: one.predict(handle_file(file), api_name="/hand_in"))
        saw = f"{words}; {len(names)} file on the disk, whole"
        return Row("keep-an-upload", "the disk for the kept files is full", saw, len(names) - 1, well)


def fault_disk_full_for_uploads() -> Row:
    with full_disk("200k") as folder, program("disk-does-not-fill", CACHE_DIR=str(folder / "cache")) as app:
        (folder / "ballast").write_bytes(b"0" * (shutil.disk_usage(folder).free - 4096))
        call = lambda: app.visitor().predict(handle_file(get_image("lion.jpg")), api_name="/count")  # noqa: E731
        words = _words(call)
        (folder / "ballast").unlink()
        well = well_again(call)
        return Row("disk-does-not-fill", "the disk for uploads is full", words, 0, well)


def stop_while_it_loads() -> Row:
    app = Alone(collection.recipe("container"))
    try:
        app.start(wait=False)
        until(lambda: any("torch" in m.path for m in psutil.Process(app.process.pid).memory_maps()), "torch")
        return _stopped(app, "SIGTERM while the model loads", "nobody was there")
    finally:
        app.remove()


def stop_when_idle() -> Row:
    with program("container") as app:
        return _stopped(app, "SIGTERM with nobody there", "nobody was there")


def stop_under_an_answer() -> Row:
    with program("container") as app:
        one = app.visitor()
        job = one.submit("Why does it rain?", 60, api_name="/answer")
        waiting = one.submit("Why does it snow?", 60, api_name="/answer")
        until(job.outputs, "the first words")
        row = _stopped(app, "SIGTERM while an answer is written and one waits", "")
        answers = [_words(job.result), _words(waiting.result)]
        row.saw = f"under way: {answers[0]}; waiting: {answers[1]}; {row.saw}"
        row.lost += int(not answers[0].startswith("answered"))
        return row


def _stopped(app: Alone, done: str, saw: str) -> Row:
    begin = time.monotonic()
    status = app.stop(signal.SIGTERM)
    seconds = time.monotonic() - begin
    began = time.monotonic()
    app.start()
    well = time.monotonic() - began
    app.visitor().predict("Why does it rain?", 8, api_name="/answer")
    words = "; ".join(filter(None, [saw, f"exit status {status} after {seconds:.1f} s"]))
    return Row("container", done, words, int(status != 0), well)


SHORT = [crowd_queue_full, crowd_batch, crowd_stream, leave_the_queue, leave_a_stream, leave_an_upload]
SHORT += [hang_in_a_handler, kill_the_server, fault_database_locked, fault_disk_full_for_what_is_kept]
SHORT += [fault_disk_full_for_uploads, stop_while_it_loads, stop_when_idle, stop_under_an_answer]


def page(rows: list[Row], load: float) -> str:
    """docs/reliability.md."""
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, Gradio {version('gradio')}"
    about = f"Measured on {date.today()}: {machine}, load {load:.1f} before the run."
    parts = ["| recipe | what was done | what users saw | lost | well again | memory |", "|---|---|---|---|---|---|"]
    for row in rows:
        saw = row.saw.replace("|", "\\|").replace("\n", " ")
        parts.append(f"| `{row.recipe}` | {row.done} | {saw} | {row.lost} | {row.well:.1f} s | {row.memory} |")
    return f"{HEAD}\n{about}\n\n" + "\n".join(parts) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reliability", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="scenarios by the start of their names, printed and not written")
    parser.add_argument("--long", action="store_true", help="also a thousand requests over ten minutes")
    parser.add_argument("--out", type=Path, default=PAGE)
    options = parser.parse_args()
    every = SHORT + ([long_queue_full] if options.long else [])
    chosen = [one for one in every if not options.names or one.__name__.startswith(tuple(options.names))]
    load, rows, failed = os.getloadavg()[0], [], 0
    for scenario in chosen:
        try:
            row = scenario()
        except Exception as error:
            failed += 1
            print(f"{scenario.__name__}: {type(error).__name__}: {error}", flush=True)
            continue
        failed += bool(row.lost)
        rows.append(row)
        print(f"{scenario.__name__}: {row}", flush=True)
    if not options.names:
        options.out.write_text(page(rows, load), encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
