"""Compare batching through Gradio's queue with the bare model and with other servers, on this machine, in one run.

python -m benchmarks                      everything: about 50 minutes on two cores
python -m benchmarks --quick --no-peers   a look, a few minutes
python -m benchmarks --report             write the page anew from the last results

Writes build/bench/results.json as it goes, and the results into docs/benchmark.md and docs/benchmark.png, or
benchmark-gpu.md on a GPU and benchmark-bfloat16.md with --dtype bfloat16.
"""

import argparse
import json
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pandas as pd

from benchmarks.servers import NAMES, ROOT, Candidate, installed, load, running

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

RESULTS = ROOT / "build" / "bench" / "results.json"
REQUESTS = {1: 24, 8: 16, 64: 8, 256: 4}  # of each user
EACH = {"chat": 4, "nothing": 30, "images": 6}
USERS = {"images": [64], "chat": [16], "nothing": [64]}  # else as the options say
COUNTS = {"long": 64, "images": 128, "chat": 32}  # of different payloads, else 256
ALIKE = 0.8  # of the answers, at least, are the bare model's own: batches round differently


def main() -> int:
    options = arguments()
    if not options.report:
        options.results.parent.mkdir(parents=True, exist_ok=True)
        measure(options)
    from benchmarks.report import write

    print(write(json.loads(options.results.read_text(encoding="utf-8")), options.out))
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=2, help="how often each server is started and measured")
    parser.add_argument("--users", type=int, nargs="+", default=list(REQUESTS), help="numbers of concurrent users")
    parser.add_argument("--tasks", nargs="+", default=["text", "images", "chat", "nothing"])
    parser.add_argument("--only", nargs="+", help="candidates by the start of their names")
    parser.add_argument("--no-peers", action="store_true", help="without LitServe, BentoML and mosec")
    parser.add_argument("--quick", action="store_true", help="one round, 8 and 64 users, one kind of text")
    parser.add_argument("--dtype", default="float32", help="of the models; another one gets a page of its own")
    parser.add_argument("--report", action="store_true", help="measure nothing, write the last results")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help="the folder of benchmark.md and benchmark.png")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.users, options.tasks = 1, [8, 64], ["text"]
    return options


def measure(options: argparse.Namespace) -> None:
    import torch

    torch.set_num_threads(1)
    os.environ["GRADIO_PATTERNS_DTYPE"] = options.dtype  # each process would choose by a measurement of its own
    candidates = [candidate for candidate in NAMES if candidate.kind == "gradio" or not options.no_peers]
    missing = sorted({candidate.kind for candidate in candidates if not installed(candidate.kind)})
    if missing:
        say(f"Not installed, left out: {', '.join(missing)}. pip install -r benchmarks/requirements.txt")
    candidates = [candidate for candidate in candidates if candidate.kind not in missing]
    if options.only:
        candidates = [c for c in candidates if any(c.name.lower().startswith(name.lower()) for name in options.only)]
    results: dict = {"machine": machine(), "raw": [], "served": [], "left out": missing, "failed": []}
    for task in options.tasks:
        measure_task(task, candidates, options, results)
        save(results, options.results)


def save(results: dict, path: Path) -> None:
    path.write_text(json.dumps(results, indent=1), encoding="utf-8")


def measure_task(task_name: str, candidates: list[Candidate], options: argparse.Namespace, results: dict) -> None:
    """The raw rates before, between and after; each candidate once a round, in an order that turns round."""
    from benchmarks.raw import Raw
    from benchmarks.tasks import TASKS

    task = TASKS[task_name]()
    nothing = task_name == "nothing"
    chosen = [candidate for candidate in candidates if candidate.kind == "gradio" or not nothing]
    kinds = task.lengths[:1] if options.quick else task.lengths
    users = USERS.get(task_name, options.users)
    payloads = {kind: task.payloads(COUNTS.get(kind or task_name, 256), kind) for kind in kinds}
    raw = {} if nothing else {kind: Raw(task, payloads[kind], min(64, max(users))) for kind in kinds}
    expected = {kind: [task.one(payload) for payload in payloads[kind]] for kind in kinds}

    def ceiling(when: str) -> None:
        for kind, windows in raw.items():
            for name, value in raw_rates(windows, kind == kinds[0], when == "before").items():
                say(f"{task_name:8} {kind:12} {name:40} {value:8.1f} /s   ({when})")
                results["raw"].append({"task": task_name, "lengths": kind, "name": name, "rate": value, "when": when})

    say(f"{task_name}: searching for the best split of the bare model")
    ceiling("before")
    for number in range(options.rounds):
        for candidate in chosen if number % 2 == 0 else chosen[::-1]:
            try:
                with running(candidate, task_name, payloads[kinds[0]][0]) as url:
                    load(candidate, url, payloads[kinds[0]], 8, 2)  # warm
                    plan = [(kinds[0], many) for many in users] + [(kind, 64) for kind in kinds[1:]]
                    for kind, many in plan:
                        each = EACH.get(task_name) or (REQUESTS.get(many, 8) if kind == kinds[0] else 4)
                        df = load(candidate, url, payloads[kind], many, each)
                        row = {"task": task_name, "lengths": kind, "kind": candidate.kind, "mode": candidate.mode}
                        row |= {"name": candidate.name, "users": many, "round": number}
                        row |= numbers(df) | {"alike": alike(df, expected[kind], each)}
                        if task_name != "chat" and row["alike"] < ALIKE:
                            raise RuntimeError(f"only {row['alike']:.0%} of the answers are the bare model's own")
                        say(f"{task_name:8} {kind:12} {candidate.name:40} {row['rate']:8.1f} /s   {many} users")
                        results["served"].append(row)
            except RuntimeError as error:  # the others are measured all the same
                say(f"{task_name}: {candidate.name} failed: {error}")
                results["failed"].append({"task": task_name, "name": candidate.name, "error": str(error)[:300]})
            save(results, options.results)
        ceiling("after" if number == options.rounds - 1 else "between")


