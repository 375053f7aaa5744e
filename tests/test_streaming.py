"""Streams that share a model's steps: each its own text, newcomers join, who leaves makes room, failures apart."""

import gc
import queue
import shutil
import subprocess
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, LlamaConfig
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from gradio_patterns import streaming
from gradio_patterns.models import load
from gradio_patterns.streaming import Streams, TooLong
from gradio_patterns.testing import Gate, until

# Prompts of unlike lengths, as token ids.
PROMPTS = [[5, 6, 7], [50, 60, 70, 80, 90, 100, 110], [11], [200, 201, 202, 203], list(range(20, 60)), [42, 43]]


class Numbers:
    """A tokenizer whose text is the token ids, with a space after each."""

    eos_token_id = None

    def decode(self, tokens, skip_special_tokens=True):
        return "".join(f"{token} " for token in tokens)


@pytest.fixture(scope="module")
def model():
    """A small decoder with random weights, in float32: what it says is nonsense, and always the same."""
    torch.manual_seed(0)
    sizes = {"vocab_size": 256, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 128}
    ends = {"bos_token_id": None, "eos_token_id": None, "initializer_range": 0.5}
    return AutoModelForCausalLM.from_config(LlamaConfig(**sizes, **heads, **ends)).eval()


@pytest.fixture
def streams(model):
    made = Streams(model, Numbers(), places=4)
    yield made
    made.close()


def alone(model, prompt, tokens):
    """What `generate` says to one prompt, greedily."""
    ids = torch.tensor([prompt])
    made = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=tokens, do_sample=False)
    return Numbers().decode(made[0, len(prompt) :].tolist())


class Reader:
    """Somebody who reads a stream in a thread; the text so far, and the error that ended it."""

    def __init__(self, pieces):
        self.text, self.error, self.pieces = "", None, pieces
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        try:
            for piece in self.pieces:
                self.text += piece
        except Exception as error:
            self.error = error

    def whole(self):
        self.thread.join(60)
        assert not self.thread.is_alive(), "the stream never ended"
        return self.text


def forever(streams, prompt=(1, 2), tokens=100, stop=None):
    return Reader(streams.stream(list(prompt), tokens, stop))


def test_each_gets_what_generate_would_say_to_it_alone(streams, model):
    lengths = [12, 5, 20, 9, 14, 1]
    expected = [alone(model, prompt, most) for prompt, most in zip(PROMPTS, lengths, strict=True)]
    with Gate().around(model) as gate:
        readers = [Reader(streams.stream(prompt, most)) for prompt, most in zip(PROMPTS[:3], lengths[:3], strict=True)]
        gate.reached(1)
        readers += [Reader(streams.stream(prompt, most)) for prompt, most in zip(PROMPTS[3:], lengths[3:], strict=True)]
        until(lambda: streams.waiting + streams.streaming == 6, "all to have asked")
    assert [reader.whole() for reader in readers] == expected


def test_newcomers_join_while_others_stream(streams, model):
    with Gate().around(model) as gate:
        first = forever(streams, tokens=40)
        gate.reached(1)
        for _ in range(5):
            gate.let()
        until(lambda: gate.entered == 6, "the sixth pass")
        second = forever(streams, prompt=PROMPTS[1], tokens=3)
        until(lambda: streams.waiting == 1, "the newcomer")
        gate.open()
        texts = second.whole(), first.whole()
    assert texts == (alone(model, PROMPTS[1], 3), alone(model, [1, 2], 40))
    assert gate.entered <= 6 + 1 + 40 - 6 + 1  # one pass for the prompt of the second, and none for its tokens


def test_the_first_token_comes_within_two_passes_of_a_free_place(streams, model):
    with Gate().around(model) as gate:
        for _ in range(3):
            forever(streams, tokens=60)
        gate.reached(1)
        gate.let(10)
        until(lambda: gate.entered >= 11, "ten passes")
        late = forever(streams, tokens=60)
        until(lambda: streams.waiting == 1, "the newcomer")
        gate.let(2)  # the step under way, and the one that reads its prompt
        until(lambda: late.text, "its first token")
        assert len(late.text.split()) == 1


def test_places_are_kept_and_given_in_order(streams, model):
    rows, order = [], []
    hook = model.register_forward_pre_hook(
        lambda _, args, kwargs: rows.append(len(kwargs["input_ids"])), with_kwargs=True
    )
    take = streams._admitted  # private: nothing public says who got a place first

    def admitted(room):
        taken = take(room)
        order.extend(request.ids[0] for request in taken)
        return taken

    streams._admitted = admitted
    readers = []
    with Gate().around(model) as gate:
        for number in range(10):
            readers.append(forever(streams, prompt=[number], tokens=3 + number % 4))
            until(lambda: streams.waiting + len(order) == len(readers), "it to be in line")
        gate.open()
        texts = [reader.whole() for reader in readers]
    hook.remove()
    assert max(rows) == streams.places == 4
    assert order == list(range(10))
    assert texts == [alone(model, [number], 3 + number % 4) for number in range(10)]


