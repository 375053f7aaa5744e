"""`gradio_patterns.testing.model_servers`: what the strict stand-in refuses and sees, and the real server."""

import os
import threading

import httpx
import openai
import psutil
import pytest

from gradio_patterns import packaged
from gradio_patterns.testing import model_servers
from gradio_patterns.testing.model_servers import SMALL_MODEL, ModelServer, TransformersServer, use_model_server
from gradio_patterns.testing.programs import NotStarted
from gradio_patterns.testing.waiting import until


def said(*texts: str) -> list[dict]:
    """A conversation of these texts, user and assistant in turn."""
    return [{"role": ("user", "assistant")[number % 2], "content": text} for number, text in enumerate(texts)]


HELLO = said("Hello, you there.")


@pytest.fixture
def server():
    with ModelServer() as running:
        yield running


@pytest.fixture
def client(server):
    with openai.OpenAI(base_url=server.url, api_key="any", max_retries=0, timeout=60) as one:
        yield one


def ask(client: openai.OpenAI, messages=HELLO, **options):
    return client.chat.completions.create(**{"model": "small", "messages": messages, **options})


def text_of(stream) -> list[str]:
    return [chunk.choices[0].delta.content or "" for chunk in stream]


def test_an_answer_comes_whole_or_in_words(client, server):
    whole = ask(client).choices[0]
    assert (whole.message.content, whole.finish_reason) == ("You said: Hello, you there.", "stop")
    *pieces, last = ask(client, stream=True)
    assert text_of(pieces) == ["You", " said:", " Hello,", " you", " there."]
    assert last.choices[0].finish_reason == "stop"
    assert [request.get("stream") for request in server.requests] == [None, True]
    assert (server.answering, server.left, server.refusals) == (0, 0, [])


def test_its_answer_can_be_set(client, server):
    server.answer = lambda messages: f"{len(messages)} messages"
    assert ask(client, said("a", "b", "c")).choices[0].message.content == "3 messages"
    server.answer = "always this"
    assert ask(client).choices[0].message.content == "always this"


SYSTEM = {"role": "system", "content": "Be brief."}
PARTS = [{"type": "text", "text": "Hello"}]
REFUSED = {
    "metadata": ([{**HELLO[0], "metadata": None}], "property 'metadata' is unsupported"),
    "options": ([{**HELLO[0], "options": None}], "property 'options' is unsupported"),
    "parts": ([{"role": "user", "content": PARTS}], r"'messages.0.content' : value must be a string"),
    "no content": ([{"role": "user"}], "value must be a string"),
    "empty": (said("Hello", "", "Hello"), "messages.1: all messages must have non-empty content"),
    "a role": ([{"role": "bot", "content": "Hello"}], "property 'role' has invalid value"),
    "two users": ([*HELLO, *HELLO], "roles must alternate"),
    "assistant first": ([{"role": "assistant", "content": "Hello"}, *HELLO], "roles must alternate"),
    "assistant last": (said("Hello", "Hello"), "roles must alternate"),
    "system later": ([*HELLO, SYSTEM], "System message must be at the beginning"),
    "none": ([], "Invalid 'messages': empty array"),
}


@pytest.mark.parametrize(("messages", "words"), REFUSED.values(), ids=list(REFUSED))
def test_refuses_what_one_real_server_or_another_refuses(client, server, messages, words):
    with pytest.raises(openai.BadRequestError, match=words):
        ask(client, messages)
    assert len(server.refusals) == 1
    assert server.requests == []


@pytest.mark.parametrize("messages", [HELLO, [SYSTEM, *HELLO], said("a", "b", "c")], ids=["one", "system", "three"])
def test_takes_what_all_take(client, messages):
    assert ask(client, messages, temperature=2, max_tokens=1).choices


@pytest.mark.parametrize(("setting", "value"), [("temperature", 2.5), ("temperature", -1), ("max_tokens", 0)])
def test_refuses_settings_out_of_range(client, setting, value):
    with pytest.raises(openai.BadRequestError, match=f"Invalid '{setting}'"):
        ask(client, **{setting: value})


def test_refuses_a_wrong_key_and_an_unknown_model(client, server):
    server.key, server.model = "right", "small"
    with pytest.raises(openai.AuthenticationError, match="Incorrect API key provided"):
        ask(client)
    client.api_key = "right"
    assert ask(client).choices
    with pytest.raises(openai.NotFoundError, match="The model `large` does not exist"):
        ask(client, model="large")
    assert [model.id for model in client.models.list()] == ["small"]


def test_refuses_all_while_it_is_busy(client, server):
    server.busy = True
    with pytest.raises(openai.RateLimitError, match="Rate limit reached"):
        ask(client)
    server.busy = False
    assert ask(client).choices


