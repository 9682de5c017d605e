"""The whole report on real public data: known answers, found by the same command that a user calls."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from cxresearch.study_data import load

# study: files of the shared data, period of the report
STUDIES = {
    "nps_verbatims": (["nps_verbatims/verbatim.csv"], "all"),
    "qualtrics_export": (["qualtrics_export/qualtrics.csv"], "2025Q4"),
    "bank_satisfaction": (["spss/bank_satisfaction.sav"], "all"),
    "cola": (["spss/Cola.sav"], "all"),
    "survey_api": (["survey_api/apistrat.csv.gz"], "all"),
    "ibm_telco": (
        ["ibm_telco/Telco_customer_churn_status.xlsx", "ibm_telco/Telco_customer_churn_services.xlsx"],
        "all",
    ),
    "skytrax": (["skytrax/lounge.csv.gz"], "2015Q3"),
}
# Two studies, with comments and without, have every page, which must say what is missing; the others have those about
# what they hold.
WHOLE = ("nps_verbatims", "survey_api")
ABSENT = ["07-journey", "08-question-plan", "09-question-results", "10-closed-loop", "12-teams-and-value"]


def prepared(name: str, project: Path, shared) -> Path:
    """Copy a study, its data and the notebooks into the project; return the run file."""
    files, period = STUDIES[name]
    folder = project / "data" / name
    folder.mkdir()
    for file in files:
        shutil.copy(shared(f"data/{file}"), folder)
    shutil.copy(ROOT / "tests" / "real" / f"{name}.yaml", folder / "study.yaml")
    for part in ("notebooks", "docs"):
        shutil.copytree(ROOT / part, project / part, dirs_exist_ok=True)
    shutil.copy(ROOT / "requirements.lock", project)
    run = project / "params" / f"{name}.yaml"
    absent = [] if name in WHOLE else ABSENT
    run.write_text(f"study: {name}\nperiod: {period}\nskip: [{', '.join(absent)}]\n")
    return run


@pytest.fixture
def report(project, shared):
    """Return a function that makes a study's report and gives its published folder."""

    def published(name: str) -> Path:
        run = prepared(name, project, shared)
        command = [sys.executable, "-m", "cxresearch.cli", "report", str(run)]
        done = subprocess.run(command, cwd=project, env=os.environ, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr + done.stdout
        return project / "reports" / name / "latest"

    return published


def results(folder: Path) -> dict[tuple[str, str], list[dict]]:
    """Return the published tables by notebook and key, a dict a row."""
    found = {}
    for notebook, payloads in json.loads((folder / "results.json").read_text())["notebooks"].items():
        for key, payload in payloads.items():
            frame = payload["frame"]
            found[notebook, key] = [dict(zip(frame["columns"], row, strict=True)) for row in frame["rows"]]
    return found


def test_nps_of_the_sms_survey(report):
    headline = results(report("nps_verbatims"))["00-summary", "headline"][0]
    # 690 promoters less 1,271 detractors of the 2,353 who gave a score. The data's README says -24.36, which divides by
    # all 2,385 rows and so counts the 32 without a score as passives.
    assert headline["n"] == 2353
    assert headline["estimate"] == pytest.approx(100 * (690 - 1271) / 2353, abs=1e-9)


def test_stratified_sample_of_schools(report):
    scorecard = results(report("survey_api"))["02-scorecard", "scorecard"]
    rows = {row["metric"]: row for row in scorecard}
    # R survey: svymean(~api00, apistrat with fpc) 662.29 (9.409); svytotal(~enroll) 3,687,178 (114,642).
    assert rows["api00"]["estimate"] == pytest.approx(662.2874, abs=5e-4)
    assert rows["api00"]["std_error"] == pytest.approx(9.4089, abs=5e-4)
    assert rows["enroll"]["estimate"] == pytest.approx(3687177.5, abs=1)
    assert rows["enroll"]["std_error"] == pytest.approx(114641.7, abs=1)


@pytest.mark.parametrize(
    ("name", "n", "mean"),
    [
        ("qualtrics_export", 452, 3.5708),
        ("bank_satisfaction", 896, 3.8359),
        ("cola", 327, 3.2722),
        ("ibm_telco", 7043, 3.2449),
    ],
)
def test_a_report_on_an_export_without_nps(name, n, mean, report, shared):
    rows = results(report(name))
    headline = rows["00-summary", "headline"][0]
    assert headline["n"] == n
    assert headline["estimate"] == pytest.approx(mean, abs=5e-5)


def test_a_scale_that_changed_in_mid_stream(report):
    folder = report("skytrax")
    trend = results(folder)["02-scorecard", "trend"]
    assert [row["period"] for row in trend if row["estimate"] is not None] == ["2015Q2", "2015Q3"]
    assert "another scale" in (folder / "team" / "01-data-quality.html").read_text()


def test_known_bases_without_a_report(project, shared):
    prepared("bank_satisfaction", project, shared)
    answers = load("bank_satisfaction").responses
    assert (len(answers), answers["customer_id"].nunique()) == (896, 400)
