"""Gates: who is inside and who waits, held and let go, and never a hang."""

import threading
import time

import gradio as gr
import pytest
import torch
from fastapi import FastAPI

from gradio_patterns.testing import Gate, gates, serve, until


@pytest.fixture
def _impatient(monkeypatch):
    monkeypatch.setattr(gates, "until", lambda condition, what: until(condition, what, seconds=1))


def asking(gate, **options):
    with gr.Blocks() as demo:
        text = gr.Textbox(label="Text")
        text.submit(lambda text: gate(text), text, text, api_name="ask", **options)
    return demo


@pytest.mark.parametrize(("limit", "inside"), [(1, 1), (2, 2), (None, 4)])
def test_it_counts_who_is_inside_while_the_others_wait(limit, inside):
    gate = Gate()
    with serve(asking(gate, concurrency_limit=limit)) as app, gate:
        jobs = app.submit("/ask", "milk", times=4)
        assert gate.inside(of=4) == inside
        assert gate.waiting() == 4 - inside
        gate.open()
        assert [job.result() for job in jobs] == ["milk"] * 4
    assert (gate.inside(), gate.most, gate.entered) == (0, inside, 4)


def test_it_is_open_before_and_after():
    gate = Gate()
    with serve(asking(gate)) as app:
        assert app.visitor().predict("before", api_name="/ask") == "before"
        with gate:
            job = app.submit("/ask", "held")
            gate.reached(1)
            assert not job.done()
        assert job.result() == "held"
        assert app.visitor().predict("after", api_name="/ask") == "after"


def test_it_lets_calls_go_one_by_one():
    gate = Gate()
    with serve(asking(gate, concurrency_limit=None)) as app, gate:
        jobs = app.submit("/ask", "milk", times=3)
        gate.reached(3)
        gate.let(1)
        until(lambda: sum(job.done() for job in jobs) == 1, "one answer")
        assert gate.inside() == 2
        gate.let(2)
        assert [job.result() for job in jobs] == ["milk"] * 3


def test_the_queue_of_a_mounted_demo_counts_too():
    gate = Gate()
    api = gr.mount_gradio_app(FastAPI(), asking(gate), path="/demo")
    with serve(api) as app, gate:
        app.submit("/ask", "milk", times=2)
        assert gate.inside(of=2) == 1


def test_around_a_torch_module_it_holds_and_changes_nothing():
    module, inside, answers = torch.nn.Linear(2, 1), torch.ones(1, 2), []
    before = module(inside)
    with Gate().around(module) as gate:
        thread = threading.Thread(target=lambda: answers.append(module(inside)))
        thread.start()
        gate.reached(1)
        assert not answers
    thread.join()
    assert torch.equal(answers[0], before)
    assert not module._forward_pre_hooks


@pytest.mark.parametrize("kind", ["module", "instance", "dictionary"])
def test_around_a_name_it_puts_back_what_was_there(kind):
    class Shop:
        def buy(self, item):
            return item

    shop, names = Shop(), {"buy": lambda item: item}
    place = {"module": (time, "sleep"), "instance": (shop, "buy"), "dictionary": (names, "buy")}[kind]
    before, argument = (names["buy"] if kind == "dictionary" else getattr(*place)), 0
    with Gate().around(place) as gate:
        call = names["buy"] if kind == "dictionary" else getattr(*place)
        thread = threading.Thread(target=call, args=(argument,))
        thread.start()
        gate.reached(1)
    thread.join()
    assert (names["buy"] if kind == "dictionary" else getattr(*place)) == before
    assert "buy" not in vars(shop)


def test_what_has_no_place_for_a_gate_is_refused():
    with pytest.raises(TypeError, match=r"torch module, a pipeline or \(object, 'name'\)"), Gate().around("text"):
        pass


@pytest.mark.usefixtures("_impatient")
def test_a_gate_that_is_never_reached_says_what_it_waited_for():
    gate = Gate()
    with serve(asking(gate)) as app, gate:
        app.submit("/ask", "milk")
        with pytest.raises(TimeoutError, match="for 3 calls: 1 at the gate, 0 in queues"):
            gate.inside(of=3)
        with pytest.raises(TimeoutError, match="2 calls at the gate; 1 came"):
            gate.reached(2)


def test_a_call_that_nobody_lets_go_ends_with_an_error(monkeypatch):
    monkeypatch.setattr(gates, "PATIENCE", 0.1)
    gate = Gate()
    gate.hold()
    with pytest.raises(TimeoutError, match="nobody opened"):
        gate()
    assert gate.inside() == 0
