"""Crowds, and visitors who leave without a word."""

import contextlib
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx
from gradio.media import get_image
from gradio_client import handle_file

from gradio_patterns.testing import until
from gradio_patterns.testing.traffic import send
from tools.alone import Alone

from . import Row, lost, mib, program, queue_size, seen, well_again

TEXT = "Visitors wait in the queue for their turn.\nThe queue is long, and the visitors wait.\nI like tea."
ADA = ("ada", "lovelace")


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


def leave_the_queue() -> Row:
    """The one whose answer is being written stays; fifty behind vanish."""
    with program("stream") as app:
        before = mib(app)
        first = app.submit("/answer", "Tell a long story.", 300)
        until(first.outputs, "the first words")
        _killed_visitors(app, "answer", ["Name three colours.", 50], 50, lambda: queue_size(app) >= 50)
        begin = time.monotonic()
        until(lambda: queue_size(app) == 0, "an empty queue")
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


def crowd_remembered_chats(users: int = 100) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/chats.db"
        with program("remembered-chats", DATABASE_URL=url) as app:
            login = httpx.post(f"{app.url}login", data={"username": ADA[0], "password": ADA[1]}, trust_env=False)
            cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in login.cookies.items())}
            before = mib(app)
            df = send(app.url, "send", [["Name a fruit.", 0]], users=users, timeout=1800, headers=cookie)
            well = well_again(lambda: app.visitor(auth=ADA).predict("Name a fruit.", 0, api_name="/send"))
            with contextlib.closing(sqlite3.connect(Path(folder, "chats.db"))) as db:
                stored = dict(db.execute("SELECT role, count(*) FROM messages GROUP BY role ORDER BY role"))
            done = f"{users:,} users at once ({df.ended.max() - df.queued.min():.0f} s)"
            missing = abs(stored["user"] - users - 1) + abs(stored["assistant"] - users - 1)
            saw = f"{seen(df)}; stored with one more: {stored}"
            return Row("remembered-chats", done, saw, lost(df) + missing, well, f"{before} to {mib(app)} MiB")


def _memory_by_visitors(options: str, setting: str) -> Row:
    """Nobody says goodbye. What counts here is a state of 100 kB, which the recipe's is not."""
    numbers = [500, 1_500, 3_000]
    heavy = ("return cart, rows", 'return [*cart, bytearray(b"x") * 100_000], rows')
    with program("own-cart", heavy, ("demo.launch()", f"demo.launch({options})")) as app:
        memory, count, wrong = [f"0: {mib(app)}"], 0, 0
        for number in numbers:
            while count < number:
                wrong += lost(send(app.url, "add", [["Coffee"]], users=500, timeout=300))
                count += 500
            memory.append(f"{number:,}: {mib(app)}")
        well = well_again(lambda: app.visitor().predict("Coffee", api_name="/add"))
        done = f"{count:,} visitors, 500 at once, each with a state of 100 kB, {setting}"
        words = "all answered" if not wrong else f"{wrong} not answered"
        return Row("own-cart", done, words, wrong, well, "; ".join(memory) + " MiB")


def memory_by_visitors() -> Row:
    return _memory_by_visitors("", "state_session_capacity as it is, 10,000")


def memory_by_visitors_bounded() -> Row:
    return _memory_by_visitors("state_session_capacity=500", "state_session_capacity=500")


def long_stream() -> Row:
    return crowd("stream", "answer", ["Name three colours.", 8], 1000)


def long_remembered_chats() -> Row:
    return crowd_remembered_chats(1000)


SCENARIOS = [crowd_queue_full, crowd_batch, crowd_stream, crowd_remembered_chats, memory_by_visitors]
SCENARIOS += [memory_by_visitors_bounded, leave_the_queue, leave_a_stream, leave_an_upload]
LONG = [long_queue_full, long_stream, long_remembered_chats]
