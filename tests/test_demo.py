"""The synthetic company: its bytes, its counts, and each planted truth found again in the raw exports."""

import gzip
import hashlib
import hmac
import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest
import statsmodels.api as sm
from ruamel.yaml import YAML
from scipy import stats

from cxresearch import demo
from cxresearch.demo import planted, population
from cxresearch.demo.formats import SAV_DATE, SAV_DATE_AT, ZIP_DATE
from cxresearch.demo.stock import TOPICS
from cxresearch.demo.world import World, simulate
from cxresearch.intake.accept import accept
from cxresearch.study import load_study, source_files

FOLDER = Path(__file__).parents[1] / "data" / "demo"
MEGABYTE = 1_000_000
WITHIN = 3.0  # standard errors between an estimate and its truth; the data are fixed, so this cannot flicker
DRIVERS = dict(zip([f"Q5_{place}" for place in range(1, 8)], planted.DRIVERS, strict=True))
MAILBOX_WORDS = r"(?i)haldenpost|mailbox|postfach"


@pytest.fixture(scope="module")
def world() -> World:
    return simulate()


@pytest.fixture(scope="module")
def built(world: World) -> dict[str, bytes]:
    return demo.files(world)


@pytest.fixture(scope="module")
def truth() -> dict:
    return YAML(typ="safe").load(FOLDER / "truth.yaml")


@pytest.fixture(scope="module")
def exported() -> pd.DataFrame:
    """All rows of the survey exports, as text, headers left out."""
    files = sorted((FOLDER / "exports").glob("*.csv"))
    frames = [pd.read_csv(file, dtype="str", keep_default_na=False, skiprows=[1, 2]) for file in files]
    return pd.concat([frame.assign(quarter=file.stem) for file, frame in zip(files, frames, strict=True)])


@pytest.fixture(scope="module")
def answers(exported: pd.DataFrame) -> pd.DataFrame:
    """Answers with a score, each once, with the CRM's columns."""
    rows = exported[exported["Status"] == "0"].drop_duplicates("ResponseId")
    rows = rows[pd.to_numeric(rows["Q1"], errors="coerce").between(0, 10)]
    numbers = rows[["Q1", "Q2", "Q3", "Q4", "renewal", *DRIVERS]].apply(pd.to_numeric, errors="coerce")
    rows = rows.assign(**numbers, vote=(numbers["Q1"] >= 9).astype(int) - (numbers["Q1"] <= 6).astype(int))
    return rows.merge(crm(), left_on="cust_no", right_on="id", validate="m:1").sort_values("EndDate", ignore_index=True)


@pytest.fixture(scope="module")
def relationship(answers: pd.DataFrame) -> pd.DataFrame:
    """The latest relationship answer of each customer and quarter."""
    return answers[answers["survey_type"] == "R"].drop_duplicates(["cust_no", "quarter"], keep="last")


def crm() -> pd.DataFrame:
    frame = pd.read_csv(FOLDER / "crm.csv", sep=";", encoding="cp1252", dtype="str", keep_default_na=False)
    return frame.assign(region=frame["region"].replace(["Küste", "Inseln"], "Küste & Inseln"))


def table(name: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / f"{name}.csv.gz", dtype="str", keep_default_na=False)


def reliability(frame: pd.DataFrame, by: str) -> tuple[float, float]:
    """Return lambda-hat and its lower bound as the rulings define them."""
    cells = frame.assign(z=100 * frame["vote"]).groupby([by, "quarter"])["z"].agg(["mean", "var", "size"])
    seen, noise = cells["mean"].unstack(), (cells["var"] / cells["size"]).unstack()
    levels, quarters = seen.shape
    free = (levels - 1) * (quarters - 1)
    left = free / (levels * quarters)  # diagonal of the annihilator of two-way effects, equal in a balanced panel
    found = 1 - left * noise.to_numpy().sum() / (population.within(seen).to_numpy() ** 2).sum()
    return found, 1 - (1 - found) * stats.chi2.ppf(0.95, free) / free


def least_squares(
    outcome: pd.Series, design: pd.DataFrame, groups: pd.Series
) -> sm.regression.linear_model.RegressionResults:
    model = sm.OLS(outcome.astype(float), sm.add_constant(design.astype(float)))
    return model.fit(cov_type="cluster", cov_kwds={"groups": groups})


# --- Bytes ---


def test_the_build_gives_the_committed_bytes(built: dict[str, bytes]) -> None:
    different = [name for name, content in built.items() if (FOLDER / name).read_bytes() != content]
    assert different == []


