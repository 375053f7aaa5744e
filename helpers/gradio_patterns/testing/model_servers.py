"""A model server that speaks OpenAI's chat protocol: a strict stand-in, or the real `transformers serve`.

    with ModelServer() as server, Program(demo, env=server.client_env) as app:
        app.visitor().predict("Hello", api_name="/chat")
        assert server.requests[-1]["messages"] == [{"role": "user", "content": "Hello"}]

    with ModelServer() as server, server.instead_of(client):     # the demo that runs already asks it meanwhile
        with server.gate:                                        # holds every piece of every answer
            job = app.submit("/chat", "Hello")
            server.gate.reached(1)
            job.cancel()
            until(lambda: server.left == 1)                      # the client has hung up

    with ModelServer(breaks_off=3):                              # after three pieces
    use_model_server()                                           # that of OPENAI_BASE_URL, or a small real one

The stand-in refuses what one real server or another refuses, in that server's words: see `_refusal`. What it takes, all
of them take.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import re
import select
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable, Generator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from gradio_patterns import packaged

from .gates import Gate
from .programs import Program
from .waiting import free_port

SMALL_MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"
ROLES = ("system", "user", "assistant")
ALLOWED = {"role", "content", "name"}  # of a message
SETTINGS = {"temperature": (0, 2), "top_p": (0, 1), "max_tokens": (1, 100_000)}


def _parrot(messages: Sequence[Mapping[str, Any]]) -> str:
    return f"You said: {messages[-1]['content']}"


class ModelServer:
    """A strict stand-in for a model server, for the time of a with statement, or from `start()` to `stop()`.

    answer: what it answers, or a function of the messages; by default it repeats the last message. Streamed, it comes
        in words. key: which key it wants; by default any. model: which model it knows; by default any.
    busy: whether it refuses everybody for now.
    breaks_off: after how many pieces of a stream the connection breaks; `ends_early`: it ends there as if complete,
        as behind a proxy, without a reason.

    Started again after a `stop()` it has the same address. All of these may be changed while it runs.

    url: its base URL. gate: a `Gate` that each piece of an answer passes. requests: the bodies that it took. refusals:
        what it said to the others. answering: to how many clients it is writing. left: how many hung up before their
        answer was complete.
    """

    def __init__(
        self,
        answer: str | Callable[[Sequence[Mapping[str, Any]]], str] = _parrot,
        *,
        key: str | None = None,
        model: str | None = None,
        busy: bool = False,
        breaks_off: int | None = None,
        ends_early: bool = False,
    ):
        self.answer, self.key, self.model, self.busy = answer, key, model, busy
        self.breaks_off, self.ends_early = breaks_off, ends_early
        self.requests: list[dict[str, Any]] = []
        self.refusals: list[str] = []
        self.answering = self.left = 0
        self.gate = Gate()
        self._lock = threading.Lock()
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}/v1"

    @property
    def client_env(self) -> dict[str, str]:
        """The environment of a program that is to ask it: OPENAI_BASE_URL, OPENAI_API_KEY and MODEL."""
        return {"OPENAI_BASE_URL": self.url, "OPENAI_API_KEY": self.key or "any", "MODEL": self.model or "small"}

    def start(self) -> ModelServer:
        """Start it. Raises `OSError` if its port has been taken meanwhile."""
        self._connections: set[socket.socket] = set()
        self._server = _Server(("127.0.0.1", self._port), _Handler)
        self._server.stub = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop it, answers under way included; nobody answers at its address until it is started again."""
        if hasattr(self, "_server"):
            self._server.shutdown()
            self._server.server_close()
            self._thread.join(10)
            for one in list(self._connections):
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> ModelServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.gate.open()
        self.stop()

    @contextlib.contextmanager
    def instead_of(self, *clients: Any) -> Generator[ModelServer]:
        """Lead clients of the `openai` package here, for the time of a with statement."""
        before = [(client, client.base_url, client.api_key) for client in clients]
        for client in clients:
            client.base_url, client.api_key = self.url, self.client_env["OPENAI_API_KEY"]
        try:
            yield self
        finally:
            for client, url, key in before:
                client.base_url, client.api_key = url, key


