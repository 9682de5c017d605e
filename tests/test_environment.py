"""pyproject.toml, environment.yml, requirements.lock and the Makefile name the same things."""

import re
import tomllib

from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from ruamel.yaml import YAML

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = (ROOT / "requirements.lock").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


def direct() -> list[str]:
    return PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]


def pinned() -> dict[str, set[Version]]:
    """Return the versions of each package in the lock; several where Python versions differ."""
    found: dict[str, set[Version]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ \\;]+)", LOCK, re.MULTILINE):
        found.setdefault(canonicalize_name(name), set()).add(Version(version))
    return found


def test_conda_users_get_the_same_packages():
    environment = YAML(typ="safe").load((ROOT / "environment.yml").read_text())
    conda, pip = environment["dependencies"][:-1], environment["dependencies"][-1]["pip"]
    torch = re.search(r"torch==[\d.]+", MAKEFILE)[0]
    assert conda == [f"python{PROJECT['requires-python']}", "pip"]
    assert sorted(pip) == sorted([*direct(), torch, "-e ."])


def test_every_direct_dependency_is_locked_within_its_bounds():
    lock = pinned()
    for text in direct():
        wanted = Requirement(text)
        versions = lock[canonicalize_name(wanted.name)]
        assert all(version in wanted.specifier for version in versions), text


def test_the_lock_holds_no_gpu_packages_and_a_hash_for_each_pin():
    assert not re.search(r"(?m)^(torch|triton|nvidia|cuda)", LOCK)
    entries = re.split(r"(?m)^(?=[A-Za-z0-9])", LOCK)
    assert all("--hash=sha256:" in entry for entry in entries if "==" in entry)


def test_what_is_installed_is_what_is_locked():
    from importlib.metadata import version

    lock = pinned()
    for text in direct():
        name = Requirement(text).name
        assert Version(version(name)) in lock[canonicalize_name(name)], name


def test_no_address_of_a_registry_is_written_down():
    files = [
        ROOT / name
        for name in ("Makefile", "requirements.lock", "environment.yml", "pyproject.toml", "README.md", ".ci/run")
    ]
    files += [path for path in (ROOT / "cxresearch").rglob("*.py")]
    for path in files:
        text = path.read_text()
        assert not re.search(r"(pypi|pythonhosted|npmjs|debian)\.(org|com|io)|--(extra-)?index-url https?:", text), (
            path.name
        )


def test_make_help_lists_every_target():
    phony = set(re.search(r"\.PHONY: (.*)", MAKEFILE)[1].split())
    described = set(re.findall(r"(?m)^([a-z]+):.*## ", MAKEFILE))
    assert phony == described
