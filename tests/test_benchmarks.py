"""The benchmark's own parts: a tiny run from end to end, and the page that it writes."""

import json
import math

import pandas as pd
import pytest

from benchmarks import report
from benchmarks.__main__ import alike, main, numbers, raw_rates
from benchmarks.raw import Raw, arrival, sorted_chunks, strategies
from benchmarks.servers import NAMES


@pytest.mark.slow
def test_a_tiny_run_writes_the_page(tmp_path, monkeypatch):
    (tmp_path / "benchmark.md").write_text(f"# Mine\n\nbefore\n\n{report.START}\nold\n{report.END}\n\nafter\n")
    options = ["--tasks", "nothing", "--only", "Gradio, run_batched", "--rounds", "1", "--no-peers"]
    monkeypatch.setattr("sys.argv", ["benchmarks", *options, "--out", str(tmp_path), "--results", f"{tmp_path}/r.json"])
    monkeypatch.setattr("benchmarks.__main__.EACH", {"nothing": 3})
    monkeypatch.setenv("GRADIO_PATTERNS_DTYPE", "float32")
    assert main() == 0
    rows = json.loads((tmp_path / "r.json").read_text())["served"]
    assert [row["mode"] for row in rows] == ["tuned", "apart"]
    assert all(row["users"] == 64 and row["rate"] > 0 and row["alike"] == 1 for row in rows)
    page = (tmp_path / "benchmark.md").read_text()
    assert page.startswith("# Mine\n\nbefore")
    assert page.endswith("after\n")
    assert "old" not in page
    assert "| Gradio, run_batched, model apart |" in page


def requests(ends: dict[int, list[float]]) -> pd.DataFrame:
    rows = [(user, n, 0.0, end, "ok", "a") for user, times in ends.items() for n, end in enumerate(times)]
    return pd.DataFrame(rows, columns=["user", "number", "queued", "ended", "status", "output"])


def test_the_rate_is_that_of_the_steady_part():
    df = requests({0: [1.0, 2.0, 3.0, 9.0], 1: [1.0, 2.0, 3.0, 4.0]})
    assert numbers(df)["rate"] == pytest.approx(4 / 2), "from 2 s, the first second answer, to 4 s, when one is done"
    assert numbers(df)["whole rate"] == pytest.approx(8 / 9)


def test_the_rate_does_not_depend_on_how_answers_are_bunched():
    batch = requests({user: [second + user / 1000 for second in (1, 2, 3, 4, 5)] for user in range(32)})
    spread = requests({user: [second + user / 32 for second in (1, 2, 3, 4, 5)] for user in range(32)})
    assert numbers(batch)["rate"] == pytest.approx(32)
    assert numbers(spread)["rate"] == pytest.approx(32)


@pytest.mark.parametrize("wrong", [{"status": ["ok", "error", "ok"]}, {"output": ["a", None, "a"]}])
def test_a_failed_request_is_no_answer(wrong):
    df = requests({0: [1.0, 2.0, 3.0]}).assign(**wrong)
    with pytest.raises(RuntimeError, match="1 of 3 requests failed"):
        numbers(df)


def test_answers_are_compared_with_the_bare_models():
    df = requests({0: [1.0, 2.0], 1: [1.0, 2.0]}).assign(output=["a", "b", "c", "d"])
    assert alike(df, ["a", "b", "c", "x"], 2) == 0.75
    assert alike(df.assign(output=["a", "b", "a", "b"]), ["a", "b"], 2) == 1, "payloads are dealt out in turn"


class Doubles:
    """A task without a model: an item is a number, its answer twice as much."""

    limits = None

    def __init__(self, fail=False):
        self.fail, self.passes = fail, []

    def items(self, payloads):
        return [int(payload) for payload in payloads]

    def size(self, item):
        return item

    def forward(self, items):
        if self.fail:
            raise RuntimeError("broken")
        self.passes.append(items)
        return [str(2 * item) for item in items]

    def batched(self, payloads):
        return [self.forward(self.items(payloads)), [""] * len(payloads)]


def test_the_bare_model_sees_every_item_in_each_way_to_cut():
    task = Doubles()
    raw = Raw(task, [str(number) for number in range(1, 101)], window=32)
    rates = raw_rates(raw, main=True, first=True)
    assert {"one by one", "best split found", "run_batched"} <= set(rates)
    assert all(rate > 0 for rate in rates.values())
    task.passes.clear()
    raw.function()
    assert sorted(item for group in task.passes for item in group) == list(range(1, 101))


def test_a_failing_model_is_no_fast_model():
    with pytest.raises(RuntimeError, match="10 items failed"):
        Raw(Doubles(fail=True), ["1"] * 10).function()


def test_every_strategy_runs_every_item_once():
    sizes = [(7 * index) % 50 + 1 for index in range(61)]
    for strategy in [*strategies().values(), lambda s: arrival(s, 5), lambda s: sorted_chunks(s, 5)]:
        assert sorted(index for group in strategy(sizes) for index in group) == list(range(len(sizes)))


def results(best: float) -> dict:
    raw = [
        {"task": "text", "lengths": "mixed", "name": name, "rate": rate, "when": when}
        for name, rate in {"best split found": 100.0, "run_batched": 97.0}.items()
        for when in ("before", "after")
    ]
    rates = {"one": 30.0, "padded": 40.0, "batched": 70.0, "tuned": 75.0, "apart": best}
    served = [
        {
            "task": "text",
            "lengths": "mixed",
            "name": name,
            "users": users,
            "rate": rates[c.mode],
            "p50": 1.0,
            "p95": 2.0,
        }
        for c, name in NAMES.items()
        for users in (1, 64)
    ]
    versions = {"gradio": "6.31.0", "mosec": None}
    machine = {"cpu": "a", "cores": 2, "gpu": None, "python": "3", "date": "d"}
    machine |= {"load before": 0, "dtype": "float32", "versions": versions}
    return {"machine": machine, "raw": raw, "served": served, "left out": []}


@pytest.mark.parametrize(
    ("best", "verdict"), [(86.0, "| 85% | 86% | met |"), (80.0, "| 85% | 80% | missed by 5 points |")]
)
def test_targets_are_judged_by_the_numbers(tmp_path, best, verdict):
    page = report.write(results(best), tmp_path)
    assert verdict in page
    assert "| 95% | 97% | met |" in page
    assert f"| 2.50 x | {best / 30:.2f} x | met |" in page
    assert (tmp_path / "benchmark.png").stat().st_size > 10_000


def test_what_was_not_measured_is_left_blank():
    assert report.number(math.nan) == report.number(None) == ""