@pytest.mark.parametrize("way", ["stop", "close", "before its turn"])
def test_who_leaves_frees_the_place_at_the_next_step(streams, model, way):
    stop = threading.Event()
    with Gate().around(model) as gate:
        stays = forever(streams, tokens=30)
        gate.reached(1)
        pieces = streams.stream([3, 4], 100, stop)
        if way == "close":
            with ThreadPoolExecutor(1) as pool:
                taken = pool.submit(next, pieces)
                until(lambda: streams.waiting == 1, "it to be in line")
                gate.let(3)
                assert taken.result(60)
            pieces.close()
        else:
            leaves = Reader(pieces)
            until(lambda: streams.waiting == 1, "it to be in line")
            if way == "stop":
                gate.let(3)
                until(lambda: leaves.text, "its first token")
                gate.reached(1)
            stop.set()
        until(lambda: gate.entered == (1 if way == "before its turn" else 4), "the pass under way")
        gate.let(1)
        until(lambda: gate.entered == (2 if way == "before its turn" else 5), "the next step")
        assert streams.streaming == 1
        gate.open()
        assert stays.whole() == alone(model, [1, 2], 30)
    if way != "close":
        leaves.whole()
        assert leaves.error is None
        assert len(leaves.text.split()) < 5


def test_the_padding_of_who_has_left_goes_too(streams, model):
    lengths = []
    hook = model.register_forward_pre_hook(
        lambda _, args, kwargs: lengths.append(kwargs["attention_mask"].shape[1]), with_kwargs=True
    )
    with Gate().around(model) as gate:
        readers = [forever(streams, prompt=range(60), tokens=6), forever(streams, prompt=[7], tokens=12)]
        until(lambda: streams.waiting + streams.streaming == 2, "both")
        gate.open()
        texts = [reader.whole() for reader in readers]
    hook.remove()
    assert max(lengths) >= 60
    assert lengths[-1] == 12  # one of the prompt, eleven made and read
    assert texts == [alone(model, list(range(60)), 6), alone(model, [7], 12)]


# --- what goes wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prompt", "error"), [([], ValueError), ([1, 256], ValueError), ([-1], ValueError), ([1] * 128, TooLong)]
)
def test_a_prompt_that_cannot_be_read_fails_alone(streams, model, prompt, error):
    with Gate().around(model) as gate:
        good = forever(streams, tokens=10)
        gate.reached(1)
        with pytest.raises(error):
            next(streams.stream(prompt, 5))
        gate.open()
        assert good.whole() == alone(model, [1, 2], 10)


def test_a_prompt_that_the_model_cannot_bear_fails_alone(streams, model):
    def fail(_, args, kwargs):
        if (kwargs["input_ids"] == 66).any() and kwargs["input_ids"].shape[1] > 1:
            raise RuntimeError("a bad prompt")

    with Gate().around(model) as gate:
        readers = [forever(streams, tokens=20)]
        gate.reached(1)
        readers += [forever(streams, prompt=prompt, tokens=6) for prompt in ([8, 9], [66, 66], [10])]
        until(lambda: streams.waiting == 3, "the three")  # they are read together
        hook = model.register_forward_pre_hook(fail, with_kwargs=True)
        gate.open()
        texts = [reader.whole() for reader in readers]
    hook.remove()
    assert texts == [alone(model, [1, 2], 20), alone(model, [8, 9], 6), "", alone(model, [10], 6)]
    assert [type(reader.error) for reader in readers] == [type(None), type(None), RuntimeError, type(None)]
    assert "a bad prompt" in str(readers[2].error)


def test_after_a_step_that_fails_all_are_told_and_the_next_is_answered(streams, model):
    def fail(_, args, kwargs):
        if kwargs["input_ids"].shape[1] == 1 and kwargs["attention_mask"].shape[1] > 20:
            raise RuntimeError("the device is gone")

    hook = model.register_forward_pre_hook(fail, with_kwargs=True)
    readers = [forever(streams), forever(streams, prompt=[4, 5])]
    for reader in readers:
        reader.whole()
    hook.remove()
    assert all("the device is gone" in str(reader.error) for reader in readers)
    assert "".join(streams.stream([1, 2], 30)) == alone(model, [1, 2], 30)


