"""Initiatives: what was planted is found, unfair comparisons are refused, and R's numbers are reproduced."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from references import assert_close, reference
from ruamel.yaml import YAML

import cxresearch as cx
from cxresearch.closed_loop.register import register
from cxresearch.closed_loop.told import effect
from cxresearch.present.disclosure import Policy, protect
from cxresearch.present.payload import Grid, Payload
from cxresearch.present.words import finding
from cxresearch.prove import closed_loop as worlds
from cxresearch.prove.checks import run
from cxresearch.stats.design import sample_design
from cxresearch.stats.groups import Sample
from cxresearch.stats.interrupted import interrupted
from cxresearch.stats.level_series import level_series
from cxresearch.strict_yaml import StudyError


@pytest.fixture(scope="module")
def study():
    return cx.load("demo", "2026Q3")


@pytest.fixture(scope="module")
def evidence(study):
    return cx.closed_loop.initiatives(study)


@pytest.fixture(scope="module")
def planted():
    path = Path(__file__).parent.parent / "data/demo/truth.yaml"
    found = YAML(typ="safe").load(path)["initiatives"]
    return {name: part["nps_points"] for name, part in found.items() if name != "find"}


def test_the_interrupted_series_is_that_of_nlme():
    given, expected = reference("its")["data"], reference("its")["expected"]["seatbelts"]
    drivers = pd.read_csv(io.StringIO(given["seatbelts_csv"]))["drivers"].to_numpy(dtype=float)
    time = np.arange(1, len(drivers) + 1)
    seasons = np.column_stack([wave(k * np.pi * time / 12) for k in (2, 4) for wave in (np.sin, np.cos)])
    found = interrupted(np.log(drivers), expected["t0"] - 1, controls=seasons)
    gls = expected["gls_ar1_reml"]
    assert_close(found.estimate, list(gls["coef"].values()), absolute=1e-6)
    assert_close(np.sqrt(np.diag(found.covariance)), list(gls["se"].values()), absolute=1e-6)
    assert_close(found.correlation, gls["phi"], absolute=1e-4)
    assert_close(np.sqrt(np.diag(found.plain)), list(expected["se_ols"].values()), absolute=1e-9)


def test_the_mean_after_the_start_is_the_series_less_the_line_before():
    rng = np.random.default_rng(2)
    y = np.arange(12.0) + rng.normal(size=12) + 5 * (np.arange(12) >= 7)
    found = interrupted(y, 7)
    since = found.design[7:]
    line = since[:, :2] @ found.estimate[:2]
    assert found.after @ found.estimate == pytest.approx(float((since @ found.estimate - line).mean()))


def two_by_two():
    """Return answers of customers, most of whom answer before and after, in two levels."""
    rng = np.random.default_rng(4)
    person = np.repeat(np.arange(150), 2)
    rows = pd.DataFrame({"person": person, "level": (person % 3 == 0).astype(int), "period": np.tile([0, 1], 150)})
    rows["y"] = rng.normal(size=150)[person] + rng.normal(size=300) + 2.0 * rows["level"] * rows["period"]
    return rows[rng.random(300) < 0.9].reset_index(drop=True)


def test_two_levels_and_periods_give_the_textbook_regression_clustered_by_customer():
    rows = two_by_two()
    sample = Sample(sample_design(len(rows), cluster=rows["person"].to_numpy()))
    touched, after = np.array([False, True]), np.array([False, True])
    level, period = (rows[name].to_numpy(dtype=np.intp) for name in ("level", "period"))
    found = level_series(rows["y"].to_numpy(), level, period, sample, touched, after)
    fit = smf.ols("y ~ level * period", rows).fit(
        cov_type="cluster", cov_kwds={"groups": rows["person"], "use_correction": False}
    )
    clusters = rows["person"].nunique()
    assert found.effect.estimate == pytest.approx(fit.params["level:period"])
    a = np.outer(found.weight, found.of_time).ravel()
    error = np.sqrt(a @ found.covariance @ a)
    assert error == pytest.approx(fit.bse["level:period"] * np.sqrt(clusters / (clusters - 1)))


def test_another_mix_of_customers_moves_nothing():
    rng = np.random.default_rng(8)
    means = np.array([[10.0, 10, 12, 12], [50, 50, 50, 50], [0, 0, 0, 0]])
    sizes = np.array([[40, 40, 40, 40], [80, 60, 20, 10], [10, 20, 60, 80]])
    parts = [(np.full(n, g), np.full(n, t), np.full(n, means[g, t])) for (g, t), n in np.ndenumerate(sizes)]
    level, period, y = (np.concatenate(part) for part in zip(*parts, strict=True))
    sample = Sample(sample_design(len(y)))
    touched, after = np.arange(3) == 0, np.arange(4) >= 2
    found = level_series(y + 1e-9 * rng.normal(size=len(y)), level, period, sample, touched, after)
    assert found.effect.estimate == pytest.approx(2.0)


def test_what_was_planted_is_found_again(evidence, study, planted):
    found = evidence.effect.assign(id=[one.id for one in register(study)]).set_index("id")
    assert found["verdict"].to_dict() == {
        "bill-redesign": "rose",
        "app-relaunch": "cannot tell",
        "repair-callback": "rose",
    }
    for name, points in planted.items():
        assert found.loc[name, "conf_low"] <= points <= found.loc[name, "conf_high"]
        assert abs(found.loc[name, "estimate"] - points) < 5
    assert found["status"].eq("quasi-experiment").all()
    # With four levels no rank can give a smaller p than a quarter, whatever the effect.
    assert found.loc["bill-redesign", "p_levels"] == 1 / 4


def test_the_series_alone_would_have_been_fooled_by_the_outage(evidence):
    alone = evidence.interrupted.set_index(["initiative", "term"])
    # The outage pulled the quarter before the new app down for everyone: its "effect" is the recovery from it.
    assert alone.loc[("New app with usage at a glance", "mean after the start"), "estimate"] > 15
    assert "verdict" not in evidence.interrupted


def test_levels_that_another_initiative_touched_serve_for_no_comparison(evidence):
    flags = evidence.effect["flag"].tolist()
    assert flags[0] == "left out, another initiative touched: Flex"
    assert flags[1] == "left out, another initiative touched: Classic"
    others = evidence.levels[evidence.levels["touched"].eq("no")].groupby("initiative", sort=False)["level"].agg(list)
    assert others.iloc[0] == others.iloc[1] == ["Business", "Plus", "Premium"]


def test_the_effect_is_the_mean_of_the_periods_shown(evidence):
    series = evidence.series[evidence.series["initiative"].eq("Classic (bill-redesign)")]
    mean = series.groupby(["side", "period"])["estimate"].first().unstack("side")
    before = mean["before"].dropna().index
    after = mean["after the start"].dropna().index
    gap = (mean.loc[after, "after the start"] - mean.loc[after, "the others"]).mean()
    gap -= (mean.loc[before, "before"] - mean.loc[before, "the others"]).mean()
    assert evidence.effect["estimate"].iloc[0] == pytest.approx(gap)
    assert (len(before), len(after)) == (5, 3)


def of_file(study, folder, text):
    """Return a study whose register is another one."""
    (folder / "initiatives.yaml").write_text(text)
    definition = study.definition.model_copy(update={"path": folder / "study.yaml"})
    return replace(study, definition=definition)


def an_initiative(**said):
    known = {"id": "one", "title": "One", "where": "{plan: Classic}", "start": "2026-01-01"} | said
    return "initiatives:\n  - {" + ", ".join(f"{name}: {value}" for name, value in known.items()) + "}\n"


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"start": "2026-10-01"}, "starts on 2026-10-01, after the end of 2026Q3"),
        ({"start": "2020-01-01"}, "the data hold no whole period before that"),
        ({"start": "2026-07-02"}, "the data hold no whole period after that"),
        ({"where": "{plan: Clasic}"}, "plan has no level 'Clasic'; the nearest known one is 'Classic'"),
        ({"where": "{plann: Classic}"}, "about 'plann', which is no segment; the nearest known one is 'plan'"),
        ({"where": "{}"}, "`where` names one segment"),
        ({"strat": "2026-01-01"}, "unknown key 'strat'.*'start'"),
        ({"id": "One!"}, "string should match pattern"),
        ({"start": "soon"}, "found 'soon'"),
        ({"outcome": "npss"}, "the study has no metric 'npss'"),
        ({"where": "{plan: [Classic, Plus, Premium, Flex, Business]}"}, "leaves no other level of plan"),
        ({"where": "{access: Maritime}"}, "touches a level with under 10 answers"),
    ],
)
def test_what_is_wrong_with_an_initiative_is_said_in_a_sentence(study, tmp_path, said, sentence):
    with pytest.raises((StudyError, KeyError), match=sentence) as error:
        cx.closed_loop.initiative(of_file(study, tmp_path, an_initiative(**said)), "one")
    assert "\n" not in str(error.value.args[0])


def test_the_register_itself_may_be_missing_or_name_one_twice(study, tmp_path):
    definition = study.definition.model_copy(update={"path": tmp_path / "study.yaml"})
    with pytest.raises(StudyError, match=r"initiatives.yaml: there is no such file"):
        cx.closed_loop.initiatives(replace(study, definition=definition))
    with pytest.raises(StudyError, match="the id 'one' stands twice"):
        register(of_file(study, tmp_path, an_initiative() + an_initiative().splitlines()[1]))
    with pytest.raises(StudyError, match="there is no initiative 'two'; known are one"):
        cx.closed_loop.initiative(of_file(study, tmp_path, an_initiative()), "two")


def test_one_that_has_not_begun_keeps_the_others_on_the_page(study, tmp_path):
    both = an_initiative() + "  - {id: later, title: Later, where: {plan: Plus}, start: 2027-01-01}\n"
    found = cx.closed_loop.initiatives(of_file(study, tmp_path, both))
    assert found.effect["status"].tolist() == ["quasi-experiment", "refused"]
    # What has not begun touches nobody yet: its level still serves for comparison.
    assert "Plus" in set(found.levels["level"])
    payload = Payload(key="i", kind="table", grid=Grid.of(found.effect), finding="initiatives")
    told = finding(protect([payload], Policy.of(study)).payloads[0])
    assert "“Later” is not judged: initiatives.yaml: 'later' starts on 2027-01-01, after the end of 2026Q3" in told
    assert "NPS of Classic gained" in told


def test_a_period_in_which_it_began_belongs_to_neither_side(study, tmp_path):
    found = cx.closed_loop.initiative(of_file(study, tmp_path, an_initiative(start="2026-01-15")), "one")
    assert "2026Q1" not in set(found.series["period"])
    assert found.series.loc[found.series["side"].eq("after the start"), "period"].tolist() == ["2026Q2", "2026Q3"]


def test_levels_that_ran_apart_before_are_not_compared():
    told = [effect(worlds.World(drift=9.0).case(np.random.default_rng(seed)), 0.95).iloc[0] for seed in range(5)]
    assert [row["verdict"] for row in told] == ["not comparable"] * 5
    assert {row["status"] for row in told} == {"association"}


def test_the_interval_holds_what_levels_do_by_themselves():
    # One touched level that moves by itself: sampling error alone would claim an effect far too often.
    world, rng = worlds.World(shock=8.0), np.random.default_rng(21)
    cases = [world.case(rng).means for _ in range(25)]
    own = [abs(one.effect.estimate) / one.effect.std_error for one in cases]
    sampling = [one.contrast(one.weight, one.of_time) for one in cases]
    a = np.array(
        [
            np.sqrt(
                np.outer(one.weight, one.of_time).ravel() @ one.covariance @ np.outer(one.weight, one.of_time).ravel()
            )
            for one in cases
        ]
    )
    naive = np.abs([one.estimate for one in sampling]) / a
    assert np.mean(np.array(own) > 1.96) < np.mean(naive > 1.96)
    assert np.mean([one.effect.std_error for one in cases] / a) > 1.3


@pytest.mark.parametrize("name", ["initiatives-nothing", "initiatives-series"])
def test_worlds_without_an_effect_are_proved_in_the_quick_slice(name):
    assert [claim.what for claim in run(name, quick=True) if not claim.held] == []
