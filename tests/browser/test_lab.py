"""JupyterLab as `make lab` starts it, in a real browser: notebooks run, Tab completes, errors are sentences."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from conftest import ROOT, need
from test_pages import OPTIONS

import cxresearch as cx

WITHIN_S, PATIENCE_S = 90, 5
PANEL = ".jp-NotebookPanel:not(.lm-mod-hidden)"
# Every cell has run: none waits, all that ran have a number.
HAVE_RUN = f"""
const panel = document.querySelector("{PANEL}");
const prompts = [...panel.querySelectorAll(".jp-CodeCell .jp-InputPrompt")].map(prompt => prompt.textContent);
const state = panel.querySelector(".jp-Notebook-ExecutionIndicator").dataset.status;
return state === "idle" && prompts.length > 0 && prompts.every(prompt => /^\\[\\d+\\]:$/.test(prompt));
"""
SCRATCH = [
    "import time\nimport cxresearch as cx\nfrom cxresearch.progress import tracked",
    "counted = [time.sleep(0.1) for _ in tracked(range(30), 'Counting', 30)]",
    "study = cx.load('demo', period='2031Q1')",
]


@dataclass(frozen=True)
class Lab:
    """A browser that has a JupyterLab open."""

    root: Path
    driver: Any
    address: str

    def all(self, selector: str) -> list:
        return self.driver.find_elements("css selector", selector)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def wait(self, condition: Callable[[], Any], what: str, within_s: int = WITHIN_S) -> Any:
        from selenium.common.exceptions import StaleElementReferenceException
        from selenium.webdriver.support.ui import WebDriverWait

        waiting = WebDriverWait(self.driver, within_s, 0.1, [StaleElementReferenceException])
        return waiting.until(lambda _: condition(), what)

    def press(self, *keys: str, held: str = "") -> None:
        """Press keys one after the other, with others held down."""
        from selenium.webdriver.common.action_chains import ActionChains

        actions = ActionChains(self.driver)
        for key in held:
            actions.key_down(key)
        actions.send_keys(*keys)
        for key in held:
            actions.key_up(key)
        actions.perform()

    def press_until(self, key: str, condition: Callable[[], Any], what: str, held: str = "") -> None:
        """Press a key, and again where a busy kernel did not answer in the second that JupyterLab waits for it."""
        from selenium.common.exceptions import TimeoutException

        for _ in range(WITHIN_S // PATIENCE_S):
            self.press(key, held=held)
            with suppress(TimeoutException):
                return self.wait(condition, what, PATIENCE_S)
        raise AssertionError(what)

    def open(self, name: str) -> None:
        """Open a notebook from the file browser, and wait for its kernel."""
        from selenium.webdriver.common.action_chains import ActionChains

        found = self.wait(lambda: self.all(f'.jp-DirListing-item[title*="{name}"]'), f"{name} is listed")[0]
        ActionChains(self.driver).double_click(found).perform()
        tab = f'//li[contains(@class, "lm-mod-current")]//div[text()="{name}"]'
        self.wait(lambda: self.driver.find_elements("xpath", tab), f"{name} is open")
        # Before its kernel is there, a notebook says idle as well, and whoever runs it is asked to select a kernel.
        self.wait(lambda: self.kernel_of(name) == "idle", f"{name} has a kernel")
        self.wait(lambda: self.all(f"{PANEL} .jp-CodeCell"), f"{name} has cells")

    def kernel_of(self, name: str) -> str:
        """Return the state of a notebook's kernel as the server tells it, "" where nobody is connected to one."""
        with urlopen(self.address.format("api/sessions")) as answer:
            kernels = [one["kernel"] for one in json.load(answer) if one["path"].endswith(name)]
        return kernels[0]["execution_state"] if kernels and kernels[0]["connections"] else ""

    def run_all(self) -> None:
        """Choose Run, Run All Cells in the menu."""
        next(item for item in self.all(".lm-MenuBar-item") if item.text == "Run").click()
        self.wait(lambda: self.all('.lm-Menu-item[data-command="runmenu:run-all"]'), "the menu is open")[0].click()

    def texts(self, selector: str) -> list[str]:
        return self.run("return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)", selector)


