"""Start a candidate as a process of its own, send it traffic, and stop it with everything that it started."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pandas as pd

from gradio_patterns.testing.traffic import send

ROOT = Path(__file__).parents[1]
READY_WITHIN = 600.0  # seconds; a busy machine takes minutes to import torch three times


class Candidate(NamedTuple):
    """A server and the way that it runs the model (`gradio_app` and `peers` say what a mode is)."""

    kind: str
    mode: str

    @property
    def name(self) -> str:
        return NAMES[self]


NAMES = {
    Candidate("gradio", "one"): "Gradio, no batching",
    Candidate("gradio", "padded"): "Gradio, batch=True, padded",
    Candidate("gradio", "batched"): "Gradio, batch=True, run_batched",
    Candidate("gradio", "tuned"): "Gradio, run_batched, tuned",
    Candidate("gradio", "apart"): "Gradio, run_batched, model apart",
    Candidate("litserve", "padded"): "LitServe",
    Candidate("litserve", "batched"): "LitServe with run_batched",
    Candidate("bentoml", "padded"): "BentoML",
    Candidate("bentoml", "batched"): "BentoML with run_batched",
    Candidate("mosec", "padded"): "mosec",
    Candidate("mosec", "batched"): "mosec with run_batched",
}
MODULES = {
    "gradio": "benchmarks.gradio_app",
    "litserve": "benchmarks.peers.lit",
    "mosec": "benchmarks.peers.mosec_server",
}
PATHS = {"litserve": "predict", "bentoml": "predict", "mosec": "inference"}


def installed(kind: str) -> bool:
    from importlib.util import find_spec

    return find_spec(kind) is not None


def command(kind: str, port: int) -> list[str]:
    if kind == "bentoml":
        options = ["--host", "127.0.0.1", "--port", str(port), "--timeout", "600"]
        return [sys.executable, "-m", "bentoml", "serve", "benchmarks.peers.bento:Service", *options]
    return [sys.executable, "-m", MODULES[kind], str(port)]


@contextlib.contextmanager
def running(candidate: Candidate, task: str, probe: str) -> Iterator[str]:
    """The address of the candidate once it has answered `probe`; `RuntimeError` with its log if it never does."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "BENCH_TASK": task,
        "BENCH_MODE": candidate.mode,
        "GRADIO_ANALYTICS_ENABLED": "False",
        "HF_HUB_OFFLINE": "1",
        "BENTOML_DO_NOT_TRACK": "True",
        "TOKENIZERS_PARALLELISM": "false",
        "OMP_NUM_THREADS": "1",
    }
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            command(candidate.kind, port),
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + READY_WITHIN
            while not _answers(candidate, url, probe):
                if process.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    raise RuntimeError(f"{candidate.name} did not start:\n{log.read()[-3000:]}")
                time.sleep(0.25)
            yield url
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(15)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def load(candidate: Candidate, url: str, payloads: list[str], users: int, requests: int) -> pd.DataFrame:
    """A row for each request, as `gradio_patterns.testing.send` returns them; the answer is the first output."""
    if candidate.kind == "gradio":
        df = send(url, "predict", [[payload] for payload in payloads], users=users, requests=requests, timeout=600)
        return df.assign(output=[output[0] if output else None for output in df.output])
    return asyncio.run(_post(candidate.kind, url, payloads, users, requests))


async def _post(kind: str, url: str, payloads: list[str], users: int, requests: int) -> pd.DataFrame:
    timeout, connector = aiohttp.ClientTimeout(total=600), aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as http:
        begin = time.perf_counter()

        async def user(number: int) -> list[dict]:
            rows = []
            for request in range(requests):
                payload = payloads[(number * requests + request) % len(payloads)]
                row = {"user": number, "number": request, "queued": time.perf_counter() - begin}
                try:
                    row |= {"output": await _ask(http, kind, url, payload), "status": "ok"}
                except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as error:
                    row |= {"output": None, "status": "error", "error": str(error)}
                rows.append(row | {"ended": time.perf_counter() - begin})
            return rows

        return pd.DataFrame([row for rows in await asyncio.gather(*map(user, range(users))) for row in rows])


async def _ask(http: aiohttp.ClientSession, kind: str, url: str, payload: str) -> str:
    body = {"text": [payload]} if kind == "bentoml" else {"text": payload}
    async with http.post(f"{url}/{PATHS[kind]}", json=body) as response:
        response.raise_for_status()
        answer = await response.json(content_type=None)
    return answer[0] if kind == "bentoml" else answer["answer"]


def _answers(candidate: Candidate, url: str, probe: str) -> bool:
    try:
        return bool((load(candidate, url, [probe], 1, 1).status == "ok").all())
    except (ConnectionError, ValueError):
        return False
