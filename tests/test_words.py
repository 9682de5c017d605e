"""Sentences say what the protected frame holds, in plain English, and claim no more than the data support."""

import re

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from cxresearch.present import labels as say
from cxresearch.present import words
from cxresearch.present.disclosure import Policy, protect
from cxresearch.present.payload import Grid, Payload

THIN = say.THOUSANDS
WHEN = {"period": "2026Q3", "compare_to": "2026Q2"}


def told(name, frame, *, about="people", kind="table", labels=None, **arguments):
    """The sentence of a protected frame."""
    payload = Payload(key="k", kind=kind, grid=Grid.of(frame), caption="What it shows", finding=name, about=about,
                      labels=labels or {}, arguments=arguments, provenance=WHEN)  # fmt: skip
    return words.finding(protect([payload], Policy()).payloads[0])


def score(**more):
    """One row of a scorecard."""
    row = {"metric": "nps", "n": 1012, "n_customers": 1012, "n_previous": 950, "n_customers_previous": 950}
    row |= {"estimate": 27.1, "conf_low": 23.0, "conf_high": 31.2, "previous": 21.2, "change": 5.9, "verdict": "rose"}
    return pd.DataFrame([row | {"minimum_detectable": 8.1, "unit": "points"} | more])


def groups(values, bases, errors=3.0, **more):
    names = [f"G{number}" for number in range(len(values))]
    frame = pd.DataFrame({"plan": names, "n": bases, "n_customers": bases, "estimate": values})
    frame = frame.assign(std_error=errors, conf_low=frame["estimate"] - 6, conf_high=frame["estimate"] + 6)
    return frame.assign(flag="", **more)


def changes(verdicts, **more):
    size = len(verdicts)
    frame = pd.DataFrame({"segment": "plan", "level": [f"G{number}" for number in range(size)], "n": 300})
    frame = frame.assign(n_customers=300, n_previous=300, n_customers_previous=300, previous=20.0, current=26.0)
    return frame.assign(estimate=6.0, conf_low=1.0, conf_high=11.0, p_adjusted=0.01, verdict=verdicts, flag="", **more)


def compared(verdicts):
    size = len(verdicts)
    frame = pd.DataFrame({"segment": "plan", "level": [f"G{number}" for number in range(size)], "against": "the rest"})
    frame = frame.assign(n=300, n_customers=300, n_against=900, n_customers_against=900, value=26.0, value_against=20.0)
    frame = frame.assign(estimate=6.0, conf_low=1.0, conf_high=11.0, p_adjusted=0.01)
    return frame.assign(family=f"{size} comparisons of plan", verdict=verdicts, flag="")


def steps(*values, first=20.0):
    names = ["before", "other shares of the groups", "other scores within the groups", "now"]
    levels = [first, *values, first + sum(values)]
    frame = pd.DataFrame({"step": names, "n": 300, "n_customers": 300, "estimate": levels})
    return frame.assign(conf_low=frame["estimate"] - 5, conf_high=frame["estimate"] + 5, flag="")


def ranked(ranks):
    frame = pd.DataFrame({"team": [f"T{number}" for number in range(len(ranks))], "n": 300, "n_customers": 300})
    frame = frame.assign(estimate=20.0, rank=[1.0 + number for number in range(len(ranks))], flag="")
    return frame.assign(rank_low=[low for low, _ in ranks], rank_high=[high for _, high in ranks])


def tab(p_adjusted):
    frame = pd.DataFrame(
        {"row": "csat", "row_level": "mean", "banner": "plan", "banner_level": ["all", "Basic", "Plus"]}
    )
    frame = frame.assign(n=300, n_customers=300, estimate=[3.5, 3.25, 3.75], p_adjusted=p_adjusted, unit="mean")
    return frame.assign(letters="", flag="")


def weighted(share, target, gap=0.0):
    frame = pd.DataFrame({"variable": "plan", "level": ["A", "B"], "n": 300, "n_customers": 300})
    return frame.assign(share=share, target=target, achieved=target, gap=gap, flag="")


def benchmarks(verdicts):
    frame = pd.DataFrame({"source": [f"Index {number}" for number in range(len(verdicts))], "metric": "nps", "n": 300})
    frame = frame.assign(n_customers=300, estimate=25.0, conf_low=20.0, conf_high=30.0, flag="", benchmark=17.5)
    return frame.assign(difference=7.5, difference_low=2.5, difference_high=12.5, verdict=verdicts, reason="")