def make_project(root: Path) -> Path:
    """Return a project in which notebooks may be changed."""
    for part in ("params", "data", "docs", "requirements.lock", ".cache", "Makefile", "pyproject.toml", ".venv"):
        (root / part).symlink_to(ROOT / part)
    shutil.copytree(ROOT / "notebooks", root / "notebooks", ignore=shutil.ignore_patterns(".*"))
    cells = [
        {"cell_type": "code", "id": f"s-{n}", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        for n, source in enumerate(SCRATCH)
    ]
    kernel = {"kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}}
    scratch = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    (root / "notebooks" / "90-scratch.ipynb").write_text(json.dumps(scratch))
    return root


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[tuple[Path, dict]]:
    """Return a project and where its JupyterLab listens; the machine's own settings of Jupyter play no part."""
    need("chromium")
    root, own = make_project(tmp_path_factory.mktemp("project")), tmp_path_factory.mktemp("jupyter")
    folders = {f"JUPYTER_{name}_DIR": str(own / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    (own / "config").mkdir()
    (own / "config" / "jupyter_server_config.json").write_text('{"ServerApp": {"port": 0, "open_browser": false}}')
    # A kernel of the user's that bears the name of ours is not taken for it.
    theirs = own / "data" / "kernels" / "python3"
    theirs.mkdir(parents=True)
    (theirs / "kernel.json").write_text('{"argv": ["false"], "display_name": "Theirs", "language": "python"}')
    environment = {**os.environ, **folders, "IPYTHONDIR": str(own / "ipython")}
    environment.pop("CXRESEARCH_ROOT", None)
    with (own / "log").open("w") as log:
        command = ["make", "--assume-old", ".venv/.ready", "lab"]
        process = subprocess.Popen(command, cwd=root, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        yield root, listening(own, process)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def listening(own: Path, process: subprocess.Popen) -> dict:
    """Return what a server says of itself once it listens."""
    import time

    for _ in range(WITHIN_S * 10):
        if found := list((own / "runtime").glob("jpserver-*.json")):
            return json.loads(found[0].read_text())
        assert process.poll() is None, (own / "log").read_text()
        time.sleep(0.1)
    raise AssertionError((own / "log").read_text())


@pytest.fixture(scope="module")
def lab(server, tmp_path_factory) -> Iterator[Lab]:
    from selenium import webdriver

    root, told = server
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    inside = [option for option in OPTIONS if not option.startswith("--host-resolver")]
    for option in [*inside, f"--user-data-dir={tmp_path_factory.mktemp('profile')}", "--window-size=1280,900"]:
        options.add_argument(option)
    driver = webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))
    address = f"http://127.0.0.1:{told['port']}/{{}}?token={told['token']}"
    driver.get(address.format("lab/tree/notebooks"))
    yield Lab(root, driver, address)
    driver.quit()


def test_a_notebook_runs_and_leaves_no_trace(lab):
    name = "01-data-quality.ipynb"
    lab.open(name)
    lab.run_all()
    lab.wait(lambda: lab.run(HAVE_RUN), "all cells have run")
    assert lab.all(f"{PANEL} [data-mime-type*=stderr]") == []  # errors, too
    committed = (ROOT / "notebooks" / name).read_text()
    assert len(lab.all(f"{PANEL} figure.cx")) == committed.count("cx.show(")
    assert len(lab.all(f"{PANEL} table.cx-table")) > 0
    pictures = lab.run("return [...document.querySelectorAll('figure.cx img')].map(i => [i.naturalWidth, i.alt])")
    assert pictures
    assert all(width > 0 and len(alt) > 20 for width, alt in pictures)
    saved = lab.root / "notebooks" / name
    lab.press("s", held="\ue009")
    lab.wait(lambda: '"image/png"' in saved.read_text() or "data:image/png" in saved.read_text(), "it is saved")
    strip = [".venv/bin/nbstripout", "--keep-count", "--keep-id", "--extra-keys", "metadata.language_info", str(saved)]
    subprocess.run(strip, cwd=ROOT, check=True)
    assert saved.read_text() == committed


def test_work_shows_how_far_it_is_errors_are_sentences_and_tab_completes(lab):
    lab.open("90-scratch.ipynb")
    lab.run_all()
    bar = f"{PANEL} .widget-output pre"
    lab.wait(lambda: any("Counting" in text and "%" in text for text in lab.texts(bar)), "a bar is there")
    error = f"{PANEL} [data-mime-type*=stderr]"
    lab.wait(lambda: lab.all(error), "the error is there")
    assert not any("Counting" in text for text in lab.texts(bar))
    said = lab.texts(error)[0].strip()
    assert said == "StudyError: period 2031Q1: the study has no answers in it; it has 2024Q4 to 2026Q3."
    # A new cell below, in which somebody types.
    lab.all(f"{PANEL} .jp-CodeCell .jp-InputPrompt")[-1].click()
    lab.press("b", "\ue007")
    lab.press("cx.")
    offered = ".jp-Completer:not(.lm-mod-hidden) .jp-Completer-match"
    lab.press_until("\ue004", lambda: lab.all(offered), "names are offered")
    assert set(lab.texts(offered)) == set(cx.__all__)
    lab.press("\ue00c")
    lab.press("metrics.nps")

    def told():
        return "Net Promoter Score" in "".join(lab.texts(".jp-Tooltip"))

    lab.press_until("\ue004", told, "the docstring is there", held="\ue008")


def test_a_headline_is_laid_out_as_in_a_report(lab):
    lab.open("02-scorecard.ipynb")
    lab.run_all()
    lab.wait(lambda: lab.run(HAVE_RUN) and lab.all(f"{PANEL} .cx-headline .cx-facts"), "the headline is shown")
    # JupyterLab's own rules for such lists would set each value beside, or over, its label.
    edges = """return [...document.querySelectorAll(arguments[0])].map(pair => [
        pair.querySelector("dt").getBoundingClientRect().bottom,
        pair.querySelector("dd").getBoundingClientRect().top,
    ])"""
    pairs = lab.run(edges, f"{PANEL} .cx-facts > div")
    assert len(pairs) >= 3
    assert all(below <= above + 1 for below, above in pairs)


def test_a_choice_by_keyboard_changes_figure_and_table(lab):
    lab.open("11-explore.ipynb")
    lab.run_all()
    lab.wait(lambda: lab.run(HAVE_RUN) and lab.all(f"{PANEL} .widget-output figure.cx"), "the explorer has drawn")
    figure = f"{PANEL} .widget-output figure.cx"
    before = (lab.texts(f"{figure} table")[0], lab.run(f"return document.querySelector('{figure} img').src"))
    assert "Small base" in before[0]
    labels = "return [...document.querySelectorAll('.cx-explorer select')].map(list => list.labels[0].textContent)"
    assert lab.run(labels) == ["Study", "Quarter", "Metric", "Segment", "Group", "View"]
    cells = len(lab.all(f"{PANEL} .jp-Cell"))
    focused = "return document.activeElement.labels?.[0]?.textContent"
    prompt = lab.run(
        "return document.querySelector('.cx-explorer').closest('.jp-Cell').querySelector('.jp-InputPrompt')"
    )
    prompt.click()
    for _ in range(10):
        if lab.run(focused) != "Segment":
            lab.press("\ue004")
    lab.press("\ue015")
    lab.wait(lambda: lab.texts(f"{figure} .cx-caption") == ["NPS by period: all groups of Region"], "it is redrawn")
    after = (lab.texts(f"{figure} table")[0], lab.run(f"return document.querySelector('{figure} img').src"))
    assert "Business" in before[0]
    assert "Business" not in after[0]
    assert after[1] != before[1]
    # Letters choose, too: in JupyterLab's command mode B would insert a cell.
    lab.press("\ue004", "\ue004", "B")
    lab.wait(lambda: lab.texts(f"{figure} .cx-caption")[0].startswith("NPS by group"), "the view has changed")
    assert len(lab.all(f"{PANEL} .jp-Cell")) == cells
    assert lab.run(focused) == "View"
