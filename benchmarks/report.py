"""Results as a table and a plot: replaces what stands between the markers of docs/benchmark.md."""

from pathlib import Path

import pandas as pd

from benchmarks.servers import NAMES

START, END = "<!-- results: written by `make bench` -->", "<!-- end of results -->"
BEST, UNBATCHED = "Gradio, run_batched, model apart", "Gradio, no batching"
PEERS = ("LitServe", "BentoML", "mosec")


def write(results: dict, folder: Path) -> str:
    """Write the page and the plot into `folder`; return the page's results."""
    raw, served = pd.DataFrame(results["raw"]), pd.DataFrame(results["served"])
    about = results["machine"]
    special = [part for part in ("gpu" if about["gpu"] else "", about["dtype"]) if part not in ("", "float32")]
    name = "-".join(["benchmark", *special])
    text = "\n\n".join(part for part in sections(results, raw, served, name) if part)
    page = folder / f"{name}.md"
    old = page.read_text(encoding="utf-8") if page.exists() else f"# Benchmark\n\n{START}\n{END}\n"
    head, _, rest = old.partition(START)
    tail = rest.partition(END)[2]
    folder.mkdir(parents=True, exist_ok=True)
    page.write_text(f"{head}{START}\n\n{text}\n\n{END}{tail}", encoding="utf-8")
    if len(served) and (served.task == "text").any():
        draw(raw, served).savefig(folder / f"{name}.png", dpi=120)
    return text


