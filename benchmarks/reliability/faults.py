"""What breaks around a recipe: a process, a database, a disk, the memory, a model's files, the clock; and its end."""

import contextlib
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread

import pandas as pd
import psutil
from gradio.media import get_image
from gradio_client import handle_file

from gradio_patterns import collection, packaged
from gradio_patterns.testing import until
from gradio_patterns.testing.programs import NotStarted
from gradio_patterns.testing.traffic import send
from tools.alone import Alone

from . import Row, lost, program, queue_size, seen, well_again, words_of


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
        how = {"users": 100, "requests": 10, "think_time": 2}
        traffic = Thread(target=lambda: outcome.append(send(app.url, "classify", [payload], **how)))
        traffic.start()
        until(lambda: queue_size(app) > 20, "a queue")
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


def fault_database_locked() -> Row:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "chats.db")
        with program("remembered-chats", DATABASE_URL=f"sqlite:///{path}") as app:
            other = sqlite3.connect(path, isolation_level=None)
            other.execute("BEGIN EXCLUSIVE")
            words = words_of(lambda: _chats(app, "Name a fruit."))
            other.execute("ROLLBACK")
            well = well_again(lambda: _chats(app, "Name a fruit."))
            rows = other.execute("SELECT role, count(*) FROM messages GROUP BY role ORDER BY role").fetchall()
            other.close()
            saw = f"{words}; afterwards stored: {dict(rows)}"
            told = "Try again in a minute" in words
            return Row("remembered-chats", "another program holds the database's lock", saw, int(not told), well)


def fault_database_gone() -> Row:
    with tempfile.TemporaryDirectory() as folder:
        path, away = Path(folder, "chats.db"), Path(folder, "away.db")
        with program("remembered-chats", DATABASE_URL=f"sqlite:///{path}") as app:
            _chats(app, "Name a fruit.")
            path.rename(away)
            words = words_of(lambda: _chats(app, "Name a tree."))
            away.rename(path)
            well = well_again(lambda: _chats(app, "Name a fruit."))
            told = "Try again in a minute" in words
            return Row(
                "remembered-chats", "the database's file is moved away, and put back", words, int(not told), well
            )


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
        words = words_of(lambda: one.predict(handle_file(file), api_name="/hand_in"))
        names = list(kept.iterdir())
        for path in names:
            path.unlink()
        well = well_again(lambda: one.predict(handle_file(file), api_name="/hand_in"))
        saw = f"{words}; {len(names)} file on the disk, whole"
        return Row("keep-an-upload", "the disk for the kept files is full", saw, len(names) - 1, well)


def fault_database_full() -> Row:
    with full_disk("200k") as folder, program("remembered-chats", DATABASE_URL=f"sqlite:///{folder}/chats.db") as app:
        _chats(app, "Name a fruit.")
        (folder / "ballast").write_bytes(b"0" * shutil.disk_usage(folder).free)
        words = words_of(lambda: _chats(app, "Name a tree. " * 150))  # longer than what is left of a page
        (folder / "ballast").unlink()
        well = well_again(lambda: _chats(app, "Name a fruit."))
        told = "Try again in a minute" in words
        return Row("remembered-chats", "the database's disk is full", words, int(not told), well)


def fault_disk_full_for_a_download() -> Row:
    table = {"headers": ["Day", "Weight (kg)"], "data": [["Mon", 71.2]], "metadata": None}
    with full_disk("400k") as folder, program("download", TMPDIR=str(folder)) as app:
        call = lambda: app.visitor().predict(table, "PNG", api_name="/export")  # noqa: E731
        call()
        (folder / "ballast").write_bytes(b"0" * shutil.disk_usage(folder).free)
        words = words_of(call)
        (folder / "ballast").unlink()
        well = well_again(call)
        return Row("download", "the disk for a download is full", words, int("without words" in words), well)


