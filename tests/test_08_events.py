"""Events, where a client can tell: what runs together, what a stop ends, what a tick costs, what is placed once."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import gradio as gr
import httpx
import pytest
from gradio.media import get_image
from gradio_client import handle_file
from gradio_client.exceptions import AppError, ValidationError
from gradio_client.utils import Status

from gradio_patterns.testing import Gate, until, visitor, visitors

NOTEBOOK = "08_events"


def test_two_handlers_of_one_click_run_together_for_clients(serve, gate):
    with gr.Blocks() as demo:
        button = gr.Button("Run both")
        button.click(lambda: gate(), api_name="first")
        button.click(lambda: gate(), api_name="second")
    app = serve(demo)
    app.submit("/first"), app.submit("/second")
    assert gate.inside(of=2) == 2  # a page would wait for the first


def test_every_polls_on_a_component_and_is_refused_on_an_event():
    with gr.Blocks() as demo:
        now = gr.Number(lambda: 1, every=5, label="Polled")
        with pytest.raises(TypeError, match="got an unexpected keyword argument 'every'"):
            now.change(lambda: 1, None, now, every=5)
    triggers = [[event for _, event in d["targets"]] for d in demo.get_config_file()["dependencies"]]
    assert triggers == [["tick", "load"]]


def test_info_outside_an_event_is_printed_on_the_server(capsys):
    thread = threading.Thread(target=gr.Info, args=["A new value."])
    thread.start()
    thread.join()
    assert capsys.readouterr().out == "A new value.\n"


def test_a_cancelled_generator_ends_at_its_next_yield(serve):
    ended = []

    def count():
        try:
            while True:
                time.sleep(0.02)
                yield 1
        finally:
            ended.append("finally")

    with gr.Blocks() as demo:
        gr.Button("Count").click(count, None, gr.Number(label="Count"), api_name="count")
    job = serve(demo).submit("/count")
    until(lambda: job.status().code == Status.ITERATING, "the first yield")
    job.cancel()
    until(lambda: ended == ["finally"], "the generator to be closed")


def test_a_tick_past_the_queue_costs_less(imported):
    demo = imported(NOTEBOOK, "ticker").demo
    http = httpx.Client(base_url=f"{demo.local_url}gradio_api/", timeout=60)

    def through_queue(session):
        http.post("queue/join", json={"fn_index": 0, "session_hash": session, "data": []}).raise_for_status()
        with http.stream("GET", "queue/data", params={"session_hash": session}) as lines:
            messages = [json.loads(line[5:]) for line in lines.iter_lines() if line.startswith("data:")]
        assert any(message["msg"] == "process_completed" and message["success"] for message in messages)

    def direct(session):
        event = {"fn_index": 0, "session_hash": session, "data": []}
        http.post("run/predict", json=event).raise_for_status()

    cost = {through_queue: 0.0, direct: 0.0}  # seconds of CPU, both ends
    for number in range(40):  # in turns, so that a busy machine is as hard on both
        for tick in cost:
            before = time.process_time()
            tick(f"{tick.__name__}-{number}")
            cost[tick] += time.process_time() - before
    assert cost[through_queue] > cost[direct]


def test_a_key_sent_many_times_at_once_places_one_order(imported):
    shop = imported(NOTEBOOK, "one-click-once")

    def send(number):  # past the queue, so at the same time
        order = {"data": ["tea", 2, f"key-{number % 2}"]}
        answer = httpx.post(f"{shop.demo.local_url}gradio_api/run/order", json=order, timeout=60)
        return answer.json()["data"][0]

    with ThreadPoolExecutor(16) as pool:
        receipts = set(pool.map(send, range(32)))
    assert receipts == {"Order 1: 2 x tea", "Order 2: 2 x tea"}
    assert not shop.db.in_transaction  # a file would have both orders already


def test_a_restart_reads_the_key_that_the_browser_has_kept(imported):
    configs = [imported(NOTEBOOK, "one-click-once").demo.get_config_file() for _ in range(2)]
    kept = [next(c["props"] for c in config["components"] if c["type"] == "browserstate") for config in configs]
    assert [kept[0][name] for name in ("storage_key", "secret")] == [
        kept[1][name] for name in ("storage_key", "secret")
    ]


def test_what_is_no_order_is_refused(imported):
    (guest,) = visitors(imported(NOTEBOOK, "one-click-once").demo, 1)
    no_drink, no_cups, no_key = (
        [("", 2, "a"), (None, 2, "b")],
        [(None, "c"), (0, "d"), (-1, "d"), (21, "e")],
        ["", None, 5],
    )
    for wrong in [*no_drink, *(("tea", *cups) for cups in no_cups), *(("tea", 1, key) for key in no_key)]:
        with pytest.raises(AppError, match=r"at least one cup|less than minimum|greater than maximum|Send a key"):
            guest.predict(*wrong, api_name="/order")
    orders = [("tea", 20, "f"), ("tea", 1, "g"), ("tea", 2.5, "h")]
    receipts = ["Order 1: 20 x tea", "Order 2: 1 x tea", "Order 3: 2 x tea"]  # no half cups
    assert [guest.predict(*order, api_name="/order") for order in orders] == receipts


def test_the_sampler_ends_with_its_server(imported):
    module = imported(NOTEBOOK, "ticker")
    sampler = next(thread for thread in threading.enumerate() if thread.name == "sampler")
    module.samples.extend([(0, 0)] * 1000)
    assert len(module.samples) < 1000  # however long the server runs
    module.demo.close(verbose=False)
    until(lambda: not sampler.is_alive(), "the thread to end")

    module.time = SimpleNamespace(monotonic=iter([0, 2]).__next__, process_time=iter([0, 1]).__next__)
    told = iter([False, True])
    module.sample(SimpleNamespace(wait=lambda seconds: next(told)))
    assert module.samples[-1] == (2, 50)  # percent: it worked for one second of two


def test_a_session_has_one_long_job_at_a_time(imported):
    module = imported(NOTEBOOK, "long-work")
    ada = visitor(module.demo)
    with Gate().around(module.embed.model) as gate:
        job = ada.submit("a\nb", api_name="/duplicates")
        gate.reached()
        with pytest.raises(AppError, match="Your last job is still running"):
            ada.predict("c\nd", api_name="/duplicates")
    assert job.result()[0] == "2 lines compared."
    with pytest.raises(AppError, match="between 2 and 2000 different lines"):
        ada.predict("\n".join(map(str, range(2001))), api_name="/duplicates")
    assert ada.predict("c\nd", api_name="/duplicates")[0] == "2 lines compared."


def test_stop_without_a_job_stops_nothing(imported):
    ada = visitor(imported(NOTEBOOK, "long-work").demo)
    ada.predict(api_name="/stop")
    assert ada.predict("a\nb", api_name="/duplicates")[0] == "2 lines compared."


def test_validate_first_takes_2_to_16_colours(imported):
    ada, lion = visitor(imported(NOTEBOOK, "validate-first").demo), handle_file(get_image("lion.jpg"))
    for number in (1, 17, None):
        with pytest.raises(ValidationError, match="colours: Between 2 and 16 colours"):
            ada.predict(lion, number, api_name="/reduce")
    for number in (2, 16, 6.5):
        assert len(ada.predict(lion, number, api_name="/reduce")[1].split()) == int(number)
