"""The summary: what comes first and why, what stands with whose name, and what is said where nothing can be."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import tiny_project
from test_report import Outline, rendered
from tiny_project import Tiny

import cxresearch as cx
from cxresearch.present import words
from cxresearch.present.disclosure import Policy, protect
from cxresearch.present.payload import Grid, Payload, slug
from cxresearch.report import since as changed_since
from cxresearch.report.manifest import recorded as manifest
from cxresearch.report.owners import owner_pages
from cxresearch.report.plan import make_plan
from cxresearch.strict_yaml import StudyError
from cxresearch.study import load_run
from cxresearch.summary import Recorded
from cxresearch.summary.owners import owner_of

package, tiny = tiny_project.package, tiny_project.tiny
GROUPED = ["segment", "level", "n", "n_customers", "estimate", "conf_low", "conf_high", "p_adjusted"]
ALL_DONE = "not made"


@pytest.fixture(scope="module")
def study():
    return cx.load("demo", period="2026Q3")


def output(frame: pd.DataFrame, finding: str | None, page: str = "02-scorecard", key: str = "", **more) -> Payload:
    made = Payload(key=key or slug(finding or "output"), kind="table", grid=Grid.of(frame), finding=finding, **more)
    return made.with_provenance(notebook=page, cell=3)


def process(finding: str | None, page: str = "01-data-quality", **columns) -> Payload:
    return output(pd.DataFrame(columns), finding, page, key=slug(f"{finding}-{page}"), about="process")


def changes(*rows: tuple, segment: str = "plan", metric: str = "nps") -> Payload:
    """Return changes of groups: level, customers, lower and upper limit, verdict."""
    made = [
        {
            "segment": segment,
            "level": level,
            "n": n,
            "n_customers": n,
            "previous": 20.0,
            "current": 20 + (low + high) / 2,
        }
        | {"estimate": (low + high) / 2, "conf_low": low, "conf_high": high, "p_adjusted": 0.01, "verdict": verdict}
        for level, n, low, high, verdict in rows
    ]
    return output(pd.DataFrame(made), "change", key=f"changes-{segment}", arguments={"metric": metric})


def scorecard(n: int = 1000, metric: str = "nps", low: float = -9.0, high: float = 4.0, **more) -> Payload:
    row = {"metric": metric, "n": n, "n_customers": n, "n_eff": n * 0.9, "estimate": 31.0, "conf_low": 26.0}
    row |= {"conf_high": 36.0, "previous": 33.5, "change": (low + high) / 2, "change_low": low, "change_high": high}
    row |= {"verdict": "cannot tell", "unit": "points", "target": 35.0, "target_verdict": "cannot tell"}
    return output(pd.DataFrame([row | more]), "change", key=f"card-{metric}")


def drivers() -> list[Payload]:
    """Return two ratings, one of them without an effect of its own; a quarter and a tenth rate them low."""
    rated = pd.DataFrame({"driver": ["value", "app"], "n": 400, "n_customers": 300, "estimate": [10.0, 0.5]})
    rated = rated.assign(conf_low=[8.0, -1.0], conf_high=[12.0, 2.0], owner=["Pricing", ""])
    moments = pd.DataFrame({"driver": ["value", "app"], "n": 400, "n_customers": 300, "n_low": [100.0, 40.0]})
    arguments = {"metric": "nps"}
    return [
        output(rated, "drivers", "03-drivers", arguments=arguments),
        output(moments.assign(penalty=5.0), None, "03-drivers", "moments", arguments=arguments),
    ]


def topic(p_adjusted: float) -> Payload:
    row = {"topic": "Staff", "n": 70, "n_customers": 70, "estimate": -20.0, "conf_low": -30.0, "conf_high": -10.0}
    row |= {"p_adjusted": p_adjusted, "share": 0.1, "value": 11.0}
    row |= {"contribution": -2.0, "contribution_low": -3.0, "contribution_high": -1.0}
    return output(pd.DataFrame([row]), "topic_impact", "05-topics", arguments={"metric": "nps"})


# ---- what comes first


def test_findings_bear_the_verdicts_of_the_scorecard():
    study = cx.load("demo", period="2025Q3")
    card = cx.metrics.scorecard(study).set_index("metric")
    run = Recorded.of(study, [output(card.reset_index(), "change", "02-scorecard", "scorecard")])
    whole = cx.summary.findings(run).set_index("metric")
    assert set(whole.index) == set(card.index[card["verdict"].isin(["rose", "fell"])])
    assert (whole["verdict"] == card.loc[whole.index, "verdict"]).all()
    assert (whole["estimate"] == card.loc[whole.index, "change"]).all()


def test_the_weight_is_the_limit_nearest_to_nothing_times_the_share_of_customers(study):
    groups = changes(
        ("A", 250, -20.0, -8.0, "fell"), ("B", 500, 1.0, 30.0, "rose"), ("C", 250, -1.0, 9.0, "cannot tell")
    )
    found = cx.summary.findings(Recorded.of(study, [scorecard(1000), groups]))
    assert found["level"].tolist() == ["A", "B"]
    assert found["weight"].tolist() == pytest.approx([8.0 * 0.25, 1.0 * 0.5])
    assert found["news"].tolist() == ["worse", "better"]
    assert found["page"].eq("02-scorecard").all()


def test_a_metric_of_its_own_scale_counts_by_the_part_of_its_range(study):
    # 0.2 of the 4 points between 1 and 5 is a twentieth; of the 200 points of NPS that is 10.
    moved = scorecard(800, "csat", 0.2, 0.6, verdict="rose", unit="1–5")
    assert cx.summary.findings(Recorded.of(study, [moved]))["weight"].tolist() == pytest.approx([10.0])


def test_what_has_no_range_is_told_apart(study):
    moved = output(
        scorecard(800).to_frame().assign(metric="orders", verdict="rose", change_low=2.0, unit="total"), "change"
    )
    run = Recorded.of(study, [moved])
    assert cx.summary.findings(run).empty
    also = cx.summary.also(run)
    assert len(also) == 1
    assert also["sentence"][0].startswith("Orders rose by")


def test_a_group_beside_the_rest_counts_by_its_share_of_both(study):
    row = {"segment": "plan", "level": "A", "against": "the rest", "n": 300, "n_customers": 300, "n_against": 700}
    row |= {"n_customers_against": 700, "value": 44.0, "value_against": 26.0, "estimate": 18.0, "conf_low": 8.0}
    made = pd.DataFrame([row | {"conf_high": 28.0, "verdict": "higher"}])
    found = cx.summary.findings(Recorded.of(study, [output(made, "comparison", arguments={"metric": "nps"})]))
    assert found["weight"].tolist() == pytest.approx([8.0 * 0.3])


def test_of_a_search_only_pairs_are_taken_and_who_writes_is_no_finding(study):
    row = {"n": 300, "n_customers": 300, "n_against": 700, "n_customers_against": 700, "value": 44.0}
    row |= {"value_against": 26.0, "estimate": 18.0, "conf_low": 8.0, "conf_high": 28.0, "verdict": "higher"}
    search = pd.DataFrame(
        [{"segment": "plan × access", "level": "A × DSL"} | row, {"segment": "plan", "level": "A"} | row]
    )
    writers = pd.DataFrame([{"segment": "comment", "level": "customers with a comment"} | row])
    given = {"metric": "nps"}
    outputs = [output(search.assign(at_least=8.0), "comparison", key="screen", arguments=given)]
    outputs += [output(writers, "comparison", key="commenters", arguments=given)]
    assert cx.summary.findings(Recorded.of(study, outputs))["level"].tolist() == ["A × DSL"]


def test_a_rating_counts_by_those_who_rate_it_low_and_only_with_an_effect_of_its_own(study):
    found = cx.summary.findings(Recorded.of(study, drivers()))
    assert found["driver"].tolist() == ["value"]
    assert found["weight"].tolist() == pytest.approx([8.0 * 0.25])
    assert found["owner"].tolist() == ["Pricing"]


@pytest.mark.parametrize(("p_adjusted", "weights"), [(0.04, [1.0]), (0.06, [])])
def test_a_topic_counts_by_what_it_surely_takes_from_the_score(study, p_adjusted, weights):
    found = cx.summary.findings(Recorded.of(study, [topic(p_adjusted)]))
    assert found["weight"].tolist() == weights


def test_an_initiative_is_a_finding_with_its_owner(study):
    row = {"initiative": "New bill", "level": "Classic", "metric": "nps", "owner": "Billing", "n": 300}
    row |= {"n_customers": 200, "n_against": 900, "n_customers_against": 600, "value": 9.0, "value_against": -1.0}
    row |= {"estimate": 10.0, "conf_low": 4.0, "conf_high": 16.0, "verdict": "rose", "status": "quasi-experiment"}
    run = Recorded.of(study, [output(pd.DataFrame([row]), "initiatives", "10-closed-loop")])
    found = cx.summary.findings(run)
    assert found[["owner", "news"]].values.tolist() == [["Billing", "better"]]
    assert found["weight"].tolist() == pytest.approx([4.0 * 0.25])
    sentence = words.finding_of_row(found.iloc[0].to_dict(), {}, {})
    assert sentence.startswith("After “New bill” NPS moved 10 points (4 to 16) more for Classic than for the others")
    assert cx.summary.initiatives(run)["owner"].tolist() == ["Billing"]
    # Judged by the scores right after an encounter, it has no place on the scale of the headline.
    encounter = Recorded.of(study, [output(pd.DataFrame([row | {"level": "repair"}]), "initiatives", "10-closed-loop")])
    assert cx.summary.findings(encounter).empty
    assert cx.summary.also(encounter)["owner"].tolist() == ["Billing"]


def test_a_hidden_group_becomes_no_finding_and_no_sentence(study):
    groups = changes(
        ("Few", 7, -90.0, -60.0, "fell"), ("Next", 40, -60.0, -40.0, "fell"), ("Many", 900, 1.0, 9.0, "rose")
    )
    run = Recorded.of(study, [scorecard(1000), groups])
    found = cx.summary.findings(run)
    assert found["level"].tolist() == ["Many"]
    told = json.dumps([output.to_json() for output in run.outputs if output.key != "card-nps"])
    assert "-75.0" not in told


def test_the_first_screen_has_a_win_a_problem_and_something_to_act_on(study):
    groups = changes(*[(f"{n}", 500, 10.0 + n, 30.0, "rose") for n in range(4)], ("Z", 100, -9.0, -2.0, "fell"))
    found = cx.summary.findings(Recorded.of(study, [scorecard(1000), groups, *drivers()]))
    first = cx.summary.first_screen(found)
    assert first["news"].tolist() == ["better", "lever", "worse"]
    assert first["weight"].is_monotonic_decreasing
    only_wins = found[found["news"].eq("better")].reset_index(drop=True)
    assert cx.summary.first_screen(only_wins)["level"].tolist() == only_wins["level"].head(3).tolist()


def test_every_finding_has_its_base_and_interval_and_no_machine_numbers(study):
    groups = changes(("A", 250, -20.123456, -8.7654321, "fell"))
    found = cx.summary.findings(Recorded.of(study, [scorecard(1000), groups, *drivers(), topic(0.01)]))
    assert set(found["kind"]) == {"change", "driver", "topic"}
    for row in found.to_dict("records"):
        sentence = words.finding_of_row(row, {}, study.definition.labels)
        assert re.search(r"\(\d+ to \d+\)", sentence), sentence
        assert re.search(r"\d (answers|customers)\.$", sentence), sentence
        assert not re.search(r"\d\.\d{2}|_|nan", sentence), sentence


# ---- who answers for it


def test_the_closest_owner_answers():
    owners = {"nps": "Board", "plan": "Product", "Flex": "Pricing", "Bills": "Finance", "repair": "Field"}
    assert owner_of({"metric": "nps", "segment": "plan", "level": "Flex"}, owners) == "Pricing"
    assert owner_of({"metric": "nps", "segment": "plan", "level": "Plus"}, owners) == "Product"
    assert owner_of({"metric": "nps", "segment": "all", "level": "all"}, owners) == "Board"
    assert owner_of({"topic": "Bills", "metric": "nps"}, owners) == "Finance"
    assert owner_of({"touchpoint": "repair", "owner": "Ada"}, owners) == "Ada"
    assert owner_of({"metric": "csat"}, owners) == ""


def owned(*rows: tuple, key: str = "findings") -> Payload:
    """Return an output of the summary: group, customers, owner."""
    frame = pd.DataFrame(rows, columns=["level", "n_customers", "owner"])
    frame.insert(1, "n", frame["n_customers"])
    frame = frame.assign(estimate=1.5, sentence=[f"About {level}." for level in frame["level"]])
    return output(frame, None, "00-summary", key, caption="Findings")


def test_an_owners_page_holds_the_rows_with_the_name_and_nothing_hidden(tiny: Tiny, monkeypatch):
    made = Payload(
        **{
            **vars(owned(("A", 70, "Sales & Co"), ("B", 60, "Care"), ("C", 6, "Care"), ("D", 80, "Ops"))),
            "kind": "findings",
        }
    )
    front = rendered(tiny, [made], monkeypatch)
    page = front["owner-sales-co.html"]
    assert "About A." in page
    assert "About B." not in page
    assert "About D." not in page
    # C is too small, and B would give it away.
    assert "owner-care.html" not in front
    assert "About B." not in front["index.html"]
    assert Outline(front["index.html"]).all("a", href="owner-sales-co.html")
    assert "Sales &amp; Co</a> <span>1 finding</span>" in front["index.html"]


def test_the_public_see_no_owners():
    payloads = [owned(("A", 50, "Sales"), ("B", 60, "Care"))]
    shown = protect(payloads, Policy(), "public").payloads
    assert owner_pages(shown) == []
    assert [page.owner for page in owner_pages(protect(payloads, Policy()).payloads)] == ["Care", "Sales"]


def test_topics_come_with_owner_share_and_change(study):
    base = {"topic": ["Bills", "Staff"], "n": 600, "n_customers": 590}
    shares = pd.DataFrame(base | {"estimate": [0.2, 0.1], "conf_low": 0.05, "conf_high": 0.3})
    moved = pd.DataFrame(
        base | {"estimate": [-0.03, 0.01], "conf_low": -0.1, "conf_high": 0.1, "verdict": "cannot tell"}
    )
    codebook = process(None, "05-topics", owner=["Finance"], topic=["Bills"], words=["bill, invoice"])
    run = Recorded.of(study, [output(shares, "topic_shares"), output(moved, "topic_changes"), codebook])
    found = cx.summary.topics(run)
    assert found[["topic", "owner", "share", "change"]].values.tolist() == [["Bills", "Finance", 0.2, -0.03]]


def test_targets_come_from_the_scorecard_with_their_owner(study):
    cards = [scorecard(), scorecard(metric="csat", target=np.nan, target_verdict="", unit="1–5")]
    made = output(pd.concat([card.to_frame() for card in cards]), "change")
    found = cx.summary.targets(Recorded.of(study, [made]))
    assert found[["metric", "verdict", "owner"]].values.tolist() == [["nps", "cannot tell", "Customer experience"]]
    shown = protect([output(found, "targets", "00-summary")], Policy()).payloads[0]
    assert words.finding(shown) == "Neither met nor missed for certain: NPS, +31 (26 to 36), target +35."


# ---- money


def claim(**more) -> Payload:
    row = {"claim": "this study", "basis": "customers", "outcome": "one per cent of revenue", "n": 2000}
    row |= {"n_customers": 1200, "estimate": 13.14, "conf_low": 11.2, "conf_high": 15.9, "ray_below": np.nan}
    row |= {"ray_above": np.nan, "set": "interval", "source": ""} | more
    return output(pd.DataFrame([row]), "points_per_percent", "04-revenue")


def link(**more) -> Payload:
    row = {"term": "vote", "months": 3, "status": "adjusted association", "verdict": "rises", "reason": "", "n": 2000}
    row |= {"n_customers": 1200, "estimate": 0.07}
    return output(pd.DataFrame([row | more]), "revenue_link", "04-revenue", method="customer-link")


@pytest.mark.parametrize(
    ("outputs", "sentence"),
    [
        ([claim(), link()], "13.1 points of NPS (11.2 to 15.9) go with one per cent more of revenue. This is an adj"),
        ([claim(set="two rays", ray_above=30.0, ray_below=-40.0), link()], "(30.0 or more, or −40.0 or fewer: no "),
        ([claim(estimate=np.nan), link(reason="too few were followed")], "No claim about revenue is made: too few"),
        ([scorecard()], "No claim about revenue is made: the page about revenue is not part of this run"),
    ],
)  # fmt: skip
def test_the_revenue_sentence_says_its_status_or_why_there_is_none(study, outputs, sentence):
    found = cx.summary.revenue(Recorded.of(study, outputs))
    assert len(found) == 1
    shown = protect([output(found, "revenue", "00-summary")], Policy()).payloads[0]
    assert sentence in words.finding(shown)


def test_a_claim_of_too_few_is_not_told(study):
    found = cx.summary.revenue(Recorded.of(study, [claim(n_customers=6), link()]))
    shown = protect([output(found, "revenue", "00-summary")], Policy()).payloads[0]
    assert not re.search(r"\d", words.finding(shown))


# ---- what a reviewer asks

FLOW = pd.DataFrame({"stage": ["invited", "answered"], "n_customers": [1000, 400], "n": [1000, 400]})
BIAS = pd.DataFrame({"segment": ["plan"] * 2, "level": ["A", "B"], "n": 500, "n_customers": 500, "p_adjusted": 0.5})
CARE = pd.DataFrame(
    {
        "answers": ["all", "x"],
        "n": 900,
        "n_customers": 900,
        "estimate": [30.0, 31.0],
        "conf_low": 25.0,
        "conf_high": 35.0,
    }
)
HEAD = pd.DataFrame(
    {"metric": ["nps"], "n": [900], "n_customers": [900], "n_eff": [800.0], "estimate": [30.0], "verdict": ["rose"]}
)
PLACEBO = pd.DataFrame(
    {"term": ["vote"], "n": [900], "n_customers": [800], "estimate": [0.0], "conf_low": [-0.1], "conf_high": [0.1]}
    | {"percent": [0.0], "percent_low": [-9.0], "percent_high": [9.0]}
)
DEALT = pd.DataFrame({"wave": ["w"], "n": [900], "n_customers": [900], "p_value": [0.4], "verdict": ["as planned"]})
HARM = pd.DataFrame(
    {"metric": ["nps"], "n": [900], "n_customers": [900], "estimate": [1.0], "verdict": ["none beyond 3"]}
)
DRIVER = pd.DataFrame(
    {"check": ["halo"], "n": [900], "n_customers": [900], "estimate": [0.4], "limit": [0.5], "verdict": ["pass"]}
).assign(meaning="x")
WEIGHTED = pd.DataFrame({"variable": ["plan"], "level": ["A"], "n": [900], "n_customers": [900], "gap": [0.0]})


def verdict(study, check: str, payload: Payload) -> str:
    found = cx.summary.checklist(Recorded.of(study, [payload])).set_index("check")
    assert (found.drop(index=[name for name in found.index if found.loc[name, "page"]])["verdict"] == ALL_DONE).all()
    assert found.loc[check, "key"] == payload.key
    return found.loc[check, "verdict"]


@pytest.mark.parametrize(
    ("check", "finding", "frame", "worse", "expected"),
    [
        ("response rate", "flow", FLOW.assign(n=[1000, 500]), {"n": [1000, 499]}, "warn"),
        ("representativity", "bias", BIAS, {"p_adjusted": 0.049}, "warn"),
        ("weighting", "weighting", WEIGHTED, {"gap": -0.006}, "warn"),
        ("careless answers", "sensitivity", CARE, {"estimate": [30.0, 36.0]}, "warn"),
        ("base of the headline", "headline", HEAD, {"n_eff": 99.0}, "warn"),
        ("cost of weights", "headline", HEAD, {"n_eff": 300.0}, "warn"),
        ("trend of the headline", "headline", HEAD, {"verdict": "not comparable"}, "fail"),
        ("halo", "checked", DRIVER, {"verdict": "warn"}, "warn"),
        ("leak of the revenue link", "revenue_link", link().to_frame(),
         {"reason": "satisfaction was recorded after or from the outcome"}, "fail"),
        ("placebo of the revenue link", "placebo", PLACEBO, {"conf_low": 0.01}, "warn"),
        ("sample ratio of the inserted questions", "dealt_as_planned", DEALT, {"verdict": "not as planned"}, "fail"),
        ("harm by the inserted questions", "insertion_price", HARM, {"verdict": "harm"}, "fail"),
        ("harm by the inserted questions", "insertion_price", HARM, {"verdict": "cannot decide"}, "warn"),
    ],
)  # fmt: skip
def test_each_check_passes_and_can_fail(study, check, finding, frame, worse, expected):
    assert verdict(study, check, output(frame, finding)) == "pass"
    assert verdict(study, check, output(frame.assign(**worse), finding)) == expected


@pytest.mark.parametrize(
    ("check", "columns", "worse", "expected"),
    [
        ("rows set aside", {"table": ["a"], "rows_in": [100], "quarantined": [5]}, {"quarantined": [6]}, "warn"),
        ("plan against done", {"choice": ["a"], "planned": ["x"], "done": ["x"], "same": ["yes"]}, {"same": ["no"]},
         "warn"),
        ("gate of the segment panel", {"check": ["r"], "found": [0.4], "needed": [0.3], "passed": [True]},
         {"passed": [False]}, "fail"),
        ("stability of topics", {"verdict": ["stable", "unstable"], "topics": [2, 1], "jaccard": [0.9, 0.3]},
         {"topics": [1, 1]}, "warn"),
        ("question plan: key", {"check": ["key"], "status": ["pass"], "sentence": ["Fine."]}, {"status": ["warn"]},
         "warn"),
    ],
)  # fmt: skip
def test_checks_of_files_and_plans(study, check, columns, worse, expected):
    name = "quarantine" if "quarantined" in columns else None
    page = "08-question-plan"
    assert verdict(study, check, process(name, page, **columns)) == "pass"
    assert verdict(study, check, process(name, page, **{**columns, **worse})) == expected


def test_refusals_say_why_what_it_takes_and_where(study):
    sentence = "Not reported: nobody has coded comments; `cxresearch topics sample` gives a workbook."
    refused = [process(None, "05-topics", sentence=[sentence]) for _ in range(2)]
    refused = [Payload(**{**vars(one), "key": f"k{n}", "caption": f"Output {n}"}) for n, one in enumerate(refused)]
    panel = output(link(status="refused", reason="six segments are needed").to_frame(), "revenue_link", "04-revenue")
    found = cx.summary.refusals(study, Recorded.of(study, [*refused, panel, scorecard()]))
    assert found.values.tolist() == [
        [
            "Output 0 and Output 1",
            "nobody has coded comments",
            "`cxresearch topics sample` gives a workbook",
            "05-topics",
            "k0",
        ],
        ["Revenue link", "six segments are needed", "", "04-revenue", "revenue-link"],
    ]


# ---- where something lacks


def test_without_a_run_the_page_says_what_to_run(study):
    run = Recorded.of(study, [])
    for name in ("findings", "also", "revenue", "targets", "topics", "initiatives", "actions", "checklist"):
        with pytest.raises(StudyError, match="run `cxresearch report`"):
            getattr(cx.summary, name)(run)
    refused = cx.attempt(cx.summary.findings, run)
    assert cx.attempt(cx.summary.first_screen, refused) is refused
    facts = cx.summary.facts(study, run).set_index("fact")["value"]
    assert facts["Checks"].startswith("not known")
    assert facts["Effective base of the headline"].replace("\N{NARROW NO-BREAK SPACE}", "").isdigit()
    assert "page" in cx.summary.refusals(study, run)


def test_a_run_of_one_page_makes_every_part(study):
    run = Recorded.of(study, [process("quarantine", table=["a"], rows_in=[9], quarantined=[0])])
    assert cx.summary.findings(run).empty
    assert cx.summary.also(run).empty
    for name in ("targets", "topics", "initiatives", "actions"):
        with pytest.raises(StudyError, match=r"no (target|topic|page)"):
            getattr(cx.summary, name)(run)
    assert cx.summary.checklist(run)["verdict"].isin(["pass", "not made"]).all()
    assert cx.summary.first_screen(cx.summary.findings(run)).empty


# ---- since the last publication


def test_what_changed_since_is_told_by_table_parameter_and_method(tiny: Tiny, monkeypatch):
    monkeypatch.setenv("CXRESEARCH_ROOT", str(tiny.root))
    plan = make_plan(load_run(tiny.root / "params" / "tiny.yaml"))
    now = manifest(plan)
    before = {**now, "inputs": {**now["inputs"], "answers.csv": "x"}, "python": "2.7"}
    before["parameters"] = {**now["parameters"], "02-plans": {**now["parameters"]["02-plans"], "factor": 2}}
    found = changed_since.since(before, now)
    assert [(one.part, one.what, one.before, one.now) for one in found.entries] == [
        ("Data", "table responses", "1 file", "1 file: 1 changed"),
        ("Parameters", "factor of Plans", "2", "3"),
        ("Method", "Python", "2.7", now["python"]),
    ]
    assert found.same == ("study.yaml",)
    assert changed_since.since(now, now).entries == ()


def test_the_first_publication_says_that_there_was_none(tiny: Tiny, monkeypatch):
    pages = rendered(tiny, [owned(("A", 50, "Sales"), key="other")], monkeypatch)
    assert "Nothing was published before under this name" in pages["index.html"]
    assert "What changed since" not in pages["01-base.html"]


def test_a_study_of_answers_alone_says_what_it_lacks(project):
    (project / "data" / "mine").mkdir()
    rows = [f"2026-0{month}-{day:02d},{score}" for month in (5, 8) for day in range(1, 29) for score in (9, 3)]
    (project / "data" / "mine" / "answers.csv").write_text("\n".join(["day,score", *rows]))
    table = {
        "source": "answers.csv",
        "columns": {"responded_at": {"from": "day", "format": "%Y-%m-%d"}, "nps": "score"},
    }
    (project / "data" / "mine" / "study.yaml").write_text(json.dumps({"title": "Mine", "tables": {"responses": table}}))
    mine = cx.load("mine", "2026Q3")
    run = Recorded.of(mine, [output(cx.metrics.scorecard(mine), "change")])
    assert cx.summary.headline(mine)["estimate"].tolist() == [0.0]
    assert cx.summary.findings(run).empty
    assert cx.summary.revenue(run)["reason"].item().startswith("the study has no revenue table")
    said = cx.summary.refusals(mine, run)["reason"].tolist()
    assert said[:4] == [
        f"the study has no {name} table" for name in ("invitations", "customers", "revenue", "contacts")
    ]
    facts = cx.summary.facts(mine, run).set_index("fact")["value"]
    assert facts["Weights"] == "none"
    assert facts["Plan against done"] == "its page was not made, or the study lacks what it needs"
