"""What the command line says: one sentence for every wrong input, an exit code, and never a traceback."""

import subprocess
import sys

import pytest
import tiny_project
from tiny_project import Tiny

package, tiny = tiny_project.package, tiny_project.tiny

FAILED, WRONG_INPUT = 1, 2


def only_sentence(done: subprocess.CompletedProcess) -> str:
    """Return the one line on stderr."""
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr
    return done.stderr.strip()


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (None, "params/tiny.yaml: there is no such file; check the path."),
        ("study: [", "params/tiny.yaml: line 1"),
        ("study: tiny\nstudy: tiny\n", "stands twice"),
        ("study: tinny\n", "there is no data/tinny/study.yaml; the nearest known one is 'tiny'"),
        ("study: tiny\nperoid: 2026Q3\n", "unknown key 'peroid'; the nearest known one is 'period'"),
        ("study: tiny\nperiod: 2026Q5\n", "found '2026Q5'"),
        ("study: ../../etc/passwd\n", "there is no file etc/passwd"),
        ("study: tiny\n02-plans: {factor: [1]}\n", "the parameter 'factor' is list; its type is int"),
        ("study: tiny\ntiers: [boss]\n", "tiers"),
    ],
)
def test_a_wrong_run_file_is_one_sentence(tiny, run, words):
    if run is None:
        (tiny.root / "params" / "tiny.yaml").unlink()
    else:
        tiny.write("params/tiny.yaml", run)
    done = tiny.report()
    assert words in only_sentence(done)
    assert done.returncode == WRONG_INPUT


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("data/tiny/study.yaml", "title: x\n", "the key 'tables' is missing"),
        ("data/tiny/study.yaml", tiny_project.STUDY.replace("answers", "../answers"), "leaves the study's folder"),
        ("data/tiny/study.yaml", tiny_project.STUDY.replace("answers", "replies"), "no file matches 'replies.csv'"),
        ("notebooks/01-base.ipynb", "not a notebook", "01-base.ipynb: cannot be read as a notebook of format 4"),
    ],
)
def test_a_wrong_study_or_notebook_is_one_sentence(tiny, file, text, words):
    tiny.write(file, text)
    done = tiny.report()
    assert words in only_sentence(done)
    assert done.returncode == WRONG_INPUT


def test_wrong_data_are_one_sentence_before_any_notebook_runs(tiny):
    tiny.write("data/tiny/answers.csv", "day,score\n2026-08-01,99\n")
    done = tiny.report()
    assert done.returncode == WRONG_INPUT
    assert "1 of 1 rows are unusable" in only_sentence(done)


def test_verify_of_no_folder_and_of_a_folder_that_was_never_published(tiny):
    gone = tiny.cli("verify", "reports/tiny/latest")
    assert (gone.returncode, only_sentence(gone)) == (
        WRONG_INPUT,
        "tiny/latest: there is no such folder; give a published one, such as reports/…/latest.",
    )
    other = tiny.cli("verify", "params")
    assert other.returncode == FAILED
    assert other.stdout == "manifest.json is missing or cannot be read\n"


def test_an_error_of_our_own_is_one_sentence_and_a_private_log(tiny, tmp_path):
    broken = tmp_path / "sitecustomize"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text(
        "import cxresearch.report.plan as plan\ndef boom(*_): raise RuntimeError('Jane Doe')\nplan.make_plan = boom\n"
    )
    done = tiny.cli("report", "params/tiny.yaml", PYTHONPATH=f"{broken}:{tiny.package}")
    assert done.returncode == FAILED
    sentence = only_sentence(done)
    assert sentence.startswith("RuntimeError in cxresearch itself; .cache/logs/error-")
    assert "Jane Doe" not in sentence
    log = tiny.root / sentence.split()[4]
    assert "RuntimeError: Jane Doe" in log.read_text()
    assert log.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("arguments", [("--help",), ("report", "--help"), ("verify", "--help"), ("demo", "--help")])
def test_help_loads_nothing_heavy(tiny, arguments):
    code = (
        "import sys; from cxresearch import cli; sys.argv = ['cxresearch', *sys.argv[1:]]\n"
        "try: cli.main()\n"
        "except SystemExit as end: print(end.code)\n"
        "print([name for name in ('pandas', 'numpy', 'papermill', 'nbconvert', 'nbformat') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=tiny.environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-2:] == ["0", "[]"]


def test_no_project_here_is_one_sentence(tiny, tmp_path_factory):
    empty = tmp_path_factory.mktemp("empty")
    environment = {name: value for name, value in tiny.environment().items() if name != "CXRESEARCH_ROOT"}
    (empty / "run.yaml").write_text("study: tiny\n")
    command = [sys.executable, "-m", "cxresearch.cli", "report", "run.yaml"]
    done = subprocess.run(command, cwd=empty, env=environment, capture_output=True, text=True)
    assert done.returncode == WRONG_INPUT
    assert "no project here" in only_sentence(done)


def test_a_cache_that_cannot_be_written_is_one_sentence(tiny: Tiny):
    tiny.write(".cache", "a file in place of the folder")
    done = tiny.report()
    assert done.returncode == FAILED
    assert only_sentence(done).endswith("nothing was published.")
