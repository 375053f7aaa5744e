"""Chats: each problem in words, who waits for whom, what Stop reaches, steps, feedback, what stays in the browser."""

import threading

import gradio as gr
import openai
import pytest
from gradio_client import handle_file
from gradio_client.exceptions import AppError

from gradio_patterns.testing import ModelServer, until, visitor, visitors

NOTEBOOK = "11_chat"


@pytest.fixture
def strict(monkeypatch):
    """A strict model server, and the environment that leads to it."""
    with ModelServer() as server:
        for name, value in server.client_env.items():
            monkeypatch.setenv(name, value)
        yield server


def ask(demo, text: str = "Name a fruit."):
    return visitor(demo).predict(text, api_name="/chat")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"key": "another"}, "Tell whoever runs it: OPENAI_API_KEY."),
        ({"model": "another"}, "Tell whoever runs it: MODEL."),
        ({"busy": True}, "is busy. Press Retry"),
        ({"breaks_off": 0}, "does not answer, or has broken off"),
        ({"breaks_off": 0, "ends_early": True}, "The answer has broken off. Press Retry."),
    ],
    ids=["key", "model", "busy", "breaks off", "ends early"],
)
def test_model_server_says_what_is_wrong(imported, strict, fault, words):
    module = imported(NOTEBOOK, "model-server")
    for name, value in fault.items():
        setattr(strict, name, value)
    problem = ask(module.demo)
    assert (problem["metadata"]["title"], words in problem["content"]) == ("Not answered", True), problem


def test_model_server_says_that_the_server_is_slow_or_down(imported, strict):
    module = imported(NOTEBOOK, "model-server")
    module.client.timeout = 0.3
    with strict.gate:
        assert "takes too long" in ask(module.demo)["content"]
    module.client.timeout = 60
    strict.stop()
    assert "does not answer" in ask(module.demo)["content"]
    strict.start()
    assert ask(module.demo) == "You said: Name a fruit."


def test_model_server_goes_on_after_a_problem_with_nothing_lost(imported, strict):
    alice = visitor(imported(NOTEBOOK, "model-server").demo)
    strict.stop()
    alice.predict("My name is Ada.", api_name="/chat")
    strict.start()
    alice.predict("Who am I?", api_name="/chat")
    assert strict.requests[-1]["messages"] == [{"role": "user", "content": "My name is Ada.\n\nWho am I?"}]


def test_model_server_serves_many_at_once(imported, strict):
    alice, bob, eve = visitors(imported(NOTEBOOK, "model-server").demo, 3)
    with strict.gate:
        jobs = [one.submit("Name a fruit.", api_name="/chat") for one in (alice, bob, eve)]
        strict.gate.reached(3)
    assert {job.result() for job in jobs} == {"You said: Name a fruit."}


@pytest.mark.parametrize("text", ["", " \n"])
def test_model_server_wants_a_message(imported, strict, text):
    with pytest.raises(AppError, match="Write a message first"):
        ask(imported(NOTEBOOK, "model-server").demo, text)
    assert strict.requests == []


def test_no_message_at_all_is_refused_by_gradio_without_words(imported, strict, capfd):
    """It ends in ChatInterface, before the recipe, whose function is a generator."""
    with pytest.raises(AppError, match="has not enabled verbose error reporting"):
        ask(imported(NOTEBOOK, "model-server").demo, None)
    assert "_append_message_to_history" in capfd.readouterr().err
    assert strict.requests == []


def test_load_chat_sends_parts_without_a_type(strict, serve):
    app = serve(gr.load_chat(strict.url, "small", system_message="Be brief.", api_name="chat"))
    with pytest.raises(AppError):
        app.visitor().predict({"text": "Hello", "files": []}, api_name="/chat")
    assert "Invalid message format" in app.log()
    assert "Each element must have a type key" in app.log()
    assert strict.requests == []


@pytest.mark.parametrize("message", [None, "", "tea", "1234567 tea", "2.50"])
def test_kept_chats_wants_an_amount(imported, message):
    with pytest.raises(AppError, match="Write an amount and what it was for"):
        ask(imported(NOTEBOOK, "kept-chats").demo, message)


def test_a_client_wants_a_key_even_where_the_server_wants_none(monkeypatch, strict):
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(openai.OpenAIError, match="OPENAI_API_KEY"):
        openai.OpenAI()


QUESTION = {"model": "small", "messages": [{"role": "user", "content": "Hello"}], "stream": True}


def plain_loop(message, history):
    for chunk in openai.OpenAI().chat.completions.create(**QUESTION):
        yield chunk.choices[0].delta.content


def loop_in_with(message, history):
    with openai.OpenAI().chat.completions.create(**QUESTION) as stream:
        for chunk in stream:
            yield chunk.choices[0].delta.content


async def async_loop(message, history):
    async with await openai.AsyncOpenAI().chat.completions.create(**QUESTION) as stream:
        async for chunk in stream:
            yield chunk.choices[0].delta.content