def test_every_committed_file_is_built_or_written_by_hand(built: dict[str, bytes]) -> None:
    by_hand = {"study.yaml", "questions.yaml", "initiatives.yaml"}
    committed = {str(file.relative_to(FOLDER)) for file in FOLDER.rglob("*") if file.is_file()}
    assert by_hand <= committed
    assert committed - by_hand <= set(built) | {"codebook.yaml"}


def test_a_build_leaves_files_written_by_hand_alone(
    built: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cxresearch.demo.world.simulate", lambda seed: None)
    monkeypatch.setattr(demo, "files", lambda world, seed: built)
    (tmp_path / "study.yaml").write_text("title: mine\n")
    paths = demo.build(tmp_path)
    assert (tmp_path / "study.yaml").read_text() == "title: mine\n"
    assert {str(path.relative_to(tmp_path)): path.read_bytes() for path in paths} == built


def test_another_seed_gives_another_company() -> None:
    from cxresearch.demo.company import customers

    assert customers(2026).equals(customers(2026))
    assert not customers(2026).equals(customers(2027))


def test_no_clock_is_in_a_file() -> None:
    assert (FOLDER / "contacts.csv.gz").read_bytes()[4:8] == b"\0\0\0\0"
    assert (FOLDER / "employees.sav").read_bytes()[SAV_DATE_AT : SAV_DATE_AT + len(SAV_DATE)] == SAV_DATE
    with zipfile.ZipFile(FOLDER / "finance.xlsx") as book:
        assert {info.date_time for info in book.infolist()} == {ZIP_DATE}
        assert set(re.findall(rb"\d{4}-\d\d-\d\dT", book.read("docProps/core.xml"))) == {b"2026-10-01T"}


def test_the_exports_stay_small() -> None:
    assert sum(file.stat().st_size for file in FOLDER.rglob("*") if file.is_file()) < 6 * MEGABYTE


# --- Formats ---


def test_survey_exports_look_like_qualtrics() -> None:
    for file in (FOLDER / "exports").glob("*.csv"):
        content = file.read_bytes()
        assert content.startswith(b"\xef\xbb\xbfStartDate,EndDate,Status,Progress,Duration (in seconds),Finished,")
        header = pd.read_csv(io.BytesIO(content), header=None, nrows=3, dtype="str")
        assert header.loc[2].str.startswith('{"ImportId":').all()
        assert header.loc[1].str.contains("\n").any(), "a question text runs over several lines"
        assert b"\r\n" in content
        assert b"\n" in content.replace(b"\r\n", b""), "line feeds stand inside cells"


def test_the_crm_is_a_german_windows_file() -> None:
    content = (FOLDER / "crm.csv").read_bytes()
    assert "Küste".encode("cp1252") in content
    assert "Küste".encode() not in content
    assert re.search(rb";\d+,\d\d;", content)
    assert re.search(rb";\d\d\.\d\d\.\d{4};", content)
    assert crm()["id"].str.fullmatch(r"0\d{6}").any(), "customer numbers keep their leading zeros"


def test_the_employee_survey_has_labels_and_missing_values() -> None:
    frame, meta = pyreadstat.read_sav(FOLDER / "employees.sav", user_missing=True)
    assert meta.variable_value_labels["E1"][5.0] == "Strongly agree"
    assert meta.missing_ranges["E1"] == [{"lo": 9.0, "hi": 9.0}]
    assert frame.groupby("TEAM")["WAVE"].nunique().eq(len(planted.QUARTERS)).all()


def test_intake_accepts_every_table_and_sets_aside_what_was_planted(truth: dict) -> None:
    study = load_study(FOLDER / "study.yaml")
    files = source_files(study)
    accepted = {name: accept(study, name, files[name]) for name in study.tables}
    aside = pd.concat([one.quarantine for one in accepted.values()])
    planted_aside = {name: truth["defects"][name] for name in ("preview", "test", "spam")}
    assert aside["rule"].value_counts().to_dict() == {
        "preview, test or spam": sum(planted_aside.values()),
        "a copy of another row": truth["defects"]["copy of a row"],
    }
    assert len(accepted["responses"].frame) == truth["counts"]["answers"]
    assert {name: len(accepted[name].frame) for name in ("customers", "invitations", "contacts")} == {
        name: truth["counts"][name] for name in ("customers", "invitations", "contacts")
    }


# --- Counts and defects ---


def test_counts_are_those_of_the_truth(exported: pd.DataFrame, truth: dict) -> None:
    counts = truth["counts"]
    assert counts["customers"] == len(crm()) == 6000
    assert counts["export_rows"] == len(exported)
    assert 13_000 < counts["answers"] < 15_000
    assert list(exported["quarter"].unique()) == list(planted.QUARTERS)
    assert counts["invitations"] == len(table("invitations"))
    assert counts["module_answers"] == len(table("answers"))


def test_quarters_have_a_plausible_size(relationship: pd.DataFrame, answers: pd.DataFrame) -> None:
    assert relationship.groupby("quarter").size().between(900, 1100).all()
    assert answers[answers["survey_type"] == "T"].groupby("quarter").size().between(650, 800).all()
    invited = table("invitations")
    assert 0.25 < len(relationship) / (invited["survey_type"] == "R").sum() < 0.30


def test_headline_has_a_trend_with_its_events(relationship: pd.DataFrame) -> None:
    nps = 100 * relationship.groupby("quarter")["vote"].mean()
    assert nps.between(15, 36).all()
    assert nps.idxmin() == planted.OUTAGE_QUARTER
    assert nps["2026Q1"] - nps["2025Q4"] > 5
    assert nps["2026Q3"] < nps["2026Q2"]


def test_defects_are_in_the_exports_as_often_as_planted(exported: pd.DataFrame, truth: dict) -> None:
    defects, status = truth["defects"], exported["Status"].value_counts()
    assert (status["1"], status["2"], status["8"]) == (defects["preview"], defects["test"], defects["spam"])
    assert exported["ResponseId"].duplicated().sum() == defects["copy of a row"]
    once = exported[exported["Status"] == "0"].drop_duplicates("ResponseId")
    unfinished = sum(defects[name] for name in ("partial", "partial in a module", "no answer at all"))
    assert (once["Finished"] == "0").sum() == unfinished
    assert once["Q1"].isin(planted.MISSING_CODES).sum() == defects["missing code"]
    assert set(planted.MISSING_CODES) <= set(once["Q1"])


def test_speeders_and_straight_liners_stand_out(exported: pd.DataFrame, truth: dict) -> None:
    once = exported[(exported["Status"] == "0") & (exported["Finished"] == "1")].drop_duplicates("ResponseId")
    seconds = once["Duration (in seconds)"].astype(int)
    assert (seconds < 59).sum() == truth["defects"]["speeder"]
    assert 0.01 < (seconds < 59).mean() < 0.02
    rated = once.loc[once["survey_type"] == "R", list(DRIVERS)]
    alike = rated.eq(rated["Q5_1"], axis=0).all(axis=1) & rated["Q5_1"].ne("0")
    assert truth["defects"]["straight-liner"] <= alike.sum() < 2 * truth["defects"]["straight-liner"]


def test_one_quarter_asked_satisfaction_on_a_slider(answers: pd.DataFrame) -> None:
    metric, quarter, low, high = planted.BROKEN_SCALE
    assert answers.groupby("quarter")["Q2"].max().gt(5).to_dict() == {
        name: name == quarter for name in planted.QUARTERS
    }
    assert answers.loc[answers["quarter"] == quarter, "Q2"].dropna().between(low, high).all()
    change = load_study(FOLDER / "study.yaml").responses.scale_changes[metric][0]
    assert (str(pd.Period(change.since, "Q")), str(pd.Period(change.until, "Q")), change.scale) == (
        quarter,
        quarter,
        (low, high),
    )


def test_small_segments_answer_every_quarter(relationship: pd.DataFrame) -> None:
    sizes = relationship.groupby(["quarter", "access"])["cust_no"].nunique().unstack()
    assert crm()["access"].value_counts()[list(planted.SMALL_SEGMENTS)].to_dict() == planted.SMALL_SEGMENTS
    # A partial answer or a missing code may take one of them out of a quarter's scores.
    assert sizes["Satellite"].between(9, 12).all()
    assert sizes["Maritime"].between(1, 3).all()
    assert sizes.iloc[-1][list(planted.SMALL_SEGMENTS)].to_dict() == planted.SMALL_SEGMENTS


# --- Comments ---


def test_comments_are_many_and_different(exported: pd.DataFrame) -> None:
    texts = exported.loc[exported["Status"] == "0", "Q1_why"]
    texts = texts[texts != ""]
    assert texts.nunique() >= 5000
    words = texts.str.split().str.len()
    assert words.quantile(0.1) <= 2, "a tenth say a word or two"
    assert words.quantile(0.98) >= 30, "and some tell a story"
    assert texts.value_counts().iloc[0] / len(texts) < 0.02, "not even the commonest stock answer dominates"


def test_no_slot_tag_or_choice_is_left_in_a_text(world: World) -> None:
    texts = pd.concat([world.answers["text"], world.feedback["text"]])
    assert not texts.str.contains(r"[\[\]{}|]").any()
    assert not texts.str.contains(r"(?:^|\s)@(?:fibre|dsl|bad)\b").any()


def test_tones_follow_the_score(world: World) -> None:
    said = world.answers[world.answers["topics"].map(len) > 0]
    tone = said["tones"].map(np.mean)
    assert tone[said["score"] >= 9].mean() > 0.8
    assert -0.5 < tone[said["score"].between(7, 8)].mean() < 0.5
    assert tone[said["score"] <= 6].mean() < -0.8


def test_stock_answers_german_and_several_topics(world: World, truth: dict) -> None:
    given = world.answers[world.answers["text"] != ""]
    assert (given["text_kind"] == "stock").mean() == pytest.approx(planted.STOCK_SHARE, abs=0.01)
    assert (given["language"] == "DE").mean() == pytest.approx(planted.GERMAN_SHARE, abs=0.015)
    assert truth["topics"]["several_topics"] > 0.3
    assert all(min(truth["topics"]["share"][topic].values()) > 0.02 for topic in TOPICS if topic != "mailbox")


def test_the_last_topic_is_in_the_last_quarter_only(exported: pd.DataFrame, truth: dict) -> None:
    named = exported["Q1_why"].str.contains(MAILBOX_WORDS).groupby(exported["quarter"]).sum()
    assert named.iloc[-1] > 50
    assert named.iloc[:-1].sum() == 0
    share = truth["topics"]["share"][truth["topics"]["only_in_the_last_quarter"]]
    assert [quarter for quarter, value in share.items() if value > 0] == [planted.QUARTERS[-1]]


def test_personal_data_is_listed_to_the_letter(exported: pd.DataFrame, truth: dict) -> None:
    texts = exported.drop_duplicates("ResponseId").set_index("ResponseId")["Q1_why"]
    items = truth["personal_data"]["items"]
    assert all(item["string"] in texts[item["response"]] for item in items)
    assert len(items) / (texts != "").sum() == pytest.approx(planted.PERSONAL_DATA_SHARE, abs=0.005)
    listed = {item["response"] for item in items}
    loose = texts[~texts.index.isin(listed)]
    assert not loose.str.contains(r"\w@(?:example|mail|post)\b|\bHT-20\d\d-\d+|\d{3}[ -]?\d{4}").any()


def test_personal_data_is_fictional_and_formally_valid(truth: dict) -> None:
    items = truth["personal_data"]["items"]
    of = {
        kind: [item["string"] for item in items if item["kind"] == kind] for kind in truth["personal_data"]["by_kind"]
    }
    assert all(re.search(r"@(?:example\.(?:com|org|net)|(?:mail|post)\.example)$", email) for email in of["email"])
    assert all(luhn(card) for card in of["card"])
    assert all(mod97(iban) == 1 for iban in of["iban"])
    assert set(of["name"]) <= set(crm()["name"])
    assert set(of["customer"]) <= set(crm()["id"])


def luhn(card: str) -> bool:
    digits = [int(digit) for digit in re.sub(r"\D", "", card)][::-1]
    return sum(digits[::2] + [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]) % 10 == 0


def mod97(iban: str) -> int:
    plain = iban.replace(" ", "")
    return int("".join(str(int(letter, 36)) for letter in plain[4:] + plain[:4])) % 97


# --- Planted truths ---


def test_drivers_have_their_planted_effects_and_the_null_driver_none(relationship: pd.DataFrame, truth: dict) -> None:
    rated = relationship[list(DRIVERS)].rename(columns=DRIVERS).replace(0, np.nan).dropna()
    rows = relationship.loc[rated.index]
    fit = least_squares(100 * rows["vote"], rated, rows["cust_no"])
    for name, effect in truth["drivers"]["effects"].items():
        assert abs(fit.params[name] - effect["nps_points_per_rating_point"]) < WITHIN * fit.bse[name], name
    real = [name for name in planted.DRIVERS if name != planted.NULL_DRIVER]
    assert (fit.pvalues[real] < 0.01).all()
    assert fit.pvalues[planted.NULL_DRIVER] > 0.05
    assert rated.corr().loc[planted.NULL_DRIVER, real].mean() == pytest.approx(0.6, abs=0.05)
    assert np.corrcoef(rated[planted.NULL_DRIVER], rows["vote"])[0, 1] > 0.3, "it looks important all the same"


def test_drivers_of_all_customers_show_no_effect_of_the_null_driver(world: World) -> None:
    slopes = population.driver_slopes(world)
    assert abs(slopes[planted.NULL_DRIVER]) < 0.1 * slopes.drop(planted.NULL_DRIVER).min()


def test_not_applicable_ratings_are_zero_where_planted(relationship: pd.DataFrame) -> None:
    share = relationship[list(DRIVERS)].rename(columns=DRIVERS).eq(0).mean()
    assert share["network"] == share["value"] == 0
    assert share["repair"] == pytest.approx(planted.DRIVERS["repair"].not_applicable, abs=0.03)
    mobile = relationship["access"] == "Mobile"
    assert (relationship.loc[mobile, "Q5_2"].dropna().eq(0)).mean() > 0.95


def test_region_passes_the_reliability_gate(relationship: pd.DataFrame, truth: dict) -> None:
    found, lower = reliability(relationship, "region")
    assert relationship["region"].nunique() == 8
    assert found >= 0.5
    assert lower > 0
    assert truth["segments"]["moves_by_quarter"]["region"]["within_sd"] >= 9


def test_district_is_refused(relationship: pd.DataFrame, truth: dict) -> None:
    found, lower = reliability(relationship, "district")
    assert relationship["district"].nunique() == truth["segments"]["too_fine"]["district"]["levels"] == 40
    assert found < 0.3 or lower <= 0


def test_billing_cycle_is_a_null_segment(relationship: pd.DataFrame, world: World) -> None:
    fit = least_squares(
        100 * relationship["vote"], pd.get_dummies(relationship["cycle"], drop_first=True), relationship["cust_no"]
    )
    assert float(fit.f_test(np.eye(3)[1:]).pvalue) > 0.05
    assert np.ptp(population.nps(population.votes(world), ["billing_cycle"])) < 2.5


def test_plan_is_a_real_segment(relationship: pd.DataFrame, world: World) -> None:
    votes = population.votes(world)
    means = population.nps(votes, ["plan", "quarter"]).unstack().mean(axis=1)
    design = pd.get_dummies(relationship["plan"]).drop(columns="Flex")
    fit = least_squares(100 * relationship["vote"], design, relationship["cust_no"])
    assert means["Premium"] - means["Flex"] > 10
    assert abs(fit.params["Premium"] - (means["Premium"] - means["Flex"])) < WITHIN * fit.bse["Premium"]
    assert fit.pvalues["Premium"] < 0.01


def test_the_mix_of_plans_shifts_in_the_last_quarter(relationship: pd.DataFrame, truth: dict) -> None:
    shift = truth["segments"]["mix_shift"]
    shares = relationship.groupby("quarter")["plan"].value_counts(normalize=True).unstack()
    moved = shares.loc[shift["to"]] - shares.loc[shift["from"]]
    assert moved["Flex"] > 0.04
    assert moved["Flex"] == moved.max()
    assert shares["Flex"].iloc[:-1].std() < 0.02, "and it stood still before"
    assert shift["mix_points"] < -0.5


def test_vote_moves_revenue_once_the_confounder_is_held(world: World, truth: dict) -> None:
    # The slopes of all customers stand in truth.yaml, whose bytes are compared with a new build above.
    theta, slopes = truth["revenue"]["theta"], truth["revenue"]["all_customers"]
    assert theta == pytest.approx(planted.VOTE_LOG_SPEND + 2 * planted.VOTE_LOG_STAY)
    assert slopes["by_horizon_controlled"][planted.HORIZON_MONTHS] == pytest.approx(theta, abs=0.005)
    assert slopes["without_the_confounder"] - theta > 0.02, "the renewal window lowers vote and revenue"
    assert theta - slopes["without_the_vote_before"] > 0.01, "lasting loyalty hides part of the effect"


def test_the_confounder_is_one(relationship: pd.DataFrame) -> None:
    open_window = relationship["renewal"] == 1
    assert 0.1 < open_window.mean() < 0.25
    nps = 100 * relationship["vote"].groupby(open_window).mean()
    assert nps[True] < nps[False] - 25
    assert (relationship.loc[open_window, "plan"] != "Flex").all(), "contracts by the month have no window"


def test_those_who_answered_twice_show_the_effect_too(relationship: pd.DataFrame, truth: dict) -> None:
    linked = linked_revenue(relationship)
    slope, error = population.revenue_slope(linked)
    assert abs(slope - truth["revenue"]["theta"]) < WITHIN * error
    assert slope > 2 * error, "and it is no zero"
    assert len(linked) > 1500


def linked_revenue(relationship: pd.DataFrame) -> pd.DataFrame:
    """Return answers with an answer in the quarter before, joined to the bills three months before and after."""
    bills = pd.read_parquet(FOLDER / "billing.parquet")
    months = bills.assign(month=pd.PeriodIndex(bills["month"], freq="M").asi8)
    paid = months.pivot(index="customer_id", columns="month", values="net_eur").fillna(0.0)
    ends = pd.PeriodIndex(relationship["quarter"], freq="Q").asfreq("M", "end").asi8
    rows = relationship.assign(number=pd.PeriodIndex(relationship["quarter"], freq="Q").asi8, end=ends)
    before = (
        rows[["cust_no", "number", "vote"]].assign(number=rows["number"] + 1).rename(columns={"vote": "previous_vote"})
    )
    rows = rows.merge(before, on=["cust_no", "number"]).query("end + 3 <= @paid.columns.max()")
    sums = {
        side: sum(at(paid, rows, step) for step in steps)
        for side, steps in {"before": (-2, -1, 0), "after": (1, 2, 3)}.items()
    }
    rows = rows.assign(**sums, window=rows["renewal"], customer=rows["cust_no"])
    return rows[rows["before"] > 0].assign(after=rows["after"].clip(lower=0))


def at(paid: pd.DataFrame, rows: pd.DataFrame, step: int) -> np.ndarray:
    """Return what the customers of rows paid some months after the month of their answer."""
    return paid.to_numpy()[paid.index.get_indexer(rows["cust_no"]), paid.columns.get_indexer(rows["end"] + step)]


def test_regions_show_the_effect_in_their_revenue(world: World, truth: dict) -> None:
    panel = population.revenue_panel(world)
    panel = panel[panel["quarter"] >= planted.QUARTERS[0]]
    cells = panel.groupby(["region", "quarter"]).agg(vote=("vote", "mean"), after=("after", "mean"))
    nps, log_revenue = (
        population.within(column.unstack()).to_numpy() for column in (100 * cells["vote"], np.log(cells["after"]))
    )
    slope = (nps * log_revenue).sum() / (nps**2).sum()
    free = (nps.shape[0] - 1) * (nps.shape[1] - 1) - 1
    error = np.sqrt(((log_revenue - slope * nps) ** 2).sum() / free / (nps**2).sum())
    assert abs(slope - truth["revenue"]["per_point_segment_by_quarter"]) < WITHIN * error
    assert slope > WITHIN * error


def test_revenue_has_refunds_pauses_and_an_end() -> None:
    bills, people = pd.read_parquet(FOLDER / "billing.parquet"), crm()
    months = pd.PeriodIndex(bills["month"], freq="M")
    assert (str(months.min()), str(months.max())) == (planted.FIRST_MONTH, planted.LAST_MONTH)
    assert 100 < (bills["net_eur"] < 0).sum() < 2000
    assert 500 < (bills["net_eur"] == 0).sum() < 3000
    assert (bills["net_eur"] == bills["net_eur"].round(2)).all()
    left = people[people["end_date"] != ""].set_index("id")["end_date"]
    ended = pd.PeriodIndex(pd.to_datetime(left, format="%d.%m.%Y"), freq="M")
    last = bills.assign(month=months).groupby("customer_id")["month"].max()
    assert (last.reindex(left.index) == ended).all()
    assert len(left) > 1000


def test_answering_depends_on_loyalty(world: World, relationship: pd.DataFrame, truth: dict) -> None:
    asked = world.invited[world.invited["survey"] == "relationship"]
    vote = (asked["score"] >= 9).astype(int) - (asked["score"] <= 6).astype(int)
    fit = sm.Logit(asked["answered"].astype(float), sm.add_constant(vote.rename("vote").astype(float))).fit(disp=0)
    assert fit.params["vote"] > 5 * fit.bse["vote"]
    answered = 100 * relationship.groupby("quarter")["vote"].mean()
    assert (answered - pd.Series(truth["nps"]["all_customers"])).mean() > 3


def test_an_initiative_worked_and_another_did_not(relationship: pd.DataFrame, truth: dict) -> None:
    estimates = {
        name: difference_in_differences(relationship, "plan", name) for name in ("bill-redesign", "app-relaunch")
    }
    slope, error = estimates["bill-redesign"]
    assert abs(slope - truth["initiatives"]["bill-redesign"]["nps_points"]) < WITHIN * error
    assert slope > 1.96 * error
    slope, error = estimates["app-relaunch"]
    assert truth["initiatives"]["app-relaunch"]["nps_points"] == 0
    assert abs(slope) < 1.96 * error


def test_the_call_back_lifted_the_repair_touchpoint(answers: pd.DataFrame, truth: dict) -> None:
    slope, error = difference_in_differences(answers[answers["survey_type"] == "T"], "tp", "repair-callback")
    assert abs(slope - truth["initiatives"]["repair-callback"]["nps_points"]) < WITHIN * error
    assert slope > 1.96 * error


def difference_in_differences(rows: pd.DataFrame, by: str, name: str) -> tuple[float, float]:
    """Return an initiative's effect in NPS points and its error, against the other levels; the takeover left out."""
    change = planted.INITIATIVES[name]
    old = pd.to_datetime(rows["signup_date"], format="%d.%m.%Y") < planted.TAKEOVER_MONTH
    rows = rows[old]
    touched = (rows[by] == change.level) & (rows["quarter"] >= change.start)
    design = pd.get_dummies(rows[[by, "quarter"]], drop_first=True).assign(touched=touched)
    if name != "bill-redesign" and by == "plan":  # the other initiative touches another plan: hold it
        other = planted.INITIATIVES["bill-redesign"]
        design = design.assign(other=(rows["plan"] == other.level) & (rows["quarter"] >= other.start))
    fit = least_squares(100 * rows["vote"], design, rows["cust_no"])
    return float(fit.params["touched"]), float(fit.bse["touched"])


def test_initiatives_written_by_hand_are_those_planted() -> None:
    listed = YAML(typ="safe").load(FOLDER / "initiatives.yaml")["initiatives"]
    stated = {one["id"]: (one["where"], str(pd.Period(one["start"], "Q"))) for one in listed}
    assert stated == {
        name: ({change.dimension: change.level}, change.start) for name, change in planted.INITIATIVES.items()
    }


def test_engagement_of_teams_lifts_their_contacts(answers: pd.DataFrame) -> None:
    staff, _ = pyreadstat.read_sav(FOLDER / "employees.sav")
    engaged = staff.groupby(["TEAM", "WAVE"])["ENGAGE"].mean().rename("engaged")
    contact = answers[(answers["survey_type"] == "T") & (answers["team"] != "")]
    rows = contact.join(engaged, on=["team", "quarter"])
    design = pd.get_dummies(rows[["team", "quarter"]], drop_first=True).assign(engaged=rows["engaged"])
    fit = least_squares(rows["Q1"], design, rows["team"] + rows["quarter"])
    # Engagement is itself measured with error, and scores are cut at 10: the slope is weaker than the planted one.
    assert 0.4 * planted.ENGAGEMENT_SCORE < fit.params["engaged"] < 1.1 * planted.ENGAGEMENT_SCORE
    assert fit.pvalues["engaged"] < 1e-6


def test_people_settle_more_at_first_contact_than_the_assistant() -> None:
    calls = table("contacts")
    settled = calls["resolved_first"].astype(int).groupby(calls["handled_by"]).mean()
    assert settled["person"] == pytest.approx(planted.FCR_PERSON, abs=0.02)
    assert settled["ai"] == pytest.approx(planted.FCR_AI, abs=0.02)


# --- Inserted questions ---


def test_arms_can_be_recomputed_from_the_question_file() -> None:
    plan = YAML(typ="safe").load(FOLDER / "questions.yaml")["assignment"]
    invited = table("invitations").merge(crm()[["id", "account", "consent"]], left_on="cust_no", right_on="id")
    wave = pd.PeriodIndex(invited["invited_on"], freq="Q").astype(str)
    eligible = (invited["survey_type"] == "R") & wave.isin(plan["waves"]) & (invited["consent"] == "J")
    assert (invited.loc[~eligible, "arm"] == "").all()
    unit = invited["account"].where(invited["account"] != "", invited["cust_no"])
    rows = pd.DataFrame({"wave": wave, "unit": unit, "arm": invited["arm"]})[eligible]
    assert [recomputed(plan, row.wave, row.unit) for row in rows.itertuples()] == rows["arm"].tolist()
    expected = {"holdout": plan["holdout"]} | {
        arm: (1 - plan["holdout"]) * share for arm, share in plan["arms"].items()
    }
    last = rows[rows["wave"] == rows["wave"].max()].drop_duplicates("unit")["arm"].value_counts()
    assert (
        stats.chisquare(last[list(expected)], len(last) and last.sum() * np.array(list(expected.values()))).pvalue
        > 0.001
    )


def recomputed(plan: dict, wave: str, unit: str) -> str:
    """Return the arm as the rulings define it, written independently of the generator."""

    def uniform(*parts: str) -> float:
        digest = hmac.digest(plan["key"]["public"].encode(), "\x1f".join(parts).encode(), hashlib.sha256)
        return int.from_bytes(digest[:8], "big") / 2**64

    if uniform("holdout", unit) < plan["holdout"]:
        return "holdout"
    place, reached = uniform("arm", wave, unit), 0.0
    for arm, share in plan["arms"].items():
        reached += share
        if place < reached:
            return arm
    return arm


def test_modules_reach_their_arm_only_and_leave_the_score_alone(
    exported: pd.DataFrame, relationship: pd.DataFrame
) -> None:
    shown = table("answers").groupby("ResponseId")["module"].first()
    arm = exported.drop_duplicates("ResponseId").set_index("ResponseId")["arm"]
    assert (arm[shown.index] == shown).all()
    rows = relationship[relationship["arm"] != ""]
    treated = rows["arm"].isin(["pricing", "maxdiff", "features"]).rename("treated")
    fit = least_squares(100 * rows["vote"], treated.to_frame(), rows["cust_no"])
    assert abs(fit.params["treated"]) < 1.96 * fit.bse["treated"]


def test_module_answers_show_the_planted_preferences() -> None:
    asked = table("answers")
    value = pd.to_numeric(asked["answer"])
    prices = (
        asked[asked["question"] == "price"]
        .assign(value=value)
        .pivot(index="ResponseId", columns="item", values="value")
    )
    impossible = prices["too_cheap"] > prices["too_expensive"]
    assert impossible.mean() == pytest.approx(planted.PRICE_DISORDER, abs=0.03)
    # People name round prices, so a median jumps by whole euros; the geometric mean does not.
    centres = np.exp(np.log(prices[~impossible]).mean())[list(planted.PRICE_ITEMS)] / planted.PRICE_CENTRE
    assert centres.to_numpy() == pytest.approx(planted.PRICE_FACTORS, rel=0.06)
    best_worst = value[asked["question"] == "priority"].groupby(asked["item"]).mean()
    assert stats.spearmanr(best_worst, pd.Series(planted.MAXDIFF_UTILITIES)[best_worst.index])[0] > 0.95
    wanted = value[asked["question"] == "bundle"].groupby(asked["item"]).mean()
    for option, (share, _) in planted.TURF.items():
        assert wanted[option] == pytest.approx(share, abs=0.07)


def test_kano_pairs_fall_into_their_planted_class() -> None:
    asked = table("answers").query("question == 'kano'")
    pairs = asked.pivot(index=["ResponseId", "item"], columns="task", values="answer").astype(int)
    commonest = pairs.groupby("item").agg(lambda answers: answers.mode().iloc[0])
    for feature, kind in planted.KANO.items():
        assert tuple(commonest.loc[feature, ["functional", "dysfunctional"]]) == planted.KANO_ANSWERS[kind], feature


# --- The other tables ---


def test_feedback_costs_and_benchmarks_are_there() -> None:
    feedback = pd.read_csv(FOLDER / "feedback.csv", dtype="str", keep_default_na=False)
    assert feedback["source"].value_counts().to_dict() == {"review": 220, "chat": 170, "complaint": 90}
    assert feedback["text"].nunique() == len(feedback)
    costs = pd.read_excel(FOLDER / "finance.xlsx", sheet_name="acquisition")
    assert set(costs["quarter"]) == set(planted.QUARTERS)
    assert (costs["spend_eur"] > 0).all()
    benchmarks = pd.read_excel(FOLDER / "finance.xlsx", sheet_name="benchmarks")
    comparable = benchmarks.query("metric == 'nps' and scale == '0-10' and mode == 'online'")
    assert comparable["source"].nunique() == 1
    assert benchmarks.query("metric == 'nps'")["source"].nunique() == 3


def test_contacts_are_compressed_without_a_name() -> None:
    content = (FOLDER / "contacts.csv.gz").read_bytes()
    assert content[3] == 0, "the header of the gzip file names no file"
    assert gzip.decompress(content).startswith(b"contact_id,cust_no,")