def test_closed_streams_end_and_refuse(model):
    streams = Streams(model, Numbers())
    with Gate().around(model) as gate:
        reader = forever(streams)
        gate.reached(1)
        closing_it = threading.Thread(target=streams.close)
        closing_it.start()
        until(lambda: streams._closed, "it to be closed")  # private: close() waits for the step
    closing_it.join()
    reader.whole()
    assert "closed" in str(reader.error)
    with pytest.raises(RuntimeError, match="closed"):
        next(streams.stream([1], 2))


# --- limits ---------------------------------------------------------------------------------------


def test_the_context_is_kept(model):
    streams = Streams(model, Numbers(), max_context=20)
    assert "".join(streams.stream([1] * 15, 100)) == alone(model, [1] * 15, 5)
    with pytest.raises(TooLong, match="20 tokens, and at most 19 fit"):
        next(streams.stream([1] * 20, 1))
    assert Streams(model, Numbers(), max_context=10_000).max_context == 128  # what the model was made for
    with pytest.raises(ValueError, match="at least 1"):
        next(streams.stream([1], 0))


@pytest.mark.parametrize("limits", [{"places": 0}, {"max_context": 1}, {"max_context": -5}, {"max_prefill": 0}])
def test_limits_that_allow_nothing_are_refused(model, limits):
    with pytest.raises(ValueError, match="at least"):
        Streams(model, Numbers(), **limits)


def test_new_prompts_are_read_within_the_budget_and_a_longer_one_alone(model):
    streams, read = Streams(model, Numbers(), places=8, max_prefill=24), []
    hook = model.register_forward_pre_hook(
        lambda _, args, kwargs: read.append(tuple(kwargs["input_ids"].shape)), with_kwargs=True
    )
    prompts = [[1] * length for length in (4, 8, 8, 8, 30, 2)]
    readers = []
    with Gate().around(model) as gate:
        holding = forever(streams, prompt=[9], tokens=20)
        gate.reached(1)
        for prompt in prompts:
            readers.append(forever(streams, prompt=prompt, tokens=4))
            until(lambda: streams.waiting == len(readers), "it to be in line")
        gate.open()
        texts = [reader.whole() for reader in [*readers, holding]]
    hook.remove()
    assert [shape for shape in read if shape[1] > 1][:4] == [(3, 8), (1, 8), (1, 30), (1, 2)]
    assert texts == [alone(model, prompt, 4) for prompt in prompts] + [alone(model, [9], 20)]


def test_the_end_token_ends_a_stream(model, monkeypatch):
    said = [int(token) for token in alone(model, [1, 2], 30).split()]
    end = said[10]
    monkeypatch.setattr(model.generation_config, "eos_token_id", [end, 255])
    streams = Streams(model, Numbers())
    assert "".join(streams.stream([1, 2], 30)) == Numbers().decode(said[: said.index(end)])


def test_two_who_come_first_start_one_thread_and_none_is_left(streams, model):
    for _ in range(20):
        together = threading.Barrier(4)

        def ask():
            together.wait(30)  # noqa: B023
            return "".join(streams.stream([1, 2], 3))

        with Gate().around(model) as gate, ThreadPoolExecutor(4) as pool:
            jobs = [pool.submit(ask) for _ in range(4)]
            until(lambda: streams.waiting + streams.streaming == 4, "all four")
            threads = [thread for thread in threading.enumerate() if thread.name == "streams"]
            assert len(threads) == 1
            gate.open()
            assert {job.result(60) for job in jobs} == {alone(model, [1, 2], 3)}
        threads[0].join(30)
        assert not threads[0].is_alive()


def test_nothing_is_kept_when_nobody_streams(model):
    streams = Streams(model, Numbers())
    kept = []
    hook = model.register_forward_hook(lambda *call: kept.append(weakref.ref(call[-1].past_key_values)))
    assert "".join(streams.stream([1, 2], 5))
    hook.remove()
    until(lambda: streams._thread is None, "the thread to end")  # private: its end shows nowhere else
    gc.collect()
    assert len(kept) == 5
    assert not any(reference() for reference in kept)


def test_warm_up_takes_all_places_and_leaves_them(streams, model):
    rows = []
    hook = model.register_forward_pre_hook(
        lambda _, args, kwargs: rows.append(tuple(kwargs["input_ids"].shape)), with_kwargs=True
    )
    streams.warm_up()
    hook.remove()
    assert rows == [(4, 1), (4, 1)]
    until(lambda: streams.streaming == streams.waiting == 0, "the places")

    def fail(*_):
        raise RuntimeError("no kernel")

    hook = model.register_forward_pre_hook(fail)
    with pytest.raises(RuntimeError, match="cannot be warmed up: no kernel"):
        streams.warm_up()
    hook.remove()