class _Refused(Exception):
    """What a server answers in place of a completion."""

    def __init__(self, status: int, message: str, kind: str, code: str | None = None, param: str | None = None):
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _refusal(body: Any, key: str | None, model: str | None, authorization: str) -> _Refused | None:
    """Why a request is refused, in the words of the server named; None if it is not."""
    bad = "invalid_request_error"
    sent = authorization.removeprefix("Bearer ").strip()
    if key and sent != key:  # OpenAI
        hidden = re.sub(r"(?<=.{4}).(?=.{4})", "*", sent)
        return _Refused(401, f"Incorrect API key provided: {hidden}.", bad, "invalid_api_key")
    if not isinstance(body, dict) or "model" not in body:  # OpenAI
        return _Refused(400, "you must provide a model parameter", bad)
    if model and body["model"] != model:  # vLLM
        return _Refused(404, f"The model `{body['model']}` does not exist.", "NotFoundError")
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:  # OpenAI
        words = "Expected an array with minimum length 1, but got an empty array instead."
        return _Refused(400, f"Invalid 'messages': empty array. {words}", bad, "empty_array", "messages")
    for number, message in enumerate(messages):
        role, content, where = message.get("role"), message.get("content"), f"messages.{number}"
        must = f"'{where}' : for 'role:{role}' the following must be satisfied"
        if role not in ROLES:  # Groq
            return _Refused(400, f"'{where}' : discriminator property 'role' has invalid value", bad)
        if unknown := sorted(set(message) - ALLOWED):  # Groq
            return _Refused(400, f"{must}[('{where}' : property '{unknown[0]}' is unsupported)]", bad)
        if not isinstance(content, str):  # Groq
            return _Refused(400, f"{must}[('{where}.content' : value must be a string)]", bad)
        if not content.strip():  # Anthropic
            words = "all messages must have non-empty content except for the optional final assistant message"
            return _Refused(400, f"{where}: {words}", bad)
    if any(message["role"] == "system" for message in messages[1:]):  # vLLM and llama.cpp, with Qwen's template
        return _Refused(400, "System message must be at the beginning.", "BadRequestError")
    turns = [message["role"] for message in messages if message["role"] != "system"]
    if turns != [ROLES[1 + number % 2] for number in range(len(turns))] or len(turns) % 2 == 0:  # vLLM, with Gemma's
        words = "Conversation roles must alternate user/assistant/user/assistant/..."
        return _Refused(400, words, "BadRequestError")
    for setting, (least, most) in SETTINGS.items():
        if (value := body.get(setting)) is not None and not least <= value <= most:  # OpenAI
            side, sign = ("above maximum", f"<= {most}") if value > most else ("below minimum", f">= {least}")
            words = f"Invalid '{setting}': decimal {side} value. Expected a value {sign}, but got {value} instead."
            return _Refused(400, words, bad, f"decimal_{side.replace(' ', '_')}_value", setting)
    return None


