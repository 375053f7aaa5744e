"""The batching function: nothing lost, nothing reordered, little padded, failures apart."""

import itertools
import math
import random
import shutil
import subprocess
import sys
import threading
import weakref
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradio_patterns import batching
from gradio_patterns.batching import Limits, run_batched, split

SIZES = st.lists(st.integers(1, 60), max_size=40)


class Forward:
    """A model that doubles numbers, fails on chosen ones, and keeps the passes it was given."""

    def __init__(self, bad=(), capacity=math.inf, error=ValueError):
        self.bad, self.capacity, self.error = set(bad), capacity, error
        self.passes, self.succeeded = [], []

    def __call__(self, group):
        self.passes.append(list(group))
        if self.bad & {name for name, _ in group}:
            raise self.error("a bad item")
        if len(group) * max(size for _, size in group) > self.capacity:
            raise RuntimeError("[enforce fail at alloc_cpu.cpp:121] . DefaultCPUAllocator: can't allocate memory")
        self.succeeded.append(list(group))
        return [(name, size * 2) for name, size in group]


def second(item):
    return item[1]


@given(
    sizes=SIZES,
    bad=st.sets(st.integers(0, 39)),
    tokens=st.integers(1, 400),
    items=st.integers(1, 12),
    overhead=st.integers(0, 100),
)
def test_every_item_gets_its_own_result_or_its_own_problem(sizes, bad, tokens, items, overhead):
    given_items, forward = list(enumerate(sizes)), Forward(bad)
    results, problems = run_batched(
        forward, given_items, size=second, max_tokens=tokens, max_items=items, overhead=overhead, message=str
    )
    for (name, size), result, problem in zip(given_items, results, problems, strict=True):
        assert (result, problem) == ((None, "a bad item") if name in bad else ((name, size * 2), ""))
    for group in forward.passes:
        assert len(group) <= items
        assert len(group) == 1 or len(group) * max(map(second, group)) <= tokens
    run = [name for group in forward.succeeded for name, _ in group]
    assert sorted(run) == [name for name in range(len(sizes)) if name not in bad], "run once each, the bad ones never"


@given(sizes=SIZES, capacity=st.integers(1, 300))
def test_out_of_memory_halves_down_to_one_item(sizes, capacity):
    forward = Forward(capacity=capacity)
    results, problems = run_batched(forward, list(enumerate(sizes)), size=second, message=str)
    for size, result, problem in zip(sizes, results, problems, strict=True):
        assert (result is None) == (size > capacity) == ("can't allocate memory" in problem)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 9)), max_size=20))
def test_items_of_different_keys_never_share_a_pass(items):
    forward = Forward()
    results, _ = run_batched(forward, items, key=lambda item: item[0], size=second)
    assert results == [(name, size * 2) for name, size in items], "duplicates included"
    assert all(len({name for name, _ in group}) == 1 for group in forward.passes)


def partitions(items):
    if not items:
        yield []
        return
    first, rest = items[0], items[1:]
    for count in range(len(rest) + 1):
        for others in itertools.combinations(rest, count):
            for tail in partitions([item for item in rest if item not in others]):
                yield [[first, *others], *tail]


@settings(max_examples=60)
@given(
    sizes=st.lists(st.integers(1, 20), min_size=1, max_size=7),
    limits=st.builds(Limits, st.integers(1, 80), st.integers(1, 7), st.integers(0, 30)),
)
def test_no_other_grouping_costs_less(sizes, limits):
    pairs = [(size, index) for index, size in enumerate(sizes)]

    def cost(groups):
        total = 0
        for group in groups:
            padded = len(group) * max(sizes[i] for i in group)
            if len(group) > limits.max_items or (len(group) > 1 and padded > limits.max_tokens):
                return math.inf
            total += padded + limits.overhead
        return total

    assert cost(split(pairs, limits)) == min(cost(groups) for groups in partitions(list(range(len(sizes)))))


def test_sorted_passes_hold_less_padding_than_arrival_order():
    sizes = random.Random(0).choices([6, 8, 10, 90], k=64)
    forward = Forward()
    run_batched(forward, list(enumerate(sizes)), size=second, max_tokens=1024, max_items=32, overhead=24)
    padded = sum(len(group) * max(map(second, group)) for group in forward.passes)
    assert padded < 1.1 * sum(sizes) < 0.5 * len(sizes) * max(sizes)


@pytest.mark.parametrize("outputs", [1, 2])
def test_empty_list_calls_nothing_and_returns_a_list_per_output(outputs):
    assert run_batched(pytest.fail, [], outputs=outputs) == [[]] * (outputs + 1)


