"""The ledger of symptoms: which messages that a `You see` line quotes were seen while the suite ran.

``make test`` and ``make test-all`` set SEEN to a folder, in which every process writes down what it printed, sent,
received and raised (`tools/offline/seen.py`), and the browser what its pages showed. After ``make test-all``,
``make ledger`` names each quote that is not among it. A quote that no such run can show stands in
`tests/unseen.toml` with its reason.
"""

import argparse
import html
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from gradio_patterns import collection

from .notebooks import tomllib

UNSEEN = Path(__file__).resolve().parent.parent / "tests" / "unseen.toml"
TELLING = 12  # characters: shorter quotes, such as `429`, stand in too many texts to be told apart
# A symptom that begins with a quote, in one or two backticks.
QUOTE = re.compile(r"(`{1,2}) ?(?P<text>.+?) ?\1(?!`)")


def quotes() -> dict[str, list[str]]:
    """Each quote with which a symptom begins, and the sections that have it."""
    found: dict[str, list[str]] = {}
    for notebook in collection.load_all():
        for section in notebook.sections:
            for symptom in section.symptoms:
                if (quote := QUOTE.match(symptom)) and len(_plain(quote["text"])) >= TELLING:
                    found.setdefault(quote["text"], []).append(section.name)
    return found


def pattern(quote: str) -> re.Pattern[str]:
    """A quote as it is looked for: without what differs from case to case, and with anything where it has `...`."""
    parts = [re.escape(_plain(part)) for part in re.split(r"(?<!/)\.{3}", quote)]
    return re.compile(".{0,200}".join(part for part in parts if part) or "$^")


def unseen(asked: Iterable[str], kept: Iterable[str]) -> list[str]:
    """Those quotes that stand in none of the texts."""
    left = {quote: pattern(quote) for quote in asked}
    for text in kept:
        made_plain = _plain(text)
        left = {quote: one for quote, one in left.items() if not one.search(made_plain)}
    return list(left)


def verdict(missing: Iterable[str], explained: dict[str, str], asked: Iterable[str]) -> list[str]:
    """What is wrong with the ledger, a sentence each; empty if nothing is."""
    missing, asked = set(missing), list(asked)
    wrong = [f"not seen: {quote}" for quote in asked if quote in missing and quote not in explained]
    return wrong + [f"said to be unseen, and quoted nowhere: {quote}" for quote in explained if quote not in asked]


def explained() -> dict[str, str]:
    """The quotes that no run shows, and why."""
    return {one["quote"]: one["reason"] for one in tomllib.loads(UNSEEN.read_text(encoding="utf-8"))["unseen"]}


def _plain(text: str) -> str:
    """A text without paths, numbers, quotes and colours, and without the escapes of JSON and HTML."""
    text = html.unescape(re.sub(r"\x1b\[[\d;]*m", "", text).replace("\\n", " ").replace("\\", ""))
    text = re.sub(r"(?:/[\w.~-]+){2,}/?|/\.{3}", " ", text)
    text = " ".join(re.sub(r"[\d'\"`*]+", " ", text).lower().split())
    return re.sub(r" ([,.:;])", r"\1", text)  # where a quote or a number stood before it


def texts(folder: Path) -> Iterable[str]:
    """What the processes wrote into the folder, one text after the other."""
    for path in sorted(folder.glob("*.txt")):
        yield from path.read_text(encoding="utf-8", errors="replace").split("\n\0\n")


def main() -> int:
    """Command line: the folder that the processes wrote into."""
    parser = argparse.ArgumentParser(prog="python -m tools.ledger", description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    asked = quotes()
    wrong = verdict(unseen(asked, texts(folder)), explained(), asked)
    for sentence in wrong:
        print(sentence)
    print(f"{len(asked)} quotes, {len(explained())} explained, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
