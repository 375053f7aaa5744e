"""CHEATSHEET.md, the skill and llms.txt say what the notebooks say, and something proves every line."""

import re
import subprocess
import sys
import zipfile

import pytest
import typer
import yaml

from gradio_patterns import cli, collection
from gradio_patterns.collection import Notebook
from tools import cheatsheet, notebooks

COLLECTION = collection.load_all(notebooks.ROOT / "notebooks")
SHEET = (notebooks.ROOT / cheatsheet.CHEATSHEET).read_text(encoding="utf-8")
SKILL = notebooks.ROOT / cheatsheet.SKILL


def changed(tmp_path, old: str, new: str) -> Notebook:
    """A copy of 02_state with one text changed."""
    text = (notebooks.ROOT / "notebooks" / "02_state.ipynb").read_text(encoding="utf-8")
    assert old in text
    copy = tmp_path / "02_state.ipynb"
    copy.write_text(text.replace(old, new), encoding="utf-8")
    return Notebook(copy)


def test_the_files_are_up_to_date():
    assert cheatsheet.stale(cheatsheet.files(COLLECTION)) == [], "`make cheatsheet` mends it"


def test_a_file_that_is_not_as_wanted_or_no_longer_wanted_is_named(tmp_path):
    wanted = cheatsheet.files(COLLECTION)
    for path, text in wanted.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    assert cheatsheet.stale(wanted, tmp_path) == []
    old = cheatsheet.SKILL / "references" / "00_gone.md"
    (tmp_path / old).write_text("# Gone\n")
    (tmp_path / cheatsheet.CHEATSHEET).write_text("changed by hand")
    assert cheatsheet.stale(wanted, tmp_path) == [cheatsheet.CHEATSHEET, old]


def test_every_cure_and_every_rule_is_a_line():
    for nb in COLLECTION:
        recipes = [line for line in SHEET.splitlines() if any(f"[`{r.name}`, " in line for r in nb.recipes)]
        assert len(recipes) == len(nb.recipes)
    rules = re.findall(r"\*\*(True|False|Partly|Stale)\.\*\* .* \[`.+`\]$", SHEET, re.MULTILINE)
    assert len(rules) == sum(len(cheatsheet.tested(nb)) for nb in COLLECTION) > 9 * len(set(rules))


def test_something_proves_every_line():
    assert [problem for nb in COLLECTION for problem in cheatsheet.unproven(nb)] == []


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("| `own-cart-trap`, `own-cart-race-trap`", "| `own-cart-tarp`", "is no cell of this notebook"),
        ("::test_no_sale_is_lost_between", "::test_no_sale_is_found_between", "is no test in that file"),
        ("| `own-cart-trap`, `own-cart-race-trap`", "| `own-cart-text`", "is not a check or a trap"),
        ('"check"', '"checked"', "no check, trap or test proves it"),
    ],
    ids=["no-cell", "no-test", "no-proof", "no-check"],
)
def test_a_line_without_proof_is_an_error(tmp_path, old, new, reason):
    notebook = changed(tmp_path, old, new)
    assert reason in "\n".join(cheatsheet.unproven(notebook))
    with pytest.raises(ValueError, match=reason):
        cheatsheet.files([notebook])


# What a card of good practice for Gradio says, rule by rule: the cheat sheet must answer each.
CARD = {
    "Interface is for single-function demos": "Partly",
    "Use Blocks for anything with several steps": "True",
    "Interface has only one function": "Partly",
    "An Interface inside Blocks works but creates confusing state": "False",
    "resets when the page is refreshed": "True",
    "must be JSON-serializable": "False",
    "forgetting the output loses updates": "Partly",
    "Global variables are shared and race": "True",
    "always call `demo.queue()` before `.launch()`": "Stale",
    "`concurrency_limit=1` serialises calls": "Partly",
    "`max_size` limits waiting users": "True",
    "hold a queue slot until complete": "Partly",
    "get deleted after the request": "False",
    "mismatching causes silent failures": "Partly",
    "for downloads, not raw bytes": "Partly",
    "default 200 MB limit": "False",
    "crashes if the user submits nothing": "False",
    "inconsistent inputs break functions": "Partly",
    "expects a list of tuples": "Stale",
    "`visible=False` components still run their functions": "Partly",
    "is plaintext in code": "Partly",
    "no per-route or per-component auth": "False",
    "still exposes auth to Gradio's servers": "True",
    "72-hour public URL": "Partly",
    "don't exist in Hugging Face Spaces": "True",
    "accepts external connections": "True",
    'set `root_path="/subpath"` or assets and API routes break': "Partly",
    "Return `gr.update(value=x, visible=True)`": "Partly",
    "Chain events with `.then()`": "Partly",
    "polls every 5 seconds": "Partly",
    "prevents double clicks from firing twice": "Partly",
    "pre-computes example outputs at startup": "Partly",
    "is loaded per request": "Partly",
    "is essential for GPU throughput": "Partly",
}


@pytest.mark.parametrize("rule", CARD)
def test_each_rule_of_the_card_is_answered(rule):
    (line,) = [line for line in SHEET.splitlines() if rule in line]
    assert f"**{CARD[rule]}.**" in line


def test_the_skill_is_valid_by_the_specification():
    validator = pytest.importorskip("skills_ref", reason="skills-ref needs Python 3.11")
    assert validator.validate(SKILL) == []


def test_the_skills_front_matter_is_valid_and_its_links_lead_to_files():
    """The specification's rules that matter, for Pythons without its validator."""
    _, front, body = (SKILL / "SKILL.md").read_text(encoding="utf-8").split("---\n", 2)
    fields = yaml.safe_load(front)
    assert set(fields) <= {"name", "description", "license", "compatibility", "metadata", "allowed-tools"}
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", fields["name"])
    assert len(fields["name"]) <= 64
    assert fields["name"] == SKILL.name
    assert 0 < len(fields["description"]) <= 1024
    assert len(fields["compatibility"]) <= 500
    assert len(body.splitlines()) < 100
    links = re.findall(r"\]\((?!https?:)([^)]+)\)", body)
    assert sorted(links) == sorted(f"references/{path.name}" for path in (SKILL / "references").iterdir())


@pytest.mark.parametrize("command", ["find", "show"])
def test_the_commands_that_the_skill_names_are_there(command):
    (line,) = re.findall(rf"^ *`gradio-patterns {command}\b([^`]*)`", (SKILL / "SKILL.md").read_text(), re.MULTILINE)
    known = typer.main.get_command(cli.app).commands[command]
    options = {name for parameter in known.params for name in parameter.opts}
    assert set(re.findall(r"--[\w-]+", line)) <= options


def test_llms_txt_links_each_recipes_page_once():
    text = cheatsheet.llms(COLLECTION)
    assert text.startswith(f"# {notebooks.PROJECT['name']}\n\n> ")
    links = re.findall(r"^- \[[^\]]+\]\((\S+/recipes/\S+)\): \S", text, re.MULTILINE)
    assert links == [notebooks.recipe_page(recipe.name) for nb in COLLECTION for recipe in nb.recipes]


@pytest.mark.slow
def test_the_wheel_carries_the_skill(tmp_path):
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path, notebooks.ROOT]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    inside = cheatsheet.SKILL.relative_to("helpers").as_posix()
    with zipfile.ZipFile(wheel) as archive:
        for path, text in cheatsheet.files(COLLECTION).items():
            if path != cheatsheet.CHEATSHEET:
                name = path.relative_to("helpers").as_posix()
                assert name.startswith(inside)
                assert archive.read(name).decode() == text
