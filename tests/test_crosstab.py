"""Crosstabs: against R, against the metrics of each column, letters by hand, and odd questions."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from references import assert_close, reference

from cxresearch import metrics, segments
from cxresearch.segments.letters import letters
from cxresearch.stats.association import mantel_haenszel, mcnemar
from cxresearch.stats.design import sample_design
from cxresearch.stats.groups import Members, Sample, bases_of, members_of
from cxresearch.stats.tables import column_bases, table_of

# --- against R --------------------------------------------------------------------------------------------------------


def counted(case):
    """Return the answers behind a table of counts."""
    rows = [
        pd.DataFrame({"row": row, "col": column}, index=range(count))
        for row, counts in zip(case["rows"], case["table"], strict=True)
        for column, count in zip(case["cols"], counts, strict=True)
    ]
    return pd.concat(rows, ignore_index=True)


@pytest.mark.parametrize("adjust", ["none", "bh"])
@pytest.mark.parametrize("name", ["HairEye", "nps_by_region"])
def test_shares_and_letters_of_a_table_equal_r(name, adjust):
    case = reference("crosstab_tests")["expected"]["tables"][name]
    cells = segments.crosstab(counted(case), "row", "col", adjust=adjust).cells
    shares = cells[cells["banner_level"] != "all"].pivot(index="row_level", columns="banner_level", values="estimate")
    assert_close(shares.loc[case["rows"], case["cols"]], case["col_props"], 1e-12)
    order = sorted(case["cols"])
    found = cells.set_index(["row_level", "banner_level"])["letters"]
    for line, row in zip(case["pair_cols"], case["rows"], strict=True):
        pairs = line["none" if adjust == "none" else "BH"]
        expected = {column: "" for column in case["cols"]}
        for one, other, p in zip(pairs["a"], pairs["b"], pairs["p"], strict=True):
            higher, lower = sorted((one, other), key=lambda column: -shares.loc[row, column])
            letter = "abcd"[order.index(lower)]
            expected[higher] += letter.upper() if p < 0.001 else letter if p < 0.05 else ""
        for column in case["cols"]:
            assert sorted(found[row, column]) == sorted(expected[column]), (row, column)


RAO_SCOTT = [
    ("g3_by_big", "strat_fpc", "g3", "big"),
    ("g3_by_big", "weights_only", "g3", "big"),
    ("g3_by_big", "apiclus1", "g3", "big"),
    ("with_empty_cell_g3_by_schwide", "strat_fpc", "g3", "sch.wide"),
    ("with_empty_cell_g3_by_schwide", "weights_only", "g3", "sch.wide"),
    ("with_structural_zero_schwide_by_awards", "strat_fpc", "sch.wide", "awards"),
    ("with_structural_zero_schwide_by_awards", "weights_only", "sch.wide", "awards"),
    ("apiclus1_stype_by_awards", None, "stype", "awards"),
]


@pytest.mark.parametrize(("case", "design", "row", "column"), RAO_SCOTT)
def test_tables_are_tested_as_by_svychisq(case, design, row, column):
    expected = reference("crosstab_tests")["expected"]["rao_scott"][case]
    expected = expected[design] if design else expected
    clustered = design in ("apiclus1", None)
    frame = pd.DataFrame(reference("crosstab_tests")["data"]["apiclus1" if clustered else "apistrat"])
    frame["g3"] = np.select([frame["ltr"] >= 9, frame["ltr"] >= 7], ["pro", "pas"], "det")
    frame["big"] = np.where(frame["enroll"] >= 500, "yes", "no")
    names = {"weight": "pw"} | ({"cluster": "dnum"} if clustered else {})
    names |= {"strata": "stype", "fpc": "fpc"} if design == "strat_fpc" else {}
    test = segments.crosstab(frame, row, column, **names).tests.iloc[0]
    found = [test["statistic"], test["df"], test["df_error"], test["p_value"]]
    wanted = [expected["F"], expected["ndf"], expected["ddf"], expected["p"]]
    np.testing.assert_allclose(
        found, wanted, rtol=1e-9, atol=reference("crosstab_tests")["tolerance"]["rao_scott"]["abs"]
    )


def test_mcnemar_and_mantel_haenszel_equal_r():
    expected, tolerance = reference("crosstab_tests")["expected"], reference("crosstab_tests")["tolerance"]["abs"]
    tables = np.moveaxis(np.array(reference("crosstab_tests")["data"]["UCBAdmissions"]), 0, -1)
    for correct, name in ((False, "nocorr"), (True, "corr")):
        paired = mcnemar(expected["mcnemar"]["table"], correct=correct)
        assert_close(
            [paired.statistic, paired.p_value], [expected["mcnemar"][name][k] for k in ("chisq", "p")], tolerance
        )
        within = mantel_haenszel(tables, correct=correct)
        assert_close([within.statistic, within.p_value], [expected["cmh"][name][k] for k in ("chisq", "p")], tolerance)


# --- against the metrics of each column -------------------------------------------------------------------------------


def survey(n=600, seed=1):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"nps": rng.integers(0, 11, n).astype(float), "csat": rng.integers(1, 6, n).astype(float)})
    frame["plan"], frame["city"] = rng.choice(["A", "B", "C"], n), rng.choice(["x", "y"], n)
    frame["minutes"] = rng.gamma(2, 5, n)
    frame[["tv", "phone"]] = (rng.random((n, 2)) < [0.3, 0.6]).astype(float)
    frame["w"], frame["customer_id"] = np.exp(rng.normal(0, 0.4, n)), rng.integers(0, 400, n)
    frame.loc[:40, "csat"] = np.nan
    return frame


@pytest.mark.parametrize(
    ("part", "level", "row", "metric"),
    [
        ("nets", "NPS", "nps", lambda frame: metrics.nps(frame, "plan", weight="w")),
        ("nets", "top 2", "csat", lambda frame: metrics.top_2_box(frame, "plan", weight="w")),
        ("means", "mean", "csat", lambda frame: metrics.csat(frame, "plan", weight="w")),
        ("means", "mean", "minutes", lambda frame: metrics.mean(frame, "plan", column="minutes", weight="w")),
        ("cells", "tv", "devices", lambda frame: metrics.proportion(frame, "plan", column="tv", weight="w")),
    ],
)
def test_columns_equal_the_metric_of_their_answers(part, level, row, metric):
    frame = survey()
    rows = {"devices": ["tv", "phone"]} if row == "devices" else row
    found = getattr(segments.crosstab(frame, rows, "plan", weight="w", scales={"csat": (1, 5)}), part)
    found = found[(found["row_level"] == level) & (found["banner_level"] != "all")].set_index("banner_level")
    expected = metric(frame).set_index("plan")
    columns = ["n", "n_customers", "n_eff", "estimate", "std_error", "conf_low", "conf_high"]
    np.testing.assert_allclose(found[columns].astype(float), expected[columns].astype(float), rtol=1e-8)
    weights = frame.dropna(subset="csat") if row == "csat" else frame
    assert found["weighted_base"].tolist() == pytest.approx(weights.groupby("plan")["w"].sum().tolist())


@pytest.mark.parametrize("banner", ["plan", {"devices": ["tv", "phone"]}])
def test_columns_against_the_rest_equal_compare(banner):
    frame = survey()
    found = segments.crosstab(frame, ["nps", "minutes"], banner, weight="w")
    for table, metric in (
        (found.nets[found.nets["row_level"] == "NPS"], "nps"),
        (found.means[found.means["row"] == "minutes"], "minutes"),
    ):
        expected = segments.compare(frame, metric, banner, weight="w", n_permutations=0)
        rows = table[table["banner_level"] != "all"]
        for column in ("statistic", "p_value", "p_adjusted"):
            np.testing.assert_allclose(rows[column], expected[column], rtol=1e-7, err_msg=column)


def test_all_is_everyone_whose_column_is_known():
    frame = survey()
    frame.loc[:99, "plan"] = None
    found = segments.crosstab(frame, "city", "plan").cells
    whole = found[found["banner_level"] == "all"].set_index("row_level")
    assert whole["n"].tolist() == [500, 500]
    assert whole["estimate"].tolist() == pytest.approx(
        frame.loc[100:, "city"].value_counts(normalize=True).sort_index().tolist()
    )


def test_bases_of_one_set_serve_every_question_with_the_same_answers():
    rng = np.random.default_rng(3)
    code, chosen = rng.integers(0, 3, 90), rng.integers(0, 2, 90)
    used, sample = rng.random(90) < 0.8, Sample(sample_design(90))
    columns = members_of(code, 3)
    table = table_of(
        members_of(np.where(used, chosen, -1), 2).tocsr(),
        used,
        columns,
        column_bases(used, columns, sample),
        sample,
        several=False,
    )
    own, rest = bases_of(used, columns, sample)
    assert table.bases.n.tolist() == [*own.n, used.sum(), *rest.n]
    assert table.totals[-1].tolist() == table.bases.n.tolist()


# --- letters ----------------------------------------------------------------------------------------------------------


@given(st.integers(2, 8), st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_letters_are_symmetric(count, seed):
    rng = np.random.default_rng(seed)
    pairs = np.stack(np.triu_indices(count, 1), axis=1)
    p, statistic = rng.choice([0.0005, 0.02, 0.5, np.nan], len(pairs)), rng.normal(0, 3, len(pairs))
    found, turned = (letters(p, sign * statistic, pairs, count) for sign in (1, -1))
    given_to = {
        (holder, "abcdefgh".index(letter.lower())): letter for holder in range(count) for letter in found[holder]
    }
    for (holder, other), letter in given_to.items():
        assert (other, holder) not in given_to
        mirrored = "abcdefgh"[holder]
        assert (mirrored.upper() if letter.isupper() else mirrored) in turned[other]
    assert len(given_to) == (p < 0.05).sum()


def test_a_letter_in_each_case_and_arrows():
    rows = [("A", 80, 20), ("B", 50, 50), ("C", 66, 34)]
    frame = pd.concat([pd.DataFrame({"yes": [1.0] * yes + [0.0] * no, "plan": plan}) for plan, yes, no in rows])
    frame = frame.reset_index(drop=True)
    found = segments.crosstab(frame, "yes", "plan").cells.set_index("banner_level")["letters"].to_dict()
    assert found == {"all": "", "A": "Bc", "B": "", "C": "b"}
    arrows = segments.crosstab(frame, "yes", "plan", mark="complement").cells.set_index("banner_level")["letters"]
    assert arrows.to_dict() == {"all": "", "A": "↑↑", "B": "↓↓", "C": ""}


def test_overlapping_columns_are_compared_as_the_same_people():
    rng = np.random.default_rng(5)
    n = 400
    frame = pd.DataFrame({"tv": np.ones(n), "phone": np.ones(n), "happy": (rng.random(n) < 0.5).astype(float)})
    frame.loc[:9, "phone"] = 0.0
    frame.loc[:9, "happy"] = 1.0
    cells = segments.crosstab(frame, "happy", {"devices": ["tv", "phone"]}).cells
    # Ten people make the whole difference of two points; as two samples it would be lost in the noise.
    assert cells.set_index("banner_level").loc["tv", "letters"] != ""


def test_columns_under_thirty_are_not_tested():
    frame = pd.DataFrame({"yes": [1.0] * 29 + [0.0] * 300, "plan": ["A"] * 29 + ["B"] * 300})
    cells = segments.crosstab(frame, "yes", "plan").cells
    assert cells["p_value"].isna().all()
    assert set(cells["letters"]) == {""}


# --- odd questions ----------------------------------------------------------------------------------------------------


def test_every_kind_of_question_has_its_frames():
    frame = survey()
    found = segments.crosstab(
        frame, {"plan": "plan", "grid": ["nps", "csat"], "devices": ["tv", "phone"], "minutes": "minutes"}, ["city"]
    )
    assert found.cells["row"].unique().tolist() == ["plan", "grid: nps", "grid: csat", "devices"]
    assert found.nets["row_level"].unique().tolist() == ["top 2", "bottom 2", "NPS"]
    assert found.means["row"].unique().tolist() == ["grid: nps", "grid: csat", "minutes"]
    assert found.tests[["row", "row_level"]].to_numpy().tolist() == [
        ["plan", ""],
        ["grid: nps", ""],
        ["grid: csat", ""],
        ["devices", "tv"],
        ["devices", "phone"],
    ]
    assert found.tests["family"].unique().tolist() == ["5 tests of this crosstab"]
    assert found.columns[["banner_level", "letter"]].to_numpy().tolist() == [["x", "a"], ["y", "b"]]


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([None] * 600, dtype="str"),
        pd.Series([np.nan] * 600),
        pd.Series(["one"] * 600),
        pd.Series([0.0] * 600),
        pd.Series([3.0] * 600),
    ],
)
def test_a_question_nobody_answered_or_all_alike_is_told_not_a_crash(column):
    found = segments.crosstab(survey().assign(odd=column), ["odd", "city"], ["plan", "city"])
    odd = found.tests[found.tests["row"] == "odd"]
    assert odd["p_value"].isna().all()
    assert set(odd["flag"]) <= {"nobody answered", "nothing to compare"}
    assert found.tests.loc[found.tests["row"] == "city", "p_value"].notna().any()


def test_a_set_nobody_ticked_and_a_banner_of_one_level():
    frame = survey().assign(tv=0.0, phone=0.0, one="only")
    found = segments.crosstab(frame, "city", {"devices": ["tv", "phone"], "one": "one"})
    devices = found.cells[(found.cells["banner"] == "devices") & (found.cells["banner_level"] != "all")]
    assert set(devices["flag"]) == {"no answers"}
    assert devices["estimate"].isna().all()
    assert set(found.tests["flag"]) == {"nothing to compare"}


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        ({}, {"mark": "stars"}, "letters, complement"),
        ({}, {"rows": "nothing"}, "no column"),
        ({}, {"rows": {"set": ["tv", "nothing"]}}, "no column"),
        ({"city": [f"c{i}" for i in range(600)]}, {"rows": "city"}, "600 different answers"),
        ({"city": [f"c{i}" for i in range(600)]}, {"banner": "city"}, "600 groups"),
        ({"w": -1.0}, {"weight": "w"}, "negative"),
        ({"csat": 9.0}, {"rows": "csat", "scales": {"csat": (1, 5)}}, "not on 1–5"),
    ],
)
def test_what_cannot_be_tabulated_is_refused_in_a_sentence(change, arguments, message):
    frame = survey().assign(**change)
    with pytest.raises((ValueError, KeyError), match=message):
        segments.crosstab(frame, **{"rows": "nps", "banner": "plan"} | arguments)


def test_inputs_are_not_changed():
    frame = survey()
    before = frame.copy()
    segments.crosstab(frame, {"devices": ["tv", "phone"], "nps": "nps"}, "plan", weight="w")
    pd.testing.assert_frame_equal(frame, before)


def test_members_may_be_given_in_any_sparse_order():
    ticked = Members(np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]]))
    own, rest = bases_of(np.ones(4, dtype=bool), ticked, Sample(sample_design(4)))
    assert (own.n.tolist(), rest.n.tolist()) == ([2, 2], [2, 2])
