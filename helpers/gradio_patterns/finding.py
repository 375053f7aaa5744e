"""Find the recipe for a symptom, an error text or a pasted traceback.

The words are ranked by SQLite's full-text search (BM25 over stemmed words), by section and by sentence; misspelt words
are first mended with RapidFuzz from the collection's own words, and error texts are compared as wholes. How people
describe a problem in other words stands in `asked.py`. Neither Gradio nor torch is imported.
"""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from .asked import ASKED
from .collection import Notebook, Section, load_all
from .wordings import EMPTY_WORDS, OTHER_WORDS

__all__ = ["Found", "Index", "find"]

# How much a word counts by where it stands: symptoms, cure, heading and name, other people's words, prose, code.
WEIGHTS = (8.0, 3.0, 5.0, 6.0, 1.5, 0.1)
SAME_TEXT = 78.0  # of 100: from here on a quoted error text is taken to be the one that was pasted
STEMS = "tokenize=\"porter unicode61 tokenchars '_'\""
EMPTY = frozenset(EMPTY_WORDS.split())
LEAST = 0.2  # the share of the search's words, rare ones counting more, that a recipe must have


@dataclass(frozen=True)
class Found:
    """A section that answers, and how well: `score` is larger for the better, and comparable within one search."""

    notebook: Notebook
    section: Section
    score: float

    @property
    def name(self) -> str:
        """The recipe's name, or that of the table."""
        return self.section.name

    @property
    def data(self) -> dict:
        """For programs."""
        return {
            "name": self.name,
            "notebook": self.notebook.name,
            "kind": "table" if self.section.is_reference else "recipe",
            "heading": self.section.heading,
            "you_see": self.section.symptoms,
            "do": self.section.cure,
            "score": round(self.score, 3),
        }


def find(text: str, limit: int = 5) -> list[Found]:
    """The sections that answer, best first; none where nothing fits."""
    return Index(load_all()).find(text, limit)