def fault_disk_full_for_uploads() -> Row:
    with full_disk("200k") as folder, program("disk-does-not-fill", CACHE_DIR=str(folder / "cache")) as app:
        (folder / "ballast").write_bytes(b"0" * (shutil.disk_usage(folder).free - 4096))
        call = lambda: app.visitor().predict(handle_file(get_image("lion.jpg")), api_name="/count")  # noqa: E731
        words = words_of(call)
        (folder / "ballast").unlink()
        well = well_again(call)
        return Row("disk-does-not-fill", "the disk for uploads is full", words, 0, well)


def fault_out_of_memory_in_a_batch() -> Row:
    """PyTorch's own error: a pass of more than four texts asks it for 256 TiB."""
    greedy = ("def forward(group):\n", "def forward(group):\n    torch.empty(2**46 if len(group) > 4 else 1)\n")
    with program("batch", greedy) as app:
        df = send(app.url, "classify", [["Where is my parcel?"]], users=64)
        well = well_again(lambda: app.visitor().predict("Where is my parcel?", api_name="/classify"))
        return Row("batch", "no memory for a pass of more than 4 texts, under 64 users", seen(df), lost(df), well)


def fault_model_deleted() -> Row:
    with tempfile.TemporaryDirectory() as folder:
        model = shutil.copytree(packaged.folder("sentence-transformers/all-MiniLM-L6-v2"), Path(folder, "model"))
        edit = ('load("feature-extraction")', f'load("feature-extraction", {str(model)!r})')
        with program("load-once", edit) as app:
            call = lambda: app.visitor().predict("The orchestra tunes its violins.", api_name="/guess")  # noqa: E731
            shutil.rmtree(model)
            well = well_again(call)
            saw = words_of(call)
            app.stop()
            try:
                app.start()
            except NotStarted as error:
                said = re.search(r"ModelError: (.+)", str(error))
                told = said[1].replace(str(model), "MODEL")[:160] if said else "no word of the model"
            return Row("load-once", "the model's folder is deleted, and later the server restarted",
                       f"{saw}; the restart says: {told}", int("MODEL" not in told), well)  # fmt: skip


def fault_clock_set_back() -> Row:
    """Of the program alone: its `time.time` goes an hour back when a file appears."""
    with tempfile.TemporaryDirectory() as folder:
        switch = Path(folder, "back")
        clock = "import os, time\nreal = time.time\n"
        clock += f"time.time = lambda: real() - 3600 * os.path.exists({str(switch)!r})\n"
        with program("api-keys", ("import hashlib\n", f"{clock}import hashlib\n")) as app:
            call = lambda: app.visitor().predict("How long is this?", api_name="/sample")  # noqa: E731
            call()
            switch.touch()
            saw = words_of(call)
            return Row(
                "api-keys", "the clock is set back by an hour", saw, int("answered" not in saw), well_again(call)
            )


def fault_replica_killed() -> Row:
    with program("scale-out") as app:
        question = ["How late are you open? " * 20]
        find = lambda: app.visitor().predict(*question, api_name="/find")  # noqa: E731
        until(lambda: "process" in find()[1], "a replica", 120)
        with ThreadPoolExecutor() as pool:
            traffic = pool.submit(send, app.url, "find", [question], users=16, requests=10, timeout=240)
            os.kill(int(re.search(r"process (\d+)", find()[1])[1]), signal.SIGKILL)
            df = traffic.result()
        again = int(df.output.map(lambda output: bool(output) and output[1].endswith("second attempt")).sum())
        saw = f"{seen(df)}; {again} of them at the second attempt"
        return Row("scale-out", "one of its replicas is killed under 16 users", saw, lost(df), well_again(find))


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
        answers = [words_of(job.result), words_of(waiting.result)]
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


SCENARIOS = [hang_in_a_handler, kill_the_server, fault_replica_killed, fault_database_locked, fault_database_gone]
SCENARIOS += [fault_database_full, fault_disk_full_for_what_is_kept, fault_disk_full_for_uploads]
SCENARIOS += [fault_disk_full_for_a_download, fault_out_of_memory_in_a_batch, fault_model_deleted]
SCENARIOS += [fault_clock_set_back, stop_while_it_loads, stop_when_idle, stop_under_an_answer]
