"""Chats: what the notebook says of steps, feedback and what stays in the browser, where no page is needed."""

import gradio as gr
import pytest
from gradio_client.exceptions import AppError

NOTEBOOK = "11_chat"


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