def sections(results: dict, raw: pd.DataFrame, served: pd.DataFrame, name: str) -> list[str]:
    about = results["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items() if version)
    device = about["gpu"] or "no GPU"
    parts = [
        f"Measured on {about['date']}: {about['cpu']}, {about['cores']} cores, {device}; Python {about['python']}, "
        f"{versions}; models in {about['dtype']}. The load of the machine before the run was {about['load before']}."
    ]
    if results["left out"]:
        parts.append(f"Not installed, so not measured: {', '.join(results['left out'])}.")
    for failure in results.get("failed", []):
        parts.append(f"Failed: {failure['name']} ({failure['task']}): {failure['error'].splitlines()[0]}")
    if len(raw):
        parts += ["### Without a server", raw_table(raw)]
    for task, title in (("text", "Texts"), ("images", "Images"), ("chat", "Chat"), ("nothing", "No model")):
        rows = served[served.task == task] if len(served) else served
        if len(rows):
            parts += [f"### {title}", served_table(raw, rows, task)]
    if len(served) and {"text"} <= set(served.task):
        parts += [f"![Answers a second by users, and latency]({name}.png)", "### Targets", targets(raw, served)]
    return parts


def rate(raw: pd.DataFrame, task: str, lengths: str, name: str) -> float:
    """Median over before, between and after, in items a second; NaN where it was not measured."""
    if not len(raw):
        return float("nan")
    return raw[(raw.task == task) & (raw.lengths == lengths) & (raw.name == name)].rate.median()


def first_lengths(rows: pd.DataFrame) -> str:
    return rows.lengths.iloc[0]


def raw_table(raw: pd.DataFrame) -> str:
    kinds = zip(raw.task, raw.lengths, strict=True)
    raw = raw.assign(what=[f"{task}, {lengths}" if lengths else task for task, lengths in kinds])
    columns = list(dict.fromkeys(raw.what))
    table = raw.pivot_table(index="name", columns="what", values="rate", aggfunc="median")[columns]
    table = table.loc[list(dict.fromkeys(raw.name))]
    spread = raw[(raw.name == "best split found")].groupby("what").rate.agg(lambda r: (r.max() - r.min()) / r.median())
    return (
        "Items a second, one thread, 64 items at hand (chat: 16).\n\n"
        + markdown(table.map(number), "")
        + "\n\nBetween the first and the last time, the best split varied by "
        + ", ".join(f"{spread[what]:.0%} ({what})" for what in columns if what in spread)
        + "."
    )


def served_table(raw: pd.DataFrame, rows: pd.DataFrame, task: str) -> str:
    order = [name for name in NAMES.values() if name in set(rows.name)]
    main = first_lengths(rows)
    medians = rows.groupby(["name", "lengths", "users"])[["rate", "p50", "p95"]].median()
    table = pd.DataFrame(index=order)
    for users in sorted(rows[rows.lengths == main].users.unique()):
        table["1 user" if users == 1 else f"{users} users"] = [
            number(medians.rate.get((name, main, users))) for name in order
        ]
    at = set(rows[rows.lengths == main].users)
    users = 64 if 64 in at else max(at)
    ceiling = rate(raw, task, main, "best split found")
    if ceiling == ceiling:
        shares = [medians.rate.get((name, main, users), float("nan")) / ceiling for name in order]
        table[f"of the ceiling, {users} users"] = [f"{share:.0%}" for share in shares]
    table[f"median, s, {users} users"] = [f"{medians.p50.get((name, main, users)):.2f}" for name in order]
    table[f"95th, s, {users} users"] = [f"{medians.p95.get((name, main, users)):.2f}" for name in order]
    for lengths in [kind for kind in dict.fromkeys(rows.lengths) if kind != main]:
        table[f'"{lengths}", 64 users'] = [number(medians.rate.get((name, lengths, 64))) for name in order]
    unit = "Events" if task == "nothing" else "Answers"
    kind = f' of length "{main}" unless said otherwise' if main else ""
    return f"{unit} a second{kind}, in the steady part; the median of the rounds.\n\n{markdown(table, 'Server')}"


def targets(raw: pd.DataFrame, served: pd.DataFrame) -> str:
    """Each target with the number reached and whether that meets it."""
    rows = served[(served.task == "text") & (served.users == 64)]
    main = first_lengths(served[served.task == "text"])
    at = rows[rows.lengths == main].groupby("name").rate.median()
    ceiling, best = rate(raw, "text", main, "best split found"), at.get(BEST, float("nan"))
    peers = [name for name in PEERS if name in at]
    unbatched = at.get(UNBATCHED, float("nan"))
    lines = [
        ("`run_batched` alone, of the best split found", rate(raw, "text", main, "run_batched") / ceiling, 0.95, "%"),
        ("through Gradio's queue, 64 users, of the best split found", best / ceiling, 0.85, "%"),
        (
            "through Gradio's queue, 64 users, against Gradio unbatched",
            best / unbatched,
            2.5,
            "x",
        ),
        *((f"the same against {name} as documented", best / at[name], 1.5, "x") for name in peers),
    ]
    table = pd.DataFrame(
        [
            (
                what,
                show(goal, unit),
                show(value, unit),
                verdict(value, goal, unit),
            )
            for what, value, goal, unit in lines
            if value == value
        ],
        columns=["Target", "At least", "Reached", ""],
    ).set_index("Target")
    return markdown(table, "Target")


def verdict(value: float, goal: float, unit: str) -> str:
    short = f"{100 * (goal - value):.0f} points" if unit == "%" else show(goal - value, unit)
    return "met" if value >= goal else f"missed by {short}"


def show(value: float, unit: str) -> str:
    return f"{value:.0%}" if unit == "%" else f"{value:.2f} x"


def number(value: float | None) -> str:
    return "" if value is None or value != value else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def markdown(table: pd.DataFrame, corner: str) -> str:
    lines = [f"| {' | '.join([corner, *map(str, table.columns)])} |", f"|{'---|' * (len(table.columns) + 1)}"]
    lines += [f"| {' | '.join([str(index), *map(str, row)])} |" for index, *row in table.itertuples(name=None)]
    return "\n".join(lines)


def draw(raw: pd.DataFrame, served: pd.DataFrame):
    """Answers a second by users beside the ceiling, and the median latency at each number of users."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    main = first_lengths(served[served.task == "text"])
    rows = served[(served.task == "text") & (served.lengths == main)]
    medians = rows.groupby(["name", "users"])[["rate", "p50"]].median().reset_index()
    figure, axes = plt.subplots(1, 2, figsize=(12, 4.8), layout="constrained")
    colours = {"Gradio": "#08519c", "LitServe": "#54278f", "BentoML": "#a63603", "mosec": "#006d2c"}
    styles = dict(
        zip(
            ("one", "padded", "batched", "tuned", "apart"), (":", "-.", "--", (0, (6, 1, 1, 1, 1, 1)), "-"), strict=True
        )
    )
    modes = {name: candidate.mode for candidate, name in NAMES.items()}
    for name in [name for name in NAMES.values() if name in set(medians.name)]:
        kind = next(kind for kind in colours if name.startswith(kind))
        style = styles[modes[name]]
        line, look = medians[medians.name == name], {"color": colours[kind], "linestyle": style, "marker": "o", "ms": 4}
        axes[0].plot(line.users, line.rate, label=name, **look)
        axes[1].plot(line.users, line.p50, label=name, **look)
    ceiling = rate(raw, "text", main, "best split found")
    axes[0].axhline(ceiling, color="0.5", lw=1)
    axes[0].annotate("the bare model, best split", (1, ceiling), va="bottom", fontsize=9, color="0.3")
    axes[0].set(xscale="log", xlabel="concurrent users", ylabel="answers a second", ylim=(0, 1.12 * ceiling))
    axes[1].set(xscale="log", yscale="log", xlabel="concurrent users", ylabel="median latency, seconds")
    for each in axes:
        each.set_xticks(sorted(medians.users.unique()), [str(users) for users in sorted(medians.users.unique())])
        each.minorticks_off()
        each.grid(alpha=0.3)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center", frameon=False, fontsize=9)
    plt.close(figure)
    return figure