# --- names, periods, numbers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("period", "label"),
    [("2026Q3", "Q3 2026"), ("2026-07", "July 2026"), ("2026", "2026"), ("all", "all periods"), ("2026H1", "H1 2026")],
)
def test_periods_are_read_as_people_write_them(period, label):
    assert words.period_label(period) == label


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (-26.6, "points", "−27"),
        (-0.4, "points", "0"),
        (0.3414, "share", "34%"),
        (-0.0214, "percentage points", "−2.1"),
        (3.914, "mean", "3.91"),
        (1234567, "count", f"1{THIN}234{THIN}567"),
        (None, "points", "–"),
        (float("nan"), "share", "–"),
        (float("-inf"), "number", "−∞"),
    ],
)
def test_numbers_are_written_in_their_unit(value, unit, text):
    assert words.number(value, unit) == text


def test_money_bears_its_currency():
    assert words.number(-1234.4, "money", currency="EUR") == f"−€1{THIN}234"
    assert words.number(5, "money", currency="CHF") == "CHF 5"


def test_one_is_singular():
    assert [say.count(number, "answer") for number in (0, 1, 2)] == ["0 answers", "1 answer", "2 answers"]


# --- headline ------------------------------------------------------------------------------------------------------


def test_a_supported_rise():
    assert told("headline", score()) == (
        f"NPS is +27 (23 to 31) in Q3 2026, up 6 points on Q2 2026: a rise that the data support. 1{THIN}012 answers."
    )


@pytest.mark.parametrize(
    ("more", "part"),
    [
        ({"verdict": "fell", "change": -5.9}, "down 6 points on Q2 2026: a fall that the data support."),
        ({"verdict": "cannot tell"}, "up 6 points on Q2 2026, which the data cannot tell from no change (±8 points"),
        ({"verdict": "no difference beyond 5", "change": 0.02}, "level with Q2 2026: no difference beyond 5 points."),
        ({"verdict": "not comparable", "change": None}, "; it cannot be compared with Q2 2026."),
        ({"change": None, "verdict": ""}, "in Q3 2026. 1"),
        ({"change": -1.0, "verdict": "fell"}, "down 1 point on"),
        ({"n": 1, "n_customers": 50}, "1 answer from 50 customers."),
        ({"n_customers": 1000}, f"1{THIN}012 answers from 1{THIN}000 customers."),
        ({"target": 35.0}, "The target of +35 is missed."),
        ({"target": 20.0}, "The target of +20 is met."),
        ({"target": 25.0}, "Whether the target of +25 is met cannot be told."),
        ({"metric": "fcr", "unit": "share", "estimate": 0.78, "conf_low": 0.75, "conf_high": 0.81, "change": -0.021,
          "verdict": "fell"}, "First-contact resolution is 78% (75% to 81%) in Q3 2026, down 2.1 percentage points"),
        ({"metric": "csat", "unit": "1–5", "estimate": 3.914, "conf_low": 3.8, "conf_high": 4.0, "change": 0.1},
         "Satisfaction (CSAT) is 3.91 (3.80 to 4.00) in Q3 2026, up 0.10 on Q2 2026"),
    ],
)  # fmt: skip
def test_the_headline_says_what_the_row_holds(more, part):
    assert part in told("headline", score(**more))


def test_a_hidden_headline_tells_nothing():
    sentence = told("headline", score(n_customers=9))
    assert sentence == "NPS is not reported: too few customers answered."


def test_a_frame_of_changes_has_a_headline_too():
    frame = changes(["rose"]).assign(metric="nps")[["metric", *changes(["rose"]).columns]]
    assert told("headline", frame).startswith("NPS is +26 in Q3 2026, up 6 points on Q2 2026: a rise")


# --- change --------------------------------------------------------------------------------------------------------


def test_changes_are_named_counted_and_judged_together():
    frame = changes(["rose", "fell", "cannot tell", "cannot tell", "no difference beyond 5"])
    frame.loc[1, ["estimate", "conf_low", "conf_high"]] = [-8.0, -13.0, -3.0]
    assert told("change", frame, metric="nps") == (
        "NPS rose for G0 (6 points); NPS fell for G1 (8 points); 1 of 5 shows no difference beyond the margin; "
        "for 2 of 5 the data cannot tell. Judged together as 5 comparisons."
    )


