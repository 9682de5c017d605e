"""What the tests share: where things lie, what the machine must have, and small projects to work in."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

# Two processes of tests share two cores: threads of their own would only wait for one another. openpyxl, which a test
# may import before the package, is to write what it writes for the package.
os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENPYXL_LXML": "False"}

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("CXRESEARCH_SHARED", ROOT.parent / "shared"))
REQUIRE_ALL = os.environ.get("CXRESEARCH_REQUIRE") == "all"
# Debian keeps the programs of the PostgreSQL server off the PATH.
SEARCHED = os.pathsep.join([os.environ.get("PATH", ""), *map(str, Path("/usr/lib/postgresql").glob("*/bin"))])
PROGRAMS = {"chromium": ("chromium", "chromedriver"), "postgresql": ("postgres",), "node": ("node", "npm")}
# Packages of npm, as .ci/run installs them.
NODE = ROOT / ".node" / "node_modules"
PACKAGES = {"survey-core": ("survey-core", "survey-js-ui")}


def need(program: str) -> None:
    """Skip a test whose program or package is not here, or fail it where CXRESEARCH_REQUIRE=all asks for it."""
    missing = [name for name in PROGRAMS.get(program, ()) if shutil.which(name, path=SEARCHED) is None]
    missing += [name for name in PACKAGES.get(program, ()) if not (NODE / name).is_dir()]
    if missing and REQUIRE_ALL:
        pytest.fail(f"CXRESEARCH_REQUIRE=all, and {', '.join(missing)} is not installed", pytrace=False)
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")


@pytest.fixture
def shared() -> Callable[[str], Path]:
    """Return where a file of the shared data lies; skip where the folder is not at hand."""

    def path(name: str) -> Path:
        if not SHARED.is_dir():
            pytest.skip("needs the shared data folder (CXRESEARCH_SHARED)")
        return SHARED / name

    return path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty project of its own, which the package takes for the current one."""
    for folder in ("notebooks", "params", "data"):
        (tmp_path / folder).mkdir()
    monkeypatch.setenv("CXRESEARCH_ROOT", str(tmp_path))
    return tmp_path