def alike(df: pd.DataFrame, expected: list[str], each: int) -> float:
    """The share of the answers that are what the bare model gives for the same payload alone."""
    return float((df.output == [expected[number % len(expected)] for number in df.user * each + df.number]).mean())


def raw_rates(raw, main: bool, first: bool) -> dict[str, float]:
    """Items a second without a server. `best` is searched once; afterwards the same strategy is timed again.

    main: the kind of payload that all is compared on; of the others only the ceiling and our function are timed again.
    """
    from benchmarks.raw import arrival, libraries, strategies

    if not hasattr(raw, "chosen"):
        raw.cut(lambda sizes: arrival(sizes, 1))  # warm
        raw.chosen = raw.best()
    rates: dict[str, list[float]] = {}
    runs = {
        "one by one": lambda: raw.cut(lambda sizes: arrival(sizes, 1)),
        "32 in arrival order, padded": lambda: raw.cut(lambda sizes: arrival(sizes, 32)),
        "best split found": lambda: raw.cut(strategies()[raw.chosen]),
        "run_batched": raw.function,
        "run_batched and preparing": raw.whole,
    }
    if main:
        for name, call in libraries(raw.task).items():
            runs[name] = lambda call=call: library(raw, call)
    elif not first:
        runs = {name: runs[name] for name in ("best split found", "run_batched")}
    for _ in range(3):
        for name, run in runs.items():
            rates.setdefault(name, []).append(run())
    return {name: sorted(values)[len(values) // 2] for name, values in rates.items()}


def library(raw, call) -> float:
    from benchmarks.raw import rate

    return rate(lambda: [call(window) for window in raw.payloads] and None, raw.count)


def numbers(df: pd.DataFrame) -> dict:
    """Answers a second once all users are under way and until the first one is done, and the latencies, in seconds.

    From the first second answer of a user to the first last answer: both are the beginning of a batch's answers, so
    that a batch counts whole or not at all. Of the answers at both ends, those of the beginning count.
    """
    failed = df[(df.status != "ok") | df.output.isna()]  # an item that fails in a batch is answered with nothing
    if len(failed):
        raise RuntimeError(f"{len(failed)} of {len(df)} requests failed:\n{failed.head()}")
    ends, users = df.ended, df.sort_values("ended").groupby("user").ended
    first, last = users.nth(1).min(), users.max().min()
    if not first < last:
        raise RuntimeError("the users sent too few requests for a rate; three each, at least")
    latency = df.ended - df.queued
    return {
        "rate": float(((ends >= first) & (ends < last)).sum() / (last - first)),
        "whole rate": float(len(df) / (ends.max() - df.queued.min())),
        "p50": float(latency.median()),
        "p95": float(latency.quantile(0.95)),
    }


def machine() -> dict:
    import torch

    cpu = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        cpu = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), cpu)
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    packages = ("gradio", "torch", "transformers", "litserve", "bentoml", "mosec", "sentence-transformers")
    versions = {}
    for name in packages:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = None
    date = pd.Timestamp.now("UTC").strftime("%Y-%m-%d")
    about = {"cpu": cpu, "cores": os.cpu_count(), "gpu": gpu, "python": platform.python_version(), "date": date}
    about["dtype"] = os.environ["GRADIO_PATTERNS_DTYPE"]
    return about | {"versions": versions, "load before": round(os.getloadavg()[0], 2)}


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