def test_comparisons_name_who_differs_from_whom():
    frame = compared(["higher", "lower", "cannot tell", "no difference beyond 5"])
    frame.loc[1, ["estimate", "conf_low", "conf_high"]] = [-8.0, -13.0, -3.0]
    assert told("comparison", frame, metric="nps") == (
        "NPS is higher for G0 (6 points) and lower for G1 (8 points) than for the rest; 1 of 4 shows no "
        "difference beyond the margin; for 1 of 4 the data cannot tell. Judged among 4 comparisons of plan."
    )
    frame = compared(["cannot tell", "cannot tell", "higher"]).assign(
        family=["2 comparisons of a"] * 2 + ["1 comparison"]
    )
    assert told("comparison", frame, metric="nps").endswith("Judged within each segment.")
    few = told("comparison", compared(["higher", "cannot tell"]).assign(family="160 cells of 5 segments"), metric="nps")
    assert few == "NPS is higher for G0 (6 points) than for the rest. Judged among 160 cells of 5 segments."
    sentence = told("comparison", compared(["cannot tell"] * 3), metric="nps")
    assert sentence.startswith("No group's NPS is known to differ from the rest; for 3 of 3 the data cannot tell.")


def test_a_bridge_says_what_a_change_is_made_of_and_whether_it_is_much():
    assert told("bridge", steps(-1.0, -6.0), kind="bridge", metric="nps", band=5.0) == (
        "NPS went from +20 to +13: 1.0 points down from other shares of the groups and 6.0 points down from other "
        "scores within the groups. That is more than the 5 points that one expects when nothing changed."
    )
    assert "no more than the 8 points" in told("bridge", steps(-1.0, -6.0), kind="bridge", metric="nps", band=8.0)


def test_benchmarks_are_named_only_where_they_asked_alike():
    assert told("benchmark", benchmarks(["higher", "not comparable"])) == (
        "NPS is above Index 0 (+18). Not comparable: Index 1."
    )
    assert told("benchmark", benchmarks(["not comparable"])).startswith("No benchmark asked in the same way.")


def test_weighting_tells_the_largest_shift_and_the_gap_that_is_left():
    assert told("weighting", weighted([0.5, 0.5], [0.4, 0.6])) == (
        "Answers are weighted to the customers' plan: too many answered of A (10.0 percentage points). No gap is left."
    )
    assert told("weighting", weighted([0.5, 0.5], [0.4, 0.6], 0.02)).endswith("up to 2.0 percentage points is left.")


def test_a_ranking_names_only_those_who_surely_belong_to_a_half():
    frame = ranked([(1, 2), (1, 4), (2, 4), (3, 4)])
    assert told("ranking", frame) == (
        "T0 surely belongs to the upper half; T3 surely belongs to the lower half; 2 of 4 may belong to either."
    )
    assert told("ranking", ranked([(1, 4)] * 4)) == "None of 4 units surely belongs to one half."


def test_where_nothing_is_supported_no_group_is_named():
    sentence = told("change", changes(["cannot tell"] * 3), metric="nps")
    assert sentence.startswith("No change is supported by the data; for 3 of 3 the data cannot tell.")
    assert "G0" not in sentence


def test_hidden_changes_are_not_told_but_count_in_the_family():
    frame = changes(["rose", "fell", "fell", "rose"])
    frame.loc[[1, 2], "n_customers"] = 8
    sentence = told("change", frame, metric="nps")
    assert "G1" not in sentence
    assert "fell" not in sentence
    assert sentence.endswith("Judged together as 4 comparisons.")


def test_metrics_change_by_name():
    frame = pd.concat([score(), score(metric="ces", unit="1–7", verdict="cannot tell")], ignore_index=True)
    assert told("change", frame.assign(p_adjusted=0.01)).startswith("Rose: NPS (6 points); for 1 of 2 the data cannot")


def test_a_finding_of_one_row_is_a_sentence_of_its_own():
    record = changes(["fell"]).assign(metric="nps", estimate=-8.0, conf_low=-13.0, conf_high=-3.0).iloc[0].to_dict()
    sentence = words.finding_of_row(record, {}, {})
    assert sentence == "NPS fell by 8 points (3 to 13) to +26 for G0 (plan). 300 answers."


# --- groups --------------------------------------------------------------------------------------------------------