def test_pick_chooses_the_tokens(model):
    streams = Streams(model, Numbers(), pick=lambda logits: torch.full((len(logits),), 7))
    assert "".join(streams.stream([1], 3)) == "7 7 7 "


# --- text -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tokenizer():
    return load("text-generation").tokenizer


def spoken(streams, tokens, limit=None):
    """The pieces of a stream whose model says these tokens, each taken before the next is made."""
    request = None

    def submit(given):
        nonlocal request
        request = given
        given.arrivals = OneByOne([*tokens[:limit], None])

    streams._submit = submit  # private: no model says what a test wants
    return list(streams.stream([1], 1000))


class OneByOne(queue.SimpleQueue):
    """Holds one item at a time, as if each had just arrived."""

    def __init__(self, items):
        self.items = iter(items)

    def get(self):
        return next(self.items)

    def empty(self):
        return True


@pytest.mark.parametrize(
    "text", ["Hello there, world.", "naïve 🙂 日本語 ༀ Ελλάδα", "  two  spaces\n\n\tand a tab ", "\u200d🙂"]
)
def test_no_piece_ends_within_a_character(model, tokenizer, text):
    ids = tokenizer(text)["input_ids"]
    pieces = spoken(Streams(model, tokenizer), ids)
    assert "".join(pieces) == text == tokenizer.decode(ids)
    assert not any("\ufffd" in piece for piece in pieces)
    assert len(pieces) > 1


def test_a_character_that_the_limit_cuts_is_left_out(model, tokenizer):
    ids = tokenizer("A ༀ")["input_ids"]
    assert "\ufffd" in tokenizer.decode(ids[:-1])
    assert "".join(spoken(Streams(model, tokenizer), ids, limit=len(ids) - 1)).rstrip() == "A"


def test_the_messages_of_a_chat_are_read_by_its_template():
    chat = load("text-generation")
    streams = Streams(chat.model, chat.tokenizer)
    messages = [{"role": "user", "content": "Name three colours."}]
    with closing(streams.stream(messages, 8)) as pieces:
        text = "".join(pieces)
    ids = chat.tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True)["input_ids"]
    made = chat.model.generate(torch.tensor([ids]).to(chat.device), max_new_tokens=8, do_sample=False)
    assert text.split()[:3] == chat.tokenizer.decode(made[0, len(ids) :], skip_special_tokens=True).split()[:3]


# --- which models ---------------------------------------------------------------------------------

SMALL = {"vocab_size": 64, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
FAMILIES = {
    "qwen2": {**SMALL, "num_key_value_heads": 1, "intermediate_size": 32},
    "gpt2": {"vocab_size": 64, "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 64},
    "phi": {**SMALL, "intermediate_size": 32},
}
OTHERS = {
    "mistral": ({**SMALL, "num_key_value_heads": 1, "intermediate_size": 32, "sliding_window": 8}, "Sliding"),
    "mamba": ({"vocab_size": 64, "hidden_size": 16, "num_hidden_layers": 2, "state_size": 4}, "takes no"),
    "bloom": ({"vocab_size": 64, "hidden_size": 16, "n_layer": 2, "n_head": 2}, "takes no position_ids"),
    "t5": ({"vocab_size": 64, "d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2}, "no decoder"),
}


def small(family, settings):
    config = CONFIG_MAPPING[family](**settings, bos_token_id=None, eos_token_id=None, pad_token_id=None)
    torch.manual_seed(0)
    return (AutoModelForSeq2SeqLM if family == "t5" else AutoModelForCausalLM).from_config(config).eval()


@pytest.mark.parametrize("family", FAMILIES)
def test_decoders_of_other_families_say_the_same_as_alone(family):
    model = small(family, FAMILIES[family])
    streams = Streams(model, Numbers())
    prompts = [[token % 64 for token in prompt] for prompt in PROMPTS]
    with Gate().around(model):
        readers = [Reader(streams.stream(prompt, 10)) for prompt in prompts]
        until(lambda: streams.waiting + streams.streaming == len(prompts), "all to have asked")
    assert [reader.whole() for reader in readers] == [alone(model, prompt, 10) for prompt in prompts]


@pytest.mark.parametrize("family", OTHERS)
def test_a_model_that_keeps_something_else_is_refused_in_words(family):
    settings, why = OTHERS[family]
    with pytest.raises(ValueError, match=f"cannot stream to many at once: .*{why}.* one at a time, or answer in batch"):
        Streams(small(family, settings), Numbers())


def test_the_module_can_be_copied_alone(tmp_path):
    shutil.copy(streaming.__file__, tmp_path / "streaming.py")
    program = "import streaming, sys; assert not any(n.startswith('gradio') for n in sys.modules); streaming.Streams"
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, timeout=200)
    assert Path(tmp_path, "streaming.py").exists()