class _Server(ThreadingHTTPServer):
    allow_reuse_address = daemon_threads = True
    block_on_close = False
    stub: ModelServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server  # ty: ignore[incompatible-mutable-override]

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: it would of every request."""

    def setup(self) -> None:
        """Remember the connection, so that `stop` can end it."""
        super().setup()
        self.server.stub._connections.add(self.connection)

    def finish(self) -> None:
        """Forget it."""
        self.server.stub._connections.discard(self.connection)
        super().finish()

    def do_GET(self) -> None:
        """The list of models."""
        listed = [{"id": self.server.stub.model or "small", "object": "model", "created": 0, "owned_by": "nobody"}]
        self._send(200, {"object": "list", "data": listed})

    def do_POST(self) -> None:
        """A chat completion."""
        stub = self.server.stub
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        body: Any = None
        with contextlib.suppress(ValueError):
            body = json.loads(raw)
        refused = _refusal(body, stub.key, stub.model, self.headers.get("authorization") or "")
        if not self.path.endswith("/chat/completions"):
            refused = _Refused(404, "Not Found", "NotFoundError")
        if stub.busy:  # OpenAI
            refused = _Refused(429, "Rate limit reached. Please try again later.", "requests", "rate_limit_exceeded")
        if refused:
            stub.refusals.append(str(refused))
            self._send(refused.status, refused.body)
            return
        stub.requests.append(body)
        text = stub.answer if isinstance(stub.answer, str) else stub.answer(body["messages"])
        with stub._lock:
            stub.answering += 1
        try:
            (self._stream if body.get("stream") else self._whole)(body, text)
        except OSError:
            stub.left += 1
            self.close_connection = True
        finally:
            with stub._lock:
                stub.answering -= 1

    def _whole(self, body: dict[str, Any], text: str) -> None:
        self._pass_gate()
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        self._send(200, {**_head(body, "chat.completion"), "choices": [choice]})

    def _stream(self, body: dict[str, Any], text: str) -> None:
        stub, pieces = self.server.stub, re.findall(r"\s*\S+", text)
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        head = _head(body, "chat.completion.chunk")
        for number, piece in enumerate(pieces):
            if number == stub.breaks_off:
                if stub.ends_early:
                    self._chunk("")
                self.close_connection = True
                return
            self._pass_gate()
            delta = {"content": piece} | ({"role": "assistant"} if number == 0 else {})
            self._event({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
        self._event({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        self._chunk("data: [DONE]\n\n")
        self._chunk("")

    def _pass_gate(self) -> None:
        """Wait at the gate, if it is held. Raises `ConnectionError` as soon as the client hangs up."""
        passed = threading.Thread(target=self.server.stub.gate, daemon=True)
        passed.start()
        while passed.is_alive():
            passed.join(0.02)
            readable, _, _ = select.select([self.connection], [], [], 0)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                raise ConnectionError("the client has hung up")

    def _event(self, data: dict[str, Any]) -> None:
        self._chunk(f"data: {json.dumps(data)}\n\n")

    def _chunk(self, text: str) -> None:
        data = text.encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def _send(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _head(body: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": kind, "created": int(time.time()), "model": body["model"]}


class TransformersServer(Program):
    """The real `transformers serve` with one model, as a program; see `Program`.

    model: an id of the Hub, taken from an installed package where one carries it, or a folder.

    url: its base URL.
    """

    def __init__(self, model: str = SMALL_MODEL, **options: Any):
        super().__init__("", asgi=False, **options)
        self.model = str(packaged.folder(model) or model)
        self.url = f"http://127.0.0.1:{self.port}/v1"

    @property
    def client_env(self) -> dict[str, str]:
        """The environment of a program that is to ask it: OPENAI_BASE_URL, OPENAI_API_KEY and MODEL."""
        return {"OPENAI_BASE_URL": self.url, "OPENAI_API_KEY": "any", "MODEL": self.model}

    def command(self) -> list[str]:
        """What starts it: `transformers serve` past that program's other commands, one of which needs `requests`."""
        serve = "import typer; from transformers.cli.serve import Serve; typer.run(Serve)"
        return [sys.executable, "-c", serve, self.model, "--host", "127.0.0.1", "--port", str(self.port)]

    @property
    def answers_at(self) -> str:
        """The address that answers once the model is loaded."""
        return f"{self.origin}/health"


def use_model_server() -> None:
    """Leave a model server in OPENAI_BASE_URL, OPENAI_API_KEY and MODEL, and print which.

    One that OPENAI_BASE_URL names already is left there. Otherwise `transformers serve` starts with a small model, and
    ends with this process.

    Raises `NotStarted` if that fails, and `LookupError` if OPENAI_BASE_URL is set and MODEL is not.
    """
    if "OPENAI_BASE_URL" not in os.environ:
        server = TransformersServer(tied=True)
        atexit.register(server.remove)
        server.start()
        os.environ.update(server.client_env)
    if "MODEL" not in os.environ:
        raise LookupError(f"Set MODEL to the name of a model that {os.environ['OPENAI_BASE_URL']} serves.")
    print(f"Model server: {os.environ['OPENAI_BASE_URL']}, model {Path(os.environ['MODEL']).name}")
