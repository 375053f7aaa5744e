"""environment.yml, constraints.txt and pyproject.toml say the same thing; what can be checked of it without conda."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from rattler import MatchSpec

from tools.gradio_version import requirement
from tools.notebooks import PROJECT

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text())
CONSTRAINTS = [
    Requirement(line)
    for line in (ROOT / "constraints.txt").read_text().splitlines()
    if line.strip() and not line.startswith("#")
]
PIP_SECTION = next(d["pip"] for d in ENVIRONMENT["dependencies"] if isinstance(d, dict))
CONDA_SPECS = [d for d in ENVIRONMENT["dependencies"] if isinstance(d, str)]


def test_conda_forge_is_the_only_channel():
    assert ENVIRONMENT["channels"] == ["conda-forge"]


@pytest.mark.parametrize("spec", CONDA_SPECS)
def test_each_conda_spec_parses_strictly(spec):
    assert MatchSpec(spec, strict=True).name is not None


def test_conda_python_is_one_that_the_project_supports():
    spec = next(s for s in CONDA_SPECS if s.startswith("python "))
    versions = SpecifierSet(spec.removeprefix("python "))
    supported = SpecifierSet(PROJECT["requires-python"])
    offered = [f"3.{minor}" for minor in range(5, 30) if versions.contains(f"3.{minor}")]
    assert offered
    assert all(supported.contains(version) for version in offered)


@pytest.mark.slow
def test_the_pip_section_resolves(tmp_path):
    """As conda hands it to pip: a requirements file in the folder of environment.yml; the project is a copy."""
    for name in ("helpers", "notebooks", "deploy"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "constraints.txt", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    lines = tmp_path / "requirements.txt"
    lines.write_text("\n".join(PIP_SECTION))
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--requirement", str(lines)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_constraints_are_exact_and_hold_no_address():
    text = (ROOT / "constraints.txt").read_text()
    assert "://" not in text
    assert " @ " not in text
    assert all([s.operator for s in r.specifier] == ["=="] for r in CONSTRAINTS)


def test_every_dependency_has_a_lower_bound_and_an_exact_version_within_its_bounds():
    extras = [line for lines in PROJECT["optional-dependencies"].values() for line in lines]
    for wanted in map(Requirement, PROJECT["dependencies"] + extras):
        if wanted.name == PROJECT["name"]:  # an extra that holds another one
            assert wanted.extras <= set(PROJECT["optional-dependencies"])
            continue
        assert ">=" in str(wanted.specifier), f"{wanted.name} has no lower bound"
        exact = [c for c in CONSTRAINTS if c.name.lower() == wanted.name.lower()]
        assert exact, f"{wanted.name} is not in constraints.txt: run `make constraints`"
        for one in exact:
            (version,) = [s.version for s in one.specifier]
            assert wanted.specifier.contains(version, prereleases=True), f"{one} is outside of {wanted}"


@pytest.mark.parametrize("name", ["gradio", "transformers"])
def test_what_breaks_with_a_major_version_has_an_upper_bound(name):
    wanted = next(r for r in map(Requirement, PROJECT["dependencies"]) if r.name == name)
    assert "<" in [s.operator for s in wanted.specifier]


def test_the_packaged_models_are_pinned_by_hash():
    lines = [line for line in (ROOT / "models.txt").read_text().splitlines() if not line.startswith("#")]
    assert len(lines) == 3
    assert all(re.fullmatch(r"[\w-]+==[\d.]+ --hash=sha256:[0-9a-f]{64}", line) for line in lines)


def test_another_gradio_is_named_from_the_bounds():
    gradio = next(r for r in map(Requirement, PROJECT["dependencies"]) if r.name == "gradio")
    assert Requirement(requirement("newest")).specifier == gradio.specifier
    lowest = next(s.version for s in gradio.specifier if s.operator == ">=")
    assert Requirement(requirement("oldest")).specifier.contains(f"{lowest}.0")
    assert requirement("6.31.0") == "gradio==6.31.0"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("compose-spec", "deploy/compose.yaml"),
        ("github-workflows", ".github/workflows/test.yml"),
        ("github-workflows", ".github/workflows/drift.yml"),
        ("github-workflows", ".github/workflows/site.yml"),
        ("dependabot", ".github/dependabot.yml"),
    ],
)
def test_what_other_programs_read_has_their_schema(schema, file):
    linter = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
    run = subprocess.run([*linter, ROOT / file], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("path", sorted((ROOT / ".github/workflows").glob("*.yml")), ids=lambda path: path.name)
def test_a_workflow_names_its_actions_by_commit_and_may_do_little(path):
    """A tag can be moved to other code; the version stands beside the commit for whoever reads it."""
    used = re.findall(r"uses: (.*)", path.read_text())
    assert used
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}  # v\d+", action) for action in used), used
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    assert "concurrency" in workflow