class Index:
    """The collection's sections, ready to be searched."""

    def __init__(self, notebooks: list[Notebook]):
        self.sections = [(n, s) for n in notebooks for s in n.sections if not s.is_folklore]
        self.texts = [(i, *text) for i, (_, s) in enumerate(self.sections) for text in quoted(s)]
        self.db = sqlite3.connect(":memory:")
        columns = "symptoms, cure, heading, asked, prose, code"
        self.db.execute(f"CREATE VIRTUAL TABLE section USING fts5({columns}, {STEMS})")
        self.db.execute("CREATE VIRTUAL TABLE word USING fts5vocab(section, row)")
        self.db.execute("CREATE VIRTUAL TABLE place USING fts5vocab(section, instance)")
        # A table of its own for the search's words: they are stemmed by the same tokenizer.
        self.db.execute(f"CREATE VIRTUAL TABLE search USING fts5(words, {STEMS})")
        self.db.execute("CREATE VIRTUAL TABLE searched USING fts5vocab(search, row)")
        rows = [
            (
                i + 1,
                " ".join(s.symptoms),
                s.cure,
                f"{s.heading} {s.name}",
                " ".join(ASKED.get(s.name, ())),
                s.why,
                "\n".join(c.source for c in s.code),
            )
            for i, (_, s) in enumerate(self.sections)
        ]
        self.db.executemany(f"INSERT INTO section(rowid, {columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        # Beside the whole section, each of its sentences: one that has many of the search's words says more than many
        # that have one each.
        self.db.execute(f"CREATE VIRTUAL TABLE sentence USING fts5(text, number UNINDEXED, {STEMS})")
        for i, (_, s) in enumerate(self.sections):
            sentences = [*s.symptoms, s.heading, s.cure, *ASKED.get(s.name, ())]
            self.db.executemany("INSERT INTO sentence VALUES (?, ?)", [(one, i) for one in sentences])
        self.known = {term: count for term, count in self.db.execute("SELECT term, doc FROM word")}

    def find(self, text: str, limit: int = 5) -> list[Found]:
        """The sections that answer, best first; none where nothing fits."""
        essence = essential(text)
        scores = self._by_words(essence)
        for number, likeness in self._by_text(essence).items():
            scores[number] = scores.get(number, 0.0) + likeness
        ranked = sorted(scores.items(), key=lambda item: -item[1])[:limit]
        return [Found(*self.sections[number], score) for number, score in ranked]

    def _by_words(self, text: str) -> dict[int, float]:
        argument = unexpected(text)
        text = re.sub(r"got an unexpected keyword argument", " ", text)  # of the sentence, only the name tells anything
        words = [word for word in re.findall(r"\w+", text.lower()) if word not in EMPTY and not word.isdigit()]
        terms = self._stems(words)
        own = {self._mended(term) or term: weight for term, weight in terms.items()}
        asked_for = [*words, f"{argument}="]
        others = self._stems([other for word in asked_for for other in re.findall(r"\w+", OTHER_WORDS.get(word, ""))])
        terms = {**{term: 0.7 for term in others}, **own}
        # A word that no section has tells of something else, or of somebody's own names.
        rarity = {term: 1 / (1 + self.known[term]) ** 0.5 if term in self.known else 0.7 for term in terms}
        asked = [term for term in terms if term in self.known]
        if not asked:
            return {}
        query = " OR ".join(f'"{term}"' for term in asked)
        ranks = self.db.execute(
            f"SELECT rowid, bm25(section, {', '.join(map(str, WEIGHTS))}) FROM section WHERE section MATCH ?", [query]
        ).fetchall()
        most = max(-rank for _, rank in ranks) if ranks else 1.0
        best: dict[int, float] = {}
        for number, rank in self.db.execute(
            "SELECT number, bm25(sentence) FROM sentence WHERE sentence MATCH ?", [query]
        ):
            best[number] = max(best.get(number, 0.0), -rank)
        top = max(best.values(), default=1.0)
        marks = ", ".join("?" * len(asked))
        in_section: dict[int, set[str]] = {}
        # The code column is left out: a word that stands only there says little about what a recipe is for.
        where = f"SELECT DISTINCT doc, term FROM place WHERE term IN ({marks}) AND col != 'code'"
        for number, term in self.db.execute(where, asked):
            in_section.setdefault(number, set()).add(term)
        whole = sum(rarity[term] for term in own)
        least = LEAST * min(1.0, 10 / len(own))  # of a long text much is beside the point
        scores = {}
        for number, rank in ranks:
            share = sum(rarity[t] * terms[t] for t in in_section.get(number, ())) / whole
            if share >= least:
                scores[number - 1] = -rank / most * (0.5 + 0.5 * min(share, 1.0)) + best.get(number - 1, 0.0) / top
        return scores

    def _by_text(self, text: str) -> dict[int, float]:
        """How alike a quoted error text is, from 0 to 1, where it is alike enough; of each section the best."""
        asked, argument = plain(text), unexpected(text)
        best: dict[int, float] = {}
        for number, error, its_argument in self.texts:
            if argument and its_argument and argument != its_argument:
                continue  # the same sentence about something else
            likeness = fuzz.partial_ratio(error, asked) if len(error) <= len(asked) else fuzz.ratio(error, asked)
            if likeness >= SAME_TEXT:
                # A long text that is the same says more than a short one.
                best[number] = max(best.get(number, 0), likeness / 100 * min(1.0, len(error) / 40))
        return best

    def _stems(self, words: list[str]) -> dict[str, float]:
        self.db.execute("DELETE FROM search")
        self.db.execute("INSERT INTO search(words) VALUES (?)", [" ".join(words)])
        return {term: 1.0 for (term,) in self.db.execute("SELECT term FROM searched")}

    def _mended(self, term: str) -> str | None:
        """The known word that a misspelt one is nearest to."""
        if term in self.known or len(term) < 5:
            return None
        found = process.extractOne(term, self.known.keys(), scorer=fuzz.ratio, score_cutoff=84)
        return found[0] if found else None


def quoted(section: Section) -> list[tuple[str, str]]:
    """The error texts among a section's symptoms, as `plain` leaves them, and the argument that each is about.

    Those too short to tell anything are left out.
    """
    texts = [text for symptom in section.symptoms for text in re.findall(r"``? ?(.+?) ?``?(?!`)", symptom)]
    return [(plain(text), unexpected(text)) for text in texts if len(plain(text)) >= 18]


def unexpected(text: str) -> str:
    """The name in Python's `unexpected keyword argument 'name'`; empty where there is none."""
    found = re.search(r"unexpected keyword argument '(\w+)'", text)
    return found[1] if found else ""


def plain(text: str) -> str:
    """An error text without what differs from case to case: paths, addresses, ids, numbers, quotes."""
    text = re.sub(r"(?:[A-Za-z]:)?(?:[\\/][\w.~ -]+){2,}[\\/]?|/\.{3}|0x[0-9a-f]+|\b[0-9a-f]{8,}\b", " ", text)
    return " ".join(re.sub(r"[\d'\"`*]+", " ", text).lower().split())


def essential(text: str) -> str:
    """Of a traceback, the lines that name the errors; of everything else, all, without the markup of an error page."""
    text = re.sub(r"<[a-zA-Z/][^<>]*>", " ", re.sub(r"<(?:gradio|locals|module)\b[^<>]*>", " ", text))
    lines = text.splitlines()
    if not any(re.match(r'\s*File ".+", line \d+', line) for line in lines):
        return text
    errors = [
        line for line in lines if re.match(r"[\w.]*(?:Error|Exception|Warning|Exit|Interrupt|Group|Timeout)\b", line)
    ]
    return "\n".join(errors) or text
