"""`gradio-patterns check`: files, notebooks, silence, forms, exit status, speed, and the built app."""

import json
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from typer import Typer
from typer.testing import CliRunner

from gradio_patterns.checking import Unreadable, check, fix
from gradio_patterns.checking.built import check_built
from gradio_patterns.checking.command import check as command

TRAP = "import gradio as gr\nfrom uuid import uuid4\n\nwith gr.Blocks() as demo:\n    case = gr.State(uuid4())\n"
app = Typer()
app.command()(command)


def run(*args: object):
    return CliRunner().invoke(app, [str(arg) for arg in args])


def rules(path: Path, text: str) -> list[str]:
    path.write_text(text, encoding="utf-8")
    return [one.rule for one in check(path)]


@pytest.fixture
def file(tmp_path):
    return tmp_path / "app.py"


HEAD = "import gradio as gr, os, time\nwith gr.Blocks() as demo:\n    t, b = gr.Textbox(label='T'), gr.Button('B')\n"


@pytest.mark.parametrize(
    ("rule", "text", "better"),
    [
        ("public-link", "demo.launch(share=True)", "demo.launch(share=True, auth=check)"),
        ("everything-allowed", "demo.launch(allowed_paths=['.'])", "demo.launch(allowed_paths=['shared'])"),
        ("allowed-paths", "demo.launch(allowed_paths=['shared'])", "demo.launch(allowed_paths=[])"),
        ("sleeps-on-the-loop", "async def f():\n    time.sleep(1)", "def f():\n    time.sleep(1)"),
        ("variable-required", "key = os.environ['KEY']", "key = os.environ.get('KEY')"),
        (
            "counted-endpoint",
            "    b.click(lambda x: x, t, t)\n    t.submit(lambda x: x, t, t)",
            "    b.click(lambda x: x, t, t, api_name='click')\n    t.submit(lambda x: x, t, t)",
        ),
        (
            "render-without-key",
            "    @gr.render(t)\n    def draw(n):\n        for _ in n:\n            gr.Textbox(label='N')",
            "    @gr.render(t)\n    def draw(n):\n        for _ in n:\n            b.click(lambda: gr.Textbox())",
        ),
        (
            "shared-by-all",
            "n = 0\ndef f():\n    global n\n    n += 1\nb.click(f)",
            "n = 0\ndef f():\n    global n\n    n = 0\nb.click(f)",
        ),
        (
            "stale-choice",
            "    d = gr.Dropdown(['a'], label='D')\n    t.change(lambda x: gr.Dropdown(choices=[x]), t, d)",
            "    d = gr.Dropdown(['a'], allow_custom_value=True)\n    t.change(lambda x: gr.Dropdown(['b']), t, d)",
        ),
        (
            "stale-choice",
            "    d = gr.Dropdown(['a'], label='D')\n    t.change(lambda x: [x, gr.Dropdown(choices=[x])], t, [t, d])",
            "    d = gr.Dropdown(['a'], label='D')\n    d.change(lambda x: gr.Dropdown(choices=[x]), d, d)",
        ),
        (
            "loads-in-handler",
            "from transformers import pipeline\nb.click(lambda x: pipeline('translation')(x), t, t)",
            "from transformers import pipeline\nb.click(lambda x: pipeline('translation', model=kept)(x), t, t)",
        ),
    ],
)
def test_each_rule_strikes_its_example(file, rule, text, better):
    assert rule in rules(file, HEAD + text)
    assert rule not in rules(file, HEAD + better)


def test_a_finding_says_where_what_and_why(file):
    file.write_text(TRAP)
    [one] = check(file)
    assert (one.rule, one.line, one.column, one.severity) == ("value-at-start", 5, 12, "error")
    assert one.symptom == "every visitor has the same ID"
    assert one.recipe == "fresh-start-value"
    assert "gr.State(new_case)" in one.cure


@pytest.mark.parametrize("imports", ["from gradio import State as S", "import gradio; S = None"])
def test_names_are_followed_through_imports(file, imports):
    call = "S" if "from" in imports else "gradio.State"
    assert rules(file, f"{imports}\nimport uuid as u\n{call}(u.uuid4())") == ["value-at-start"]


@pytest.mark.parametrize(
    "syntax",
    [
        "match x:\n    case 1: pass",  # 3.10
        "try: pass\nexcept* ValueError: pass",  # 3.11
        "type Pair[T] = tuple[T, T]\nf'{'a'}'",  # 3.12
        "t'hello {x}'",  # 3.14
    ],
)
def test_newer_and_older_syntax_is_read(file, syntax):
    assert rules(file, TRAP + syntax + "\n") == ["value-at-start"]


def test_broken_syntax_is_said_with_its_place(file):
    file.write_text("import gradio as gr\nwith gr.Blocks( as demo:\n")
    with pytest.raises(Unreadable, match=r"app\.py:2:\d+: this is no valid Python"):
        check(file)
    done = run(file)
    assert done.exit_code == 2
    assert "no valid Python" in done.stderr


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"x = 1 \xe9"])
def test_a_file_in_another_encoding_is_said(file, raw):
    file.write_bytes(raw)
    with pytest.raises(Unreadable, match="not UTF-8"):
        check(file)


