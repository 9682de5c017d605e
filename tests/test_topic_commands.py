"""`cxresearch topics codebook`, `sample` and `code`: comments of a study go out to be coded, and come back."""

from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from ruamel.yaml import YAML
from themed import CHATTER, comments
from typer.testing import CliRunner

from cxresearch import topics
from cxresearch.cli import app
from cxresearch.study import load_study
from cxresearch.study_data import load
from cxresearch.topics.coding import read_codes

HOW = {"embedding": "tfidf", "mode": "portable"}
STUDY = """
title: Themes
tables:
  responses:
    source: answers.csv
    columns:
      response_id: {from: id}
      customer_id: {from: who}
      responded_at: {from: day, format: "%Y-%m-%d"}
      nps: {from: score}
      verbatim: {from: said}
"""
RUN = "study: themes\nperiod: 2026Q3\n05-topics: {embedding: tfidf, mode: portable}\n"


@pytest.fixture
def run(project) -> Path:
    """Return the run file of a study with 600 comments in each of two quarters."""
    numbers = range(1_200)
    answers = pd.DataFrame({"id": [f"R{one:04}" for one in numbers], "who": [f"C{one:04}" for one in numbers]})
    answers = answers.assign(day=np.repeat(["2026-05-04", "2026-08-03"], 600), score=9, said=comments(1_200))
    folder = project / "data" / "themes"
    folder.mkdir()
    answers.to_csv(folder / "answers.csv", index=False)
    (folder / "study.yaml").write_text(STUDY)
    path = project / "params" / "themes-2026q3.yaml"
    path.write_text(RUN)
    return path


def called(*arguments) -> str:
    """Return what a command printed; it must have gone well."""
    done = CliRunner().invoke(app, ["topics", *map(str, arguments)])
    assert done.exit_code == 0, done.output
    return done.output


def refused(*arguments) -> str:
    """Return the sentence with which a command refused."""
    done = CliRunner().invoke(app, ["topics", *map(str, arguments)])
    assert done.exit_code == 2
    return done.output


def coded_by(path: Path, out: Path, name, rows) -> Path:
    """Return a copy of a workbook in which some rows were coded; `name` says how."""
    book = openpyxl.load_workbook(path)
    sheet = book["Comments"]
    for row in rows:
        for place, code in enumerate(name(sheet.cell(row, 2).value)):
            sheet.cell(row, 3 + place, code)
    book.save(out)
    return out


def test_comments_go_out_are_coded_by_two_and_the_shares_rest_on_it(run, tmp_path):
    folder = run.parent.parent / "data" / "themes"
    assert "topics were added" in called("codebook", run)
    listed = YAML(typ="safe").load(folder / "codebook.yaml")["topics"]
    text = (folder / "codebook.yaml").read_text()
    (folder / "codebook.yaml").write_text(text + "# ours\n")
    assert "has all topics" in called("codebook", run)
    assert (folder / "codebook.yaml").read_text().endswith("# ours\n")

    called("sample", run, "--all")
    workbook = folder / "coding-2026Q3.xlsx"
    assert workbook.stat().st_mode & 0o077 == 0
    sheet = openpyxl.load_workbook(workbook)["Comments"]
    assert sheet.max_row == 601
    assert "is there already" in refused("sample", run, "--all")

    study = load(load_study(folder / "study.yaml"), "2026Q3")
    said = topics.mentions(study, by_hand=False, seed=0, **HOW)
    first, second = list(said.names.values())[:2]
    assert len(listed) == len(said.names)

    # Ann reads all: routers are of the first topic, invoices of both. Bob reads fifty and sees no second topic.
    def ann(words):
        return [first] * ("router" in words) + [first, second] * ("invoice" in words) or ["none"]

    def bob(words):
        return [first] * ("router" in words or "invoice" in words) or ["none"]

    files = [coded_by(workbook, tmp_path / "ann.xlsx", ann, range(2, 602))]
    files.append(coded_by(workbook, tmp_path / "bob.xlsx", bob, range(2, 52)))
    assert "600 comments of ann, 50 comments of bob" in called("code", run, *files)
    kept = (folder / "coding.yaml").read_text()
    assert not any(word in kept for word in (*CHATTER, "router", "R0", "C0"))

    by_hand = topics.mentions(study, seed=0, **HOW)
    codes = read_codes(folder / "coding.yaml", said)
    now = study.answers(period="2026Q3")["verbatim"]
    truth = [now.str.contains("router|invoice").mean(), now.str.contains("invoice").mean()]
    shares = topics.shares(by_hand).set_index("topic")["estimate"]
    assert shares[[first, second]].tolist() == pytest.approx(truth)
    assert shares.drop([first, second]).eq(0).all()
    corrected = codes.shares(said).set_index("topic")["estimate"]
    assert corrected[[first, second]].tolist() == pytest.approx(truth)
    alpha = codes.agreement(said).set_index("topic")
    assert alpha.loc[first, "estimate"] == 1
    assert alpha.loc[second, "estimate"] < 0.8


def test_a_workbook_is_kept_out_of_reports_and_wrong_ones_are_refused(run, tmp_path):
    reports = run.parent.parent / "reports" / "coding.xlsx"
    assert "reports hold no comments" in refused("sample", run, "--out", reports)
    assert not reports.exists()
    out = tmp_path / "mine.xlsx"
    called("sample", run, "--n", 100, "--out", out)
    assert "no comment is coded" in refused("code", run, out)
    wrong = coded_by(out, tmp_path / "wrong.xlsx", lambda _: ["Broken promises"], range(2, 4))
    sentence = refused("code", run, wrong)
    assert "2 comments have a code that the codebook does not know" in sentence
    assert "Broken" not in sentence
    (tmp_path / "other").mkdir()
    again = coded_by(out, tmp_path / "other" / "mine.xlsx", lambda _: ["none"], range(2, 4))
    assert "bear the same name" in refused("code", run, out, again)
    assert not (run.parent.parent / "data" / "themes" / "coding.yaml").exists()
