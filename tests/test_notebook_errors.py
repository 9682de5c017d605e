"""An error of ours is its sentence in a notebook; anything else is left as it is."""

import os
import subprocess
import sys

import pytest

from cxresearch.progress import QUIET

CELLS = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(colors="nocolor")
shell.run_cell("from cxresearch.notebook_errors import tell_in_sentences as tell; tell()")
for cell in sys.argv[1:]:
    shell.run_cell(cell)
"""
MINE = "from cxresearch.periods import parse\nparse('tomorrow')"
NAME = "from cxresearch.metrics.measures import named_measure\nnamed_measure('npss', {}, {})"
OTHERS = "int('Mrs Miller')"
# An error within the package that is no sentence of ours.
INSIDE = "from cxresearch.periods import containing\ncontaining(None, 'quarter')"


def printed(*cells: str, **environment: str) -> str:
    """Return what IPython prints for some cells."""
    command = [sys.executable, "-c", CELLS, *cells]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


@pytest.mark.parametrize(
    ("cell", "sentence"), [(MINE, "ValueError: period: found 'tomorrow'"), (NAME, "KeyError: the study has no metric")]
)
def test_an_error_of_ours_is_one_line(cell, sentence):
    lines = printed(cell).strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(sentence)
    assert lines[0].endswith(".")


@pytest.mark.parametrize(("cell", "error"), [(OTHERS, "ValueError"), (INSIDE, "AttributeError")])
def test_other_errors_keep_their_traceback(cell, error):
    seen = printed(cell)
    assert "Traceback (most recent call last)" in seen
    assert error in seen


def test_a_report_and_another_extension_are_left_alone():
    assert "Traceback" in printed(MINE, **{QUIET: "1"})
    other = "get_ipython().set_custom_exc((ZeroDivisionError,), lambda *a, **k: print('theirs'))\ntell()\n1 / 0"
    reset = "get_ipython().custom_exceptions = ()"
    assert printed(reset, other).strip() == "theirs"
