"""The ledger of symptoms: what a process shows is written down, and a quote that nothing showed is named."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import ledger

OFFLINE = Path(ledger.__file__).parent / "offline"
SHOWS = """
import asyncio, subprocess, sys, threading
from http.server import BaseHTTPRequestHandler, HTTPServer
import httpx, pytest

class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(413)
        self.end_headers()
        script = self.path == "/script.js"
        self.wfile.write(b"const f = () => 'words of a script'" if script else b'{"error": "asked over HTTP"}')

server = HTTPServer(("127.0.0.1", 0), Answer)
threading.Thread(target=server.serve_forever, daemon=True).start()
for path in ("/", "/script.js"):
    httpx.get(f"http://127.0.0.1:{server.server_port}{path}", trust_env=False)
print("printed to stdout")
print("printed to stderr", file=sys.stderr)
with pytest.raises(KeyError):
    raise KeyError("raised and caught")
with pytest.warns(UserWarning):
    import warnings
    warnings.warn("warned and caught")
subprocess.run([sys.executable, "-S", "-c", "print('printed by another program')"], capture_output=True)

async def serve():
    async def answer(reader, writer):
        writer.write(b"sent by a server")
        writer.close()
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await reader.read()
        writer.close()

asyncio.run(serve())
"""
SHOWN = [
    "413 Request Entity Too Large",
    "asked over HTTP",
    "printed to stdout",
    "printed to stderr",
    "KeyError: 'raised and caught'",
    "UserWarning: warned and caught",
    "printed by another program",
    "sent by a server",
]


def test_what_a_process_prints_sends_receives_and_raises_is_seen(tmp_path):
    env = os.environ | {"SEEN": str(tmp_path), "PYTHONPATH": str(OFFLINE)}
    done = subprocess.run([sys.executable, "-c", SHOWS], env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "printed to stdout" in done.stdout
    assert "printed to stderr" in done.stderr
    texts = list(ledger.texts(tmp_path))
    assert ledger.unseen([*SHOWN, "words of a script", "never said"], texts) == ["words of a script", "never said"]


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("Cannot move /... to the cache", "InvalidPathError: Cannot move /tmp/x/y.png to the cache because"),
        (
            "Queue is full. Max size is 3 and size is 3.",
            'data: {"message": "Queue is full. Max size is 20 and size is 20."}',
        ),
        ("[Errno 111] Connection refused", "httpx.ConnectError: [Errno 111] Connection refused"),
        ('No endpoint matching "/shout" was found.', r'{"error": "No endpoint matching \"/shout\" was found."}'),
        ("'list' object has no attribute", "AttributeError: &#x27;list&#x27; object has no attribute &#x27;x&#x27;"),
    ],
)
def test_a_quote_is_found_in_spite_of_other_paths_numbers_and_escapes(quote, text):
    assert ledger.unseen([quote], [text]) == []


@pytest.mark.parametrize("text", ["Queue is full", "Max size is 3. Queue is full.", ""])
def test_a_part_of_a_quote_is_not_the_quote(text):
    assert ledger.unseen(["Queue is full. Max size is 3"], [text]) == ["Queue is full. Max size is 3"]


def test_what_is_wrong_with_a_ledger_is_said():
    asked = ["seen", "not seen", "explained"]
    reasons = {"explained": "needs a GPU", "gone": "needs a GPU"}
    assert ledger.verdict(["not seen", "explained"], reasons, asked) == [
        "not seen: not seen",
        "said to be unseen, and quoted nowhere: gone",
    ]


def test_every_explained_quote_is_one_of_the_notebooks_and_has_its_reason():
    asked = ledger.quotes()
    assert len(asked) > 100
    for quote, reason in ledger.explained().items():
        assert quote in asked
        assert len(reason.split()) >= 3, quote