def test_the_ends_are_named_where_their_difference_is_supported():
    assert told("estimates", groups([10.0, 40.0, 25.0], 300), metric="nps") == (
        "G1, +40 (34 to 46), is above G0, +10 (4 to 16)."
    )


def test_groups_that_cannot_be_told_apart_are_not_ranked():
    assert told("estimates", groups([10.0, 12.0, 11.0], 300), metric="nps") == "The 3 groups cannot be told apart."


def test_the_ends_of_many_equal_groups_are_seldom_called_different():
    """25 groups that differ by chance alone; comparing the ends by their intervals would mislead."""
    rng = np.random.default_rng(5)
    runs = [groups(rng.normal(20, 3, 25), 300) for _ in range(200)]
    claimed = sum("is above" in told("estimates", frame, metric="nps") for frame in runs)
    apart = sum((f["estimate"].max() - 6) > (f["estimate"].min() + 6) for f in runs)
    assert claimed <= 0.05 * 200 + 2 * (200 * 0.05 * 0.95) ** 0.5
    assert apart > claimed + 50


def test_very_small_groups_are_not_ranked_and_hidden_ones_not_told():
    frame = groups([10.0, 40.0, 90.0, 95.0, -90.0], [300, 300, 20, 6, 5])
    frame["flag"] = ["", "", "very small base", "", ""]
    sentence = told("estimates", frame, metric="nps")
    assert "above G0" in sentence
    assert "G3" not in sentence
    assert "G4" not in sentence
    assert "95" not in sentence
    assert sentence.endswith("Not ranked, under 30 answers: G2.")


def test_each_segment_is_compared_within_itself():
    parts = [groups([10.0, 40.0], 300), groups([20.0, 21.0], 300)]
    frame = pd.concat(parts, ignore_index=True).rename(columns={"plan": "level"})
    frame.insert(0, "segment", ["plan", "plan", "region", "region"])
    assert told("estimates", frame, metric="nps", labels={"plan": "Tariff"}) == (
        "Tariff: G1, +40 (34 to 46), is above G0, +10 (4 to 16). Within Region the groups cannot be told apart."
    )


# --- trend and distribution ----------------------------------------------------------------------------------------


def trend():
    frame = pd.DataFrame({"period": ["2026Q1", "2026Q3"], "n": 200, "n_customers": 200, "estimate": [10.0, 20.0]})
    return frame.assign(conf_low=frame["estimate"] - 4, conf_high=frame["estimate"] + 4, flag="")


def test_a_trend_tells_the_last_two_values_and_the_gap():
    assert told("trend", trend(), metric="nps") == (
        "NPS is +20 (16 to 24) in Q3 2026, after +10 (6 to 14) in Q1 2026. There are no data for Q2 2026."
    )


def test_no_value_is_compared_across_a_break():
    frame = trend().assign(flag=["", "mode changed: not comparable with earlier periods"])
    assert told("trend", frame, metric="nps") == (
        "NPS is +20 (16 to 24) in Q3 2026. The line breaks at Q3 2026: values before and after cannot be compared. "
        "There are no data for Q2 2026."
    )


def test_the_distribution_in_words():
    shares = np.array([30, 12, 14, 20, 25, 60, 71, 140, 190, 210, 228])
    frame = pd.DataFrame({"score": range(11), "n": shares, "n_customers": shares, "estimate": shares / 1000})
    assert told("distribution", frame) == (
        "44% are promoters (9 or 10), 33% passives (7 or 8) and 23% detractors (0 to 6)."
    )
    frame.loc[1, "n_customers"] = 3
    sentence = told("distribution", frame)
    assert sentence == (
        "44% are promoters (9 or 10) and 33% passives (7 or 8). Answers given by too few customers are not shown."
    )
    five = frame.iloc[:5].assign(n_customers=50)
    assert told("distribution", five.reset_index(drop=True)) == "The most frequent answer is 0 (3%)."


# --- the data themselves -------------------------------------------------------------------------------------------


def flow():
    counts = [6120, 1187, 1012, 996]
    return pd.DataFrame({"stage": ["invited", "answered", "counted", "linked"], "n": counts, "n_customers": counts})


def asked_otherwise(*rows: tuple) -> pd.DataFrame:
    """Return differences in how people were asked, as `cx.quality.comparability` gives them."""
    frame = pd.DataFrame(rows, columns=["metric", "period", "what", "breaks"]).astype({"breaks": "bool"})
    return frame.assign(detail="words").astype({name: "str" for name in ("metric", "period", "what", "detail")})