@pytest.mark.parametrize(
    ("handler", "pieces"), [(async_loop, 0), (loop_in_with, 1), (plain_loop, None)], ids=["async", "with", "plain"]
)
def test_stop_reaches_the_server_at_once_with_the_next_piece_or_never(strict, serve, handler, pieces):
    strict.answer = "one two three four five six"
    alice = serve(gr.ChatInterface(handler, api_name="chat")).visitor()
    with strict.gate:
        job = alice.submit("Hello", api_name="/chat")
        strict.gate.reached(1)
        strict.gate.let(1)
        until(job.outputs)
        strict.gate.reached(1)
        stop = threading.Thread(target=job.cancel)  # in a thread of its own: it waits for the next piece
        stop.start()
        if pieces != 0:
            with pytest.raises(TimeoutError):
                until(lambda: strict.left, "the hanging up", seconds=2)
            strict.gate.let(1)
        if pieces is not None:
            until(lambda: strict.left == 1, "the hanging up")
        stop.join()
        strict.gate.open()
        until(lambda: strict.answering == 0, "the end of the answer")
    assert strict.left == (0 if pieces is None else 1)  # 0: the server has written it all, for nobody


@pytest.mark.parametrize("text", ["", " ", 1001 * "x"])
def test_chat_files_wants_a_message(imported, strict, text):
    demo = imported(NOTEBOOK, "chat-files").demo
    with pytest.raises(AppError, match="Write what you want to know"):
        visitor(demo).predict({"text": text, "files": []}, "", 40, api_name="/ask")
    assert strict.requests == []


@pytest.mark.parametrize(("content", "words"), [(b"\x89PNG\xff", "no UTF-8 text"), (5000 * b"x", "up to 4 kB")])
def test_chat_files_looks_into_the_files(imported, strict, tmp_path, content, words):
    (tmp_path / "notes.txt").write_bytes(content)
    message = {"text": "What is it?", "files": [handle_file(str(tmp_path / "notes.txt"))]}
    with pytest.raises(AppError, match=words):
        visitor(imported(NOTEBOOK, "chat-files").demo).predict(message, "", 40, api_name="/ask")
    assert strict.requests == []


def test_chat_files_sends_the_rules_and_no_empty_ones(imported, strict):
    alice = visitor(imported(NOTEBOOK, "chat-files").demo)
    for rules in ("Be brief.", " ", None):
        alice.predict({"text": "Hello", "files": []}, rules, 40, api_name="/ask")
    roles = [request["messages"][0]["role"] for request in strict.requests]
    assert roles == ["system", "user", "user"]
    assert {request["max_tokens"] for request in strict.requests} == {40}


def test_chat_files_says_that_the_server_is_down(imported, strict):
    alice = visitor(imported(NOTEBOOK, "chat-files").demo)
    strict.stop()
    answer = alice.predict({"text": "Hello", "files": []}, "", 40, api_name="/ask")
    assert "The model server has not answered" in answer["content"]
    strict.start()
    alice.predict({"text": "Again", "files": []}, "", 40, api_name="/ask")
    assert strict.requests[-1]["messages"] == [{"role": "user", "content": "Hello\n\nAgain"}]


@pytest.mark.parametrize("status", ["failed", "error", None])
def test_a_step_is_pending_or_done(serve, status):
    """Any other status ends the event."""
    step = {"role": "assistant", "content": "", "metadata": {"title": "Search", "status": status}}
    with gr.Blocks() as demo:
        gr.Button("Ask").click(lambda: [step], None, gr.Chatbot(label="Chat"), api_name="ask")
    app = serve(demo)
    with pytest.raises(AppError):
        app.visitor().predict(api_name="/ask")
    assert "Input should be 'pending' or 'done'" in app.log()


def test_steps_come_back_as_messages_and_callers_get_a_list(serve):
    seen = []

    def agent(message, history):
        seen.append(history)
        return [gr.ChatMessage("", metadata={"title": "Search", "status": "done"}), gr.ChatMessage(f"Found {message}.")]

    ada = serve(gr.ChatInterface(agent, api_name="chat")).visitor()
    answer = ada.predict("tea", api_name="/chat")
    assert [message["content"] for message in answer] == ["", "Found tea."]
    ada.predict("milk", api_name="/chat")
    assert [(m["role"], (m["metadata"] or {}).get("title")) for m in seen[1][1:]] == [
        ("assistant", "Search"),
        ("assistant", None),
    ]


def test_a_caller_of_a_plain_chat_gets_a_text(serve):
    app = serve(gr.ChatInterface(lambda message, history: f"Found {message}.", api_name="chat"))
    assert app.visitor().predict("tea", api_name="/chat") == "Found tea."


def test_useful_feedback_drops_no_press(imported):
    """What the page does with two quick presses is in tests/browser."""
    events = imported(NOTEBOOK, "useful-feedback").demo.config["dependencies"]
    assert [event["trigger_mode"] for event in events if event["api_name"] == "vote"] == ["multiple"]