def notebook(path: Path, *cells: str) -> Path:
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# T")])
    book.cells += [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbformat.write(book, path)
    return path


MAGICS = "%matplotlib inline\n!pip install gradio\nfiles = !ls\nimport gradio as gr"


def test_a_notebook_is_read_over_its_cells_with_magics(tmp_path):
    path = notebook(tmp_path / "demo.ipynb", MAGICS, "%%bash\nif [", "from uuid import uuid4\n\ngr.State(uuid4())")
    [one] = check(path)
    assert (one.rule, one.cell, one.line) == ("value-at-start", 4, 3)
    assert "cell 4, line 3" in run(path).stdout


def test_a_notebook_is_mended_and_keeps_its_magics(tmp_path):
    path = notebook(tmp_path / "demo.ipynb", MAGICS, "%%bash\nif [", "gr.Variable(3)  # three")
    assert fix(path) == 1
    assert [cell.source for cell in nbformat.read(path, 4).cells[1:]] == [
        MAGICS,
        "%%bash\nif [",
        "gr.State(3)  # three",
    ]


def test_broken_syntax_in_a_notebook_names_the_cell(tmp_path):
    path = notebook(tmp_path / "demo.ipynb", "x = 1", "import gradio\nx = (")
    with pytest.raises(Unreadable, match="cell 3"):
        check(path)


def test_no_notebook_is_said(tmp_path):
    (tmp_path / "demo.ipynb").write_text("{}")
    with pytest.raises(Unreadable, match="no notebook"):
        check(tmp_path / "demo.ipynb")


@pytest.mark.parametrize(
    ("comment", "left"),
    [
        ("ignore[value-at-start] one for all", []),
        ("ignore[value-at-start]", ["value-at-start", "no-reason"]),
        ("ignore[] why", ["value-at-start", "no-reason"]),
        ("ignore[public-link] why", ["value-at-start"]),
        ("ignore[value-at-strat] why", ["value-at-start", "unknown-rule"]),
    ],
)
def test_a_comment_silences_the_rule_it_names(file, comment, left):
    assert rules(file, TRAP.rstrip() + f"  # gradio-patterns: {comment}\n") == left


def test_exit_status_and_selection(file, tmp_path):
    file.write_text(TRAP)
    assert run(file).exit_code == 1
    assert run(file, "--select", "public-link").exit_code == 0
    assert run(file, "--ignore", "value-at-start").exit_code == 0
    assert run(file, "--select", "no-such-rule").exit_code == 2
    assert run(file, "--format", "xml").exit_code == 2
    assert run(file, "--severity", "loud").exit_code == 2
    assert run(tmp_path / "missing.py").exit_code == 2
    assert run(tmp_path).exit_code == 1


def test_forms(file):
    file.write_text(TRAP)
    [one] = json.loads(run(file, "--format", "json").stdout)
    assert (one["rule"], one["line"], one["cell"], one["path"]) == ("value-at-start", 5, None, str(file))
    assert run(file, "--format", "github").stdout.startswith(
        f"::error file={file},line=5,col=12,title=value-at-start::"
    )
    log = json.loads(run(file, "--format", "sarif").stdout)
    [result] = log["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 5, "startColumn": 12}
    assert result["ruleId"] in {rule["id"] for rule in log["runs"][0]["tool"]["driver"]["rules"]}
    assert log["version"] == "2.1.0"
    text = run(file).stdout
    assert all(word in text for word in ("app.py:5:12", "You see:", "Do:", "gradio-patterns show fresh-start-value"))


def test_a_file_takes_less_than_a_second(file):
    wired = (f"b{n} = gr.Button('B')\nb{n}.click(lambda x: x, case, case)\n" for n in range(100))
    file.write_text(TRAP + "".join(wired))
    check(file)  # the notebooks' words are read once
    start = time.process_time()
    assert len(check(file)) > 100
    assert time.process_time() - start < 1


def test_many_files_are_shared_out(tmp_path):
    for number in range(60):
        (tmp_path / f"app{number:02}.py").write_text(TRAP)
    found = json.loads(run(tmp_path, "--format", "json").stdout)
    assert [Path(one["path"]).name for one in found] == [f"app{number:02}.py" for number in range(60)]


def test_it_runs_as_a_module_without_gradio(file):
    file.write_text(TRAP)
    program = (
        "import sys\nsys.modules['gradio'] = sys.modules['torch'] = None\n"
        "import runpy\nsys.argv = ['check', sys.argv[1]]\n"
        "runpy.run_module('gradio_patterns.checking', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", program, file], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "value-at-start" in done.stdout


BUILT = """
import gradio as gr
def answer(text):
    return text
def wire(button, **more):
    button.click(answer, box, box, **more)
with gr.Blocks() as demo:
    box = gr.Textbox("sk-abcdefghijklmnop1234", visible=False)
    wire(gr.Button("A"), concurrency_limit=4)
    wire(gr.Button("B"))
demo.launch()
raise SystemExit("it was served") if demo.is_running else None
"""


@pytest.mark.slow
def test_the_built_app_is_read_and_not_served(file):
    file.write_text(BUILT.rpartition("raise")[0])
    assert check(file) == []  # the source does not tell
    found = {one.rule for one in check_built(file)}
    assert found == {
        "built-limit-overwritten",
        "built-secret-in-config",
        "built-counted-endpoint",
        "built-unbounded-queue",
    }


@pytest.mark.slow
def test_a_sound_app_is_built_without_a_finding(file):
    file.write_text(
        "import gradio as gr\nwith gr.Blocks() as demo:\n    b, t = gr.Button('B'), gr.Textbox(label='T')\n"
        "    b.click(str, t, t, concurrency_limit=2, api_name='b')\ndemo.queue(max_size=9)\n"
        "if __name__ == '__main__':\n    demo.launch()\n"
    )
    assert check_built(file) == []


@pytest.mark.slow
def test_a_module_that_fails_is_said(file):
    file.write_text("import gradio\nraise KeyError('MODEL')\n")
    with pytest.raises(Unreadable, match="KeyError: 'MODEL'"):
        check_built(file)