@pytest.mark.parametrize(
    ("name", "frame", "about", "sentence"),
    [
        ("flow", flow(), "people",
         f"6{THIN}120 invited, 1{THIN}187 answered, 1{THIN}012 counted, 996 linked. 16% of those invited remain."),
        ("speaks_for", flow(), "people",
         f"This report speaks for the 1{THIN}012 answers counted. 19% of 6{THIN}120 invited answered; those who did "
         "not may think otherwise."),
        ("speaks_for", flow().tail(2), "people",
         f"This report speaks for the 1{THIN}012 answers counted; how many were invited is not known."),
        ("revenue", pd.DataFrame({"status": ["refused"], "reason": ["there is no revenue table"]}), "process",
         "No claim about revenue is made: there is no revenue table."),
        ("duplicates", pd.DataFrame({"table": [], "rule": [], "rows": []}), "process",
         "No copies and no conflicting rows were found."),
        ("duplicates", pd.DataFrame({"table": ["a"], "rule": ["copy"], "rows": [1]}), "process",
         "1 row was set aside (copy: 1)."),
        ("quarantine", pd.DataFrame({"table": ["responses"], "rows_in": [900], "quarantined": [0]}), "process",
         "All 900 rows read were accepted."),
        ("quarantine", pd.DataFrame({"table": ["a", "b"], "rows_in": [900, 100], "quarantined": [1, 0]}), "process",
         f"Of 1{THIN}000 rows read, 1 (0.1%) was set aside: 1 in a."),
        ("comparability", asked_otherwise(), "process", "No change was found in how people were asked."),
        ("comparability", asked_otherwise(("nps", "2026Q1", "mode", False)), "process",
         "No line breaks; 1 change is flagged."),
        ("comparability", asked_otherwise(("csat", "2025Q2", "scale", True), ("csat", "2025Q3", "scale", True),
                                          ("nps", "2026Q1", "wording", True), ("nps", "2026Q1", "mode", False)),
         "process", "The line of Satisfaction (CSAT) breaks at Q2 2025 and Q3 2025 (scale). "
         "The line of NPS breaks at Q1 2026 (wording). 1 other change is flagged."),
    ],
)  # fmt: skip
def test_the_way_of_the_data_in_words(name, frame, about, sentence):
    assert told(name, frame, about=about) == sentence


def checked(flagged, share, **more):
    row = {"survey": "relationship", "n": 1003, "n_customers": 1003, "flagged": flagged, "estimate": share, "flag": ""}
    return pd.DataFrame([row | more])


def test_careless_answers_in_words():
    assert told("speeders", checked(12, 12 / 1003, limit_s=67.6)) == (
        f"12 of 1{THIN}003 answers (1.2%) were given in under 68 seconds. They are kept."
    )
    assert told("speeders", checked(1, 1 / 1003, limit_s=67.6)).startswith("1 of 1")
    assert " was given" in told("speeders", checked(1, 1 / 1003, limit_s=67.6))
    assert told("straight_liners", checked(0, 0.0)) == f"None of 1{THIN}003 answers gave the same rating throughout."
    assert "cannot be assessed" in told("speeders", checked(0, None, n=0, n_customers=0))


def test_sensitivity_in_words():
    frame = groups([20.0, 21.6, 20.5], [300, 260, 280]).rename(columns={"plan": "answers"})
    frame["answers"] = ["all", "without speeders", "without both"]
    assert told("sensitivity", frame, metric="nps") == (
        "NPS is +20 with all answers; leaving careless ones out moves it by at most 2 points."
    )


def test_coverage_and_bias_in_words():
    frame = groups([0.96, 0.97, 0.91], 300).rename(columns={"plan": "level"})
    frame = frame.assign(segment=["all", "plan", "plan"], level=["all", "Basic", "Plus"], link="customer")
    frame = frame[["link", "segment", "level", *frame.columns[1:-2]]]
    assert told("coverage", frame, unit="share") == (
        "96% of the answers can be linked to customer, least for Plus (91%)."
    )
    rates = groups([0.31, 0.12, 0.2, 0.21], 300).rename(columns={"plan": "level"})
    rates.insert(0, "segment", ["plan", "plan", "region", "region"])
    assert told("bias", rates.assign(p_adjusted=[0.01, 0.01, 0.7, 0.7]), unit="share") == (
        "Response differs by plan: highest G0 31%, lowest G1 12%. By region no difference is supported."
    )