def test_no_json_and_another_path_are_refused(server):
    assert httpx.post(f"{server.url}/chat/completions", content="{").status_code == 400
    assert httpx.post(f"{server.url}/elsewhere", json={"model": "small", "messages": HELLO}).status_code == 404


def test_breaks_off_in_the_middle(client, server):
    server.breaks_off = 2
    pieces = []
    with pytest.raises(openai.APIConnectionError):
        for chunk in ask(client, stream=True):
            pieces.append(chunk.choices[0].delta.content)
    assert pieces == ["You", " said:"]
    server.ends_early = True
    chunks = list(ask(client, stream=True))
    assert text_of(chunks) == ["You", " said:"]
    assert chunks[-1].choices[0].finish_reason is None
    server.breaks_off = None
    assert len(list(ask(client, stream=True))) == 6  # and goes on


def test_holds_each_piece_and_sees_a_client_hang_up(client, server):
    with server.gate:
        stream = ask(client, stream=True)
        server.gate.reached(1)
        server.gate.let(2)
        assert text_of([next(stream), next(stream)]) == ["You", " said:"]
        assert (server.answering, server.left) == (1, 0)
        stream.close()
        until(lambda: server.left == 1, "the server to notice")
        assert server.answering == 0


def test_is_too_slow_for_the_impatient(client, server):
    with server.gate, pytest.raises(openai.APITimeoutError):
        ask(client.with_options(timeout=0.2))
    until(lambda: server.left == 1, "the server to notice")


def test_one_that_is_held_does_not_hold_the_others_up(client, server):
    with server.gate:
        jobs = [threading.Thread(target=ask, args=[client]) for _ in range(3)]
        for job in jobs:
            job.start()
        server.gate.reached(3)
        assert server.answering == 3
    for job in jobs:
        job.join(60)
    assert len(server.requests) == 3


def test_stopped_nobody_answers_and_started_again_it_has_the_same_address(client, server):
    with server.gate:
        stream = ask(client, stream=True)
        server.gate.reached(1)
        server.stop()
        with pytest.raises(openai.APIConnectionError):  # what was under way breaks off
            next(stream)
    with pytest.raises(openai.APIConnectionError):
        ask(client)
    server.start()
    assert ask(client).choices


def test_leads_a_client_here_and_back(server):
    with openai.OpenAI(base_url="http://127.0.0.1:9/v1", api_key="old", max_retries=0) as client:
        server.key = "new"
        with server.instead_of(client):
            assert ask(client).choices
        assert (str(client.base_url), client.api_key) == ("http://127.0.0.1:9/v1/", "old")
        with pytest.raises(openai.APIConnectionError):
            ask(client)


def test_it_says_nothing(server, client, capfd):
    server.breaks_off = 1
    with pytest.raises(openai.APIConnectionError):
        list(ask(client, stream=True))
    ask(client, stream=True).close()
    server.stop()
    assert capfd.readouterr() == ("", "")


# --- a server for a notebook ---


def test_that_of_the_environment_is_used(monkeypatch, capsys):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setattr(model_servers.TransformersServer, "start", lambda self: pytest.fail("started one"))
    monkeypatch.delenv("MODEL", raising=False)
    with pytest.raises(LookupError, match="Set MODEL to the name of a model"):
        use_model_server()
    monkeypatch.setenv("MODEL", "a-model")
    use_model_server()
    assert capsys.readouterr().out == "Model server: http://127.0.0.1:9/v1, model a-model\n"
    assert os.environ["OPENAI_BASE_URL"] == "http://127.0.0.1:9/v1"


# --- the real one ---


@pytest.mark.slow
def test_the_real_server_streams_and_stops_when_its_client_hangs_up():
    if packaged.folder(SMALL_MODEL) is None:
        pytest.skip(f"no package with {SMALL_MODEL} is installed")
    with TransformersServer() as server:
        env = server.client_env
        client = openai.OpenAI(base_url=env["OPENAI_BASE_URL"], api_key=env["OPENAI_API_KEY"], timeout=120)
        assert ask(client, model=env["MODEL"], max_tokens=8).choices[0].message.content
        careless = [{**HELLO[0], "metadata": None, "options": None}]  # it takes what strict ones refuse
        assert ask(client, careless, model=env["MODEL"], max_tokens=8).choices[0].message.content
        stream = ask(client, said("Count to a thousand."), model=env["MODEL"], max_tokens=5000, stream=True)
        assert len([next(stream) for _ in range(4)]) == 4
        process = psutil.Process(server.process.pid)
        assert process.cpu_percent(1) > 20  # at work
        stream.close()
        until(lambda: process.cpu_percent(1) < 5, "the end of the work", seconds=60)
        client.close()


def test_a_model_that_is_nowhere_is_not_started():
    server = TransformersServer("/nowhere/at/all")
    try:
        with pytest.raises(NotStarted, match="nowhere"):
            server.start()
    finally:
        server.remove()