def test_several_outputs_make_several_columns():
    columns = run_batched(lambda group: [(x, -x) for x in group], [1, 2, 3], outputs=2)
    assert columns == [[1, 2, 3], [-1, -2, -3], ["", "", ""]]


def test_refused_items_are_not_run_and_keep_their_words():
    import gradio as gr

    seen = []
    results, problems = run_batched(lambda group: seen.extend(group) or group, ["a", gr.Error("Type something."), "b"])
    assert (results, problems) == (["a", None, "b"], ["", "Type something.", ""])
    assert sorted(seen) == ["a", "b"]


def test_an_exception_as_a_result_fails_its_item_without_a_second_run():
    calls = []

    def forward(group):
        calls.append(group)
        return [ValueError("odd") if x % 2 else x for x in group]

    assert run_batched(forward, [1, 2, 3, 4], message=str) == [[None, 2, None, 4], ["odd", "", "odd", ""]]
    assert len(calls) == 1


def test_an_item_that_cannot_be_sized_fails_alone():
    assert run_batched(list, ["ab", None, "c"], size=len, message=lambda error: type(error).__name__) == [
        ["ab", None, "c"],
        ["", "TypeError", ""],
    ]


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        (lambda group: group[:-1], "returned 3 results for 4 items"),
        (lambda group: [*group, 0], "returned 5 results for 4 items"),
        (lambda group: None, "returned NoneType for 4 items"),
        (lambda group: "four", "returned str for 4 items"),
        (lambda group: dict.fromkeys(group), "returned dict for 4 items"),
    ],
)
def test_a_wrong_number_of_results_is_said_in_words(returned, words):
    with pytest.raises(ValueError, match=words):
        run_batched(returned, [1, 2, 3, 4])


def test_a_wrong_number_of_outputs_is_said_in_words():
    with pytest.raises(ValueError, match=r"tuple of 2 values for each item .*returned str: 'ab'"):
        run_batched(lambda group: ["ab" for _ in group], [1, 2], outputs=2)


@pytest.mark.parametrize("limit", [{"max_tokens": 0}, {"max_items": 0}, {"overhead": -1}, {"outputs": 0}])
def test_limits_that_allow_nothing_are_refused(limit):
    with pytest.raises(ValueError, match="must be positive"):
        run_batched(list, [1], **limit)


def test_results_may_come_from_a_generator_or_a_tensor():
    torch = pytest.importorskip("torch", reason="torch is installed with the package; this only guards a bare copy")
    assert run_batched(lambda group: (x * 2 for x in group), [1, 2]) == [[2, 4], ["", ""]]
    assert run_batched(lambda group: torch.tensor(group), [1, 2])[0] == [torch.tensor(1), torch.tensor(2)]


def test_a_stop_is_not_taken_for_a_bad_item():
    def forward(group):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_batched(forward, [1, 2])


def test_the_failed_pass_is_freed_before_its_halves_run():
    import torch

    held = []

    def forward(group):
        assert all(reference() is None for reference in held), "the failed pass still holds its memory"
        activations = torch.zeros(len(group))
        held.append(weakref.ref(activations))
        if len(group) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return group

    assert run_batched(forward, [1, 2, 3, 4])[0] == [1, 2, 3, 4]


def test_torch_running_out_of_memory_is_recognised():
    import torch

    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**50)
    assert batching.is_out_of_memory(caught.value)
    assert batching.is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB."))
    assert batching.is_out_of_memory(MemoryError())
    assert not batching.is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))


def test_users_read_nothing_internal(caplog):
    _, (short, large) = run_batched(
        lambda group: [ValueError("/srv/secret.txt"), MemoryError()][group[0] :][:1], [0, 1], max_items=1
    )
    assert short == "This input could not be processed."
    assert "too large" in large
    assert "/srv/secret.txt" in caplog.text


def test_copied_alone_it_imports_without_torch(tmp_path):
    shutil.copy(batching.__file__, tmp_path / "batching.py")
    program = "import sys, batching; assert batching.run_batched(list, [1]) == [[1], ['']]; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert not {"torch", "gradio", "numpy"} & set(loaded.stdout.split())


# Real models


WORDS = Path(__file__).read_text(encoding="utf-8").split()


@pytest.fixture(scope="module")
def encoder():
    """`encode(list of token id lists) -> list of vectors` and the tokenizer of the packaged MiniLM."""
    import torch

    from gradio_patterns.models import load

    torch.set_num_threads(1)  # two busy test runs on two cores slow each other down far more than this
    embed = load("feature-extraction")
    model, tokenizer = embed.model, embed.tokenizer

    @torch.inference_mode()
    def encode(group):
        batch = tokenizer.pad({"input_ids": group}, return_tensors="pt").to(model.device)
        hidden, mask = model(**batch).last_hidden_state, batch["attention_mask"].unsqueeze(-1)
        return ((hidden * mask).sum(1) / mask.sum(1)).float().cpu()

    return encode, tokenizer, model.dtype