# --- alternative texts ---------------------------------------------------------------------------------------------


def test_the_alternative_text_says_type_subject_range_and_finding():
    frame = groups([10.0, 40.0, 25.0, 99.0, 98.0], [300, 300, 300, 4, 6])
    payload = Payload(key="k", kind="estimates", grid=Grid.of(frame), caption="NPS by plan", finding="estimates",
                      arguments={"metric": "nps"})  # fmt: skip
    text = words.alt(protect([payload], Policy()).payloads[0])
    assert text == (
        "Dots with intervals: NPS by plan. 3 values from 10 to 40. "
        "G1, +40 (34 to 46), is above G0, +10 (4 to 16). Not shown, to protect small groups: G3 and G4."
    )


def test_the_alternative_text_of_nothing():
    frame = groups([10.0, 40.0], 3)
    payload = Payload(key="k", kind="bars", grid=Grid.of(frame), caption="NPS")
    assert words.alt(protect([payload], Policy()).payloads[0]) == "Bars: NPS. No values can be shown."


# --- all sentences -------------------------------------------------------------------------------------------------

FRAMES = {
    "headline": score(),
    "trend": trend(),
    "change": changes(["rose", "fell"]),
    "comparison": compared(["higher", "lower"]),
    "bridge": steps(-1.0, -6.0),
    "weighting": weighted([0.5, 0.5], [0.4, 0.6]),
    "benchmark": benchmarks(["higher", "not comparable"]),
    "ranking": ranked([(1, 1), (2, 2)]),
    "crosstab": tab([None, 0.01, 0.02]),
    "estimates": groups([10.0, 40.0], 300),
    "distribution": groups([0.1, 0.9], 300),
    "flow": flow(),
    "speaks_for": flow(),
    "coverage": groups([0.96, 0.97], 300).rename(columns={"plan": "level"}),
    "bias": groups([0.3, 0.1], 300, p_adjusted=0.01).rename(columns={"plan": "segment"}).assign(level="a")[
        ["segment", "level", "n", "n_customers", "estimate", "p_adjusted"]
    ],
    "speeders": checked(12, 0.01, limit_s=60.0),
    "straight_liners": checked(12, 0.01),
    "sensitivity": groups([20.0, 21.0], [300, 250]).assign(plan=["all", "b"]).rename(columns={"plan": "answers"}),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(FRAMES))
def test_no_sentence_tells_a_hidden_number(name):
    frame = FRAMES[name].assign(n_customers=4)
    sentence = told(name, frame)
    assert sentence
    assert not re.search(r"\d", re.sub(r"Q\d 20\d\d|\d comparisons?", "", sentence)), sentence


@pytest.mark.parametrize("name", sorted(FRAMES))
def test_sentences_are_clean_english(name):
    sentence = told(name, FRAMES[name], metric="nps")
    assert sentence.endswith(".")
    assert sentence[0].isupper() or sentence[0].isdigit()
    assert not re.search(r"nan|None |  |\.\.|\b1 (answers|points|rows|groups|customers)\b|_|\bn/a\b", sentence)


def test_every_sentence_is_tested():
    process = {"revenue", "duplicates", "quarantine", "comparability"}
    # What the demo's pages say is held to the same in tests/browser/test_pages.py.
    pages = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "notebooks").glob("*.ipynb"))
    shown = set(re.findall(r'finding(?:=|\\": )\\"(\w+)\\"', pages))
    assert set(words.FINDINGS) - set(FRAMES) - process <= shown
    assert set(FRAMES) <= set(words.FINDINGS)


def test_sentences_are_made_of_protected_payloads_only():
    payload = Payload(key="k", kind="table", grid=Grid.of(score()), finding="headline")
    with pytest.raises(TypeError, match="found a Payload"):
        words.finding(payload)
    with pytest.raises(KeyError, match="there is no 'nothing'"):
        told("nothing", score())


def test_labels_lose_what_nobody_sees():
    assert say.clean("a\u202e\x00\tb\u200b\n c") == "a b c"
    assert say.clean(f"1{THIN}012") == f"1{THIN}012"
    assert say.level("plan", None) == "not known"
    assert say.label("nps") == "NPS"
    assert say.label("share_of_nps_answers") == "Share of NPS answers"