@settings(max_examples=5, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 500), st.integers(1, 40)), max_size=8), st.integers(1, 512))
def test_minilm_gives_what_it_gives_one_by_one(encoder, cuts, tokens):
    import torch

    encode, tokenizer, dtype = encoder
    texts = [" ".join(WORDS[start : start + length]) for start, length in cuts]
    ids = [tokenizer(text, truncation=True)["input_ids"] for text in texts]
    vectors, problems = run_batched(encode, ids, size=len, max_tokens=tokens)
    assert problems == [""] * len(texts)
    tolerance = {torch.float32: 1e-4, torch.float16: 1e-2, torch.bfloat16: 1e-1}[dtype]
    for vector, alone in zip(vectors, map(encode, ([each] for each in ids)), strict=True):
        torch.testing.assert_close(vector, alone[0], atol=tolerance, rtol=tolerance)


def test_left_padded_generation_gives_what_it_gives_one_by_one():
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=97, pad_token_id=0, eos_token_id=96, **shape)).double().eval()

    def generate(group):
        new = group[0][1]
        rows = torch.nn.utils.rnn.pad_sequence([torch.tensor(ids) for ids, _ in group], True, 0, padding_side="left")
        out = model.generate(rows, attention_mask=rows.ne(0).long(), max_new_tokens=new, do_sample=False)
        return out[:, rows.shape[1] :].tolist()

    dice = random.Random(1)
    prompts = [([dice.randint(1, 95) for _ in range(dice.randint(1, 30))], dice.choice([3, 6])) for _ in range(8)]
    answers, _ = run_batched(generate, prompts, size=lambda item: len(item[0]), key=second, max_tokens=128)

    def until_end(ids):
        return ids[: ids.index(96)] if 96 in ids else [token for token in ids if token]

    assert list(map(until_end, answers)) == [until_end(generate([prompt])[0]) for prompt in prompts]
    assert len({len(answer) for answer in answers}) > 1, "both settings were generated"


def test_images_of_one_size_share_a_pass():
    import torch

    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()).double()
    images = [torch.rand(3, *size, dtype=torch.double) for size in [(8, 8), (12, 8), (8, 8), (8, 12), (12, 8)]]
    passes = []

    def classify(group):
        passes.append(len(group))
        return model(torch.stack(group))

    scores, problems = run_batched(classify, images, key=lambda image: image.shape)
    assert sorted(passes) == [1, 2, 2]
    assert problems == [""] * 5
    for score, image in zip(scores, images, strict=True):
        torch.testing.assert_close(score, model(image[None])[0])


# Through Gradio


def test_one_user_reads_an_error_and_the_rest_of_the_batch_their_results(caplog):
    import gradio as gr

    from gradio_patterns.testing.traffic import send

    first_runs, rest_waits, batches = threading.Event(), threading.Event(), []

    def upper(group):
        if "bad" in group:
            raise ValueError("bad")
        return [text.upper() for text in group]

    def handle(texts):
        batches.append(len(texts))
        if not first_runs.is_set():
            first_runs.set()
            assert rest_waits.wait(30)
        return run_batched(upper, texts, size=len)

    with gr.Blocks() as demo:
        text, answer, problem = gr.Textbox(label="Text"), gr.Textbox(label="Answer"), gr.Textbox(label="Problem")
        text.submit(handle, text, [answer, problem], batch=True, max_batch_size=8, api_name="upper")
    demo.launch(prevent_thread_lock=True, quiet=True, inline=False)
    opener = threading.Thread(target=send, args=(demo.local_url, "upper", [["opens"]]), kwargs={"users": 1})
    try:
        opener.start()
        assert first_runs.wait(30)
        release = threading.Thread(target=release_when_waiting, args=(demo, 5, rest_waits))
        release.start()
        df = send(demo.local_url, "upper", [["one"], ["a longer one"], ["bad"], ["four"], ["five"]], users=5)
    finally:
        rest_waits.set()
        opener.join()
        demo.close()
    assert batches == [1, 5], "all five in one batch"
    assert df.status.tolist() == ["ok"] * 5
    assert df.output.tolist() == [
        ["ONE", ""],
        ["A LONGER ONE", ""],
        [None, "This input could not be processed."],
        ["FOUR", ""],
        ["FIVE", ""],
    ]


def release_when_waiting(demo, count, event):
    """Set `event` once `count` events wait in the demo's queue."""
    while len(demo._queue) < count and not event.wait(0.01):
        pass
    event.set()
