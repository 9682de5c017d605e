"""Coding by hand: the workbook there and back, agreement, accuracy, corrected shares."""

from collections import Counter
from dataclasses import replace
from itertools import combinations

import numpy as np
import openpyxl
import pandas as pd
import pytest

from cxresearch.prove.topics import TOPICS, mentions_of, planted
from cxresearch.strict_yaml import StudyError
from cxresearch.topics.agreement import agreement, krippendorff_alpha
from cxresearch.topics.coding import (
    Codes,
    accuracy,
    protected_ids,
    read_codes,
    read_workbook,
    sample,
    write_codes,
    write_workbook,
)
from cxresearch.topics.corrected import corrected_change, corrected_shares

NAN = float("nan")
# Krippendorff (2011), Computing Krippendorff's alpha-reliability, section C: four observers, twelve units.
PUBLISHED = [
    [1, 1, NAN, 1], [2, 2, 3, 2], [3, 3, 3, 3], [3, 3, 3, 3], [2, 2, 2, 2], [1, 2, 3, 4],
    [4, 4, 4, 4], [1, 1, 2, 1], [2, 2, 2, 2], [NAN, 5, 5, 5], [NAN, NAN, 1, 1], [NAN, NAN, 3, NAN],
]  # fmt: skip


def by_pairs(codes) -> float:
    """Return alpha from its definition: all pairs of codes within texts against all pairs at all."""
    units = [[code for code in row if code == code] for row in codes]
    units = [row for row in units if len(row) > 1]
    n = sum(map(len, units))
    observed = sum(2 * sum(a != b for a, b in combinations(row, 2)) / (len(row) - 1) for row in units) / n
    counts = Counter(code for row in units for code in row).values()
    return 1 - observed / (1 - sum(count * (count - 1) for count in counts) / (n * (n - 1)))


def test_alpha_is_the_published_one_and_that_of_all_pairs():
    assert krippendorff_alpha(PUBLISHED) == pytest.approx(0.743, abs=5e-4)
    rng = np.random.default_rng(0)
    for _ in range(20):
        codes = rng.integers(0, 3, (30, 3)).astype(float)
        codes[rng.random(codes.shape) < 0.2] = NAN
        assert krippendorff_alpha(codes) == pytest.approx(by_pairs(codes))
    assert np.isnan(krippendorff_alpha([[1, 1], [1, 1]]))


def test_agreement_of_two_coders_and_its_interval():
    rng = np.random.default_rng(1)
    one = pd.DataFrame({"Price": rng.integers(0, 2, 300), "Alike": 1})
    two = one.assign(Price=one["Price"].where(rng.random(300) < 0.9, 1 - one["Price"]))[50:]
    found = agreement(one, two, n_boot=200, seed=3)
    both = np.stack([one["Price"][50:], two["Price"]], axis=1)
    assert found["n"].tolist() == [250, 250]
    assert found["estimate"][0] == pytest.approx(by_pairs(both.tolist()))
    draws = np.random.default_rng(3).integers(0, 250, (200, 250))
    drawn = [by_pairs(both[rows].tolist()) for rows in draws]
    assert found.loc[0, ["conf_low", "conf_high"]].tolist() == pytest.approx(list(np.quantile(drawn, [0.025, 0.975])))
    assert found["flag"][1] == "all texts coded alike"
    with pytest.raises(ValueError, match="no text was coded by both"):
        agreement(one[:50], two)


def world(rng, n=2_000):
    """Return texts as a machine sees them, and the truth."""
    truth = pd.DataFrame(rng.random((n, 2)) < [0.2, 0.1], columns=["Price", "Billing"]).astype(int)
    seen = truth.where(rng.random(truth.shape) < 0.85, 1 - truth)
    main = np.where(seen["Price"], "Price", np.where(seen["Billing"], "Billing", ""))
    return seen.assign(main=main), truth


def test_corrected_shares_are_the_means_of_strata_and_all_coded_is_the_truth():
    texts, truth = world(np.random.default_rng(2))
    coded = pd.concat([truth[texts["main"].eq(name)].head(60) for name in ("Price", "Billing", "")])
    found = corrected_shares(texts, coded).set_index("topic")
    sizes = texts["main"].value_counts(normalize=True)
    means = coded.groupby(texts["main"][coded.index]).mean()
    assert found.loc["Price", "estimate"] == pytest.approx((sizes * means["Price"]).sum())
    assert found.loc["Price", "uncorrected"] == pytest.approx(texts["Price"].mean())
    everything = corrected_shares(texts, truth).set_index("topic")
    p, n = truth["Price"].mean(), len(truth)
    assert everything.loc["Price", "estimate"] == pytest.approx(p)
    assert everything.loc["Price", "std_error"] == pytest.approx(np.sqrt(p * (1 - p) / n))
    assert everything.loc["Price", "coded_share"] == 1


def test_weights_count_and_a_stratum_that_nobody_coded_is_told():
    texts, truth = world(np.random.default_rng(3))
    texts["weight"] = np.where(texts["main"].eq("Price"), 2.0, 1.0)
    found = corrected_shares(texts, truth, weight="weight")
    assert found["estimate"][0] == pytest.approx(np.average(truth["Price"], weights=texts["weight"]))
    coded = truth[texts["main"].ne("Billing")]
    told = corrected_shares(texts, coded)["flag"][0]
    assert told == f"{texts['main'].eq('Billing').mean():.0%} of the texts lie where none was coded"


def test_a_change_needs_coding_in_both_waves_or_says_so():
    rng = np.random.default_rng(4)
    (before, truth_before), (now, truth) = world(rng), world(rng)
    both = corrected_change(before, now, truth_before.sample(400, random_state=1), truth.sample(400, random_state=2))
    one = corrected_change(before, now, None, truth.sample(400, random_state=2))
    assert both["flag"].eq("").all()
    assert one["flag"].eq("classifier assumed stable").all()
    assert (one["std_error"] < both["std_error"]).all()
    assert both["verdict"].eq("cannot tell").all()


def test_strangers_are_refused():
    texts, truth = world(np.random.default_rng(5), 100)
    with pytest.raises(ValueError, match="1 of 1 coded texts"):
        corrected_shares(texts, truth.head(1).set_axis([10_000]))
    with pytest.raises(KeyError, match="no column 'main'"):
        corrected_shares(texts.drop(columns="main"), truth)


@pytest.fixture
def commented():
    """Return mentions with texts, some of them hostile."""
    made = planted()
    named = made.answers[made.ids].to_numpy()
    texts = [f"text {number}" for number in range(400)]
    texts[200], texts[201] = "=HYPERLINK(1)", "a\x00b"
    answers = made.answers.drop(columns=[*made.ids, "main", "by_hand", "survey"]).assign(
        verbatim=texts, response_id=[f"R{number}" for number in range(400)]
    )
    mentions = mentions_of(answers, named)
    main = np.where(named.any(axis=1), [f"topic {one}" for one in named.argmax(axis=1)], "")
    mentions.answers["main"] = main
    places, topics = np.nonzero(named)
    mentions.sentences.loc[:, :] = None
    said = pd.DataFrame({"row": places, "id": [f"topic {one}" for one in topics], "score": 0.5, "sentence": "s"})
    return replace(mentions, sentences=said)


def filled(path, codes):
    """Fill a workbook: `codes` by row, from 2 on."""
    book = openpyxl.load_workbook(path)
    for row, names in codes.items():
        for place, name in enumerate(names):
            book["Comments"].cell(row, 3 + place, name)
    book.save(path)
    return path


def test_the_sample_takes_all_strata_and_everything_when_asked(commented):
    sizes = commented.answers[commented.answers["period"].eq("2026Q3")]["main"].value_counts()
    taken = sample(commented, 10)["main"].value_counts()
    assert taken.to_dict() == {name: min(size, 50 if name else 200) for name, size in sizes.items()}
    assert len(sample(commented, 170)) == pytest.approx(170, abs=4)
    everything = sample(commented, everything=True)
    assert sorted(everything.index) == list(range(200, 400))
    assert list(everything.index) != sorted(everything.index)


def test_a_workbook_goes_out_and_comes_back(commented, tmp_path):
    rows = sample(commented, everything=True)
    path = write_workbook(tmp_path / "private" / "coding.xlsx", rows, commented.topics)
    sheet = openpyxl.load_workbook(path)["Comments"]
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    assert not any(one in str(cell.value) for cell in cells for one in ("R200", "c200"))
    assert "ab" in {cell.value for cell in cells}
    coded = read_workbook(filled(path, {2: ["Price", "billing "], 3: ["none"], 5: ["Delivery"]}), commented)
    assert coded.index.tolist() == [rows.index[0], rows.index[1], rows.index[3]]
    assert coded.to_numpy().tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1]]


def test_wrong_workbooks_end_in_a_sentence_without_a_text(commented, tmp_path):
    rows = sample(commented, everything=True)
    path = write_workbook(tmp_path / "coding.xlsx", rows, commented.topics)
    with pytest.raises(StudyError, match="no comment is coded"):
        read_workbook(path, commented)
    with pytest.raises(StudyError, match="1 comments have a code that the codebook does not know") as told:
        read_workbook(filled(path, {2: ["Pricing secret"]}), commented)
    assert "secret" not in str(told.value)
    filled(path, {2: ["Price"]})
    book = openpyxl.load_workbook(path)
    book["Comments"].cell(3, 1, "stranger")
    book.save(path)
    with pytest.raises(StudyError, match="1 of 200 comments are not among those of this study"):
        read_workbook(path, commented)
    with pytest.raises(StudyError, match="no such file"):
        read_workbook(tmp_path / "other.xlsx", commented)
    (tmp_path / "broken.xlsx").write_bytes(b"PK nonsense")
    with pytest.raises(StudyError, match="no workbook"):
        read_workbook(tmp_path / "broken.xlsx", commented)


def test_codes_are_kept_without_texts_and_hand_beats_machine(commented, tmp_path):
    index = commented.answers.index[200:260]
    machine = commented.answers.loc[index, commented.ids]
    opposite = 1 - machine
    write_codes(tmp_path / "coding.yaml", {"ann": opposite}, commented)
    write_codes(tmp_path / "coding.yaml", {"bob": opposite.head(30)}, commented)
    text = (tmp_path / "coding.yaml").read_text()
    assert "text 2" not in text
    assert "R2" not in text
    codes = read_codes(tmp_path / "coding.yaml", commented)
    assert list(codes.coders) == ["ann", "bob"]
    pd.testing.assert_frame_equal(codes.coders["ann"], opposite, check_dtype=False, check_names=False)
    made = codes.applied(commented)
    assert (made.answers.loc[index, commented.ids].to_numpy() == opposite.to_numpy()).all()
    assert made.answers["by_hand"].sum() == 60
    assert commented.answers["by_hand"].sum() == 0
    assert codes.agreement(commented)["n"].tolist() == [30] * 3
    # What the machine said is still known where people's codes stand in its place.
    assert codes.shares(made)["uncorrected"].tolist() == codes.shares(commented)["uncorrected"].tolist()
    assert codes.shares(made)["coded_share"].tolist() == [0.3] * 3
    assert codes.changes(made)["flag"].str.contains("classifier assumed stable").all()


def test_wrong_codes_end_in_a_sentence_and_gone_comments_are_counted(commented, tmp_path):
    known = protected_ids(commented.answers)[0]
    path = tmp_path / "coding.yaml"
    path.write_text(f"ann: {{coded: {known} feedfeed, topic 0: {known}}}")
    assert read_codes(path, commented).strangers == 1
    path.write_text(f"ann: {{coded: {known}, topic 8: {known}}}")
    with pytest.raises(StudyError, match="unknown topic 'topic 8'"):
        read_codes(path, commented)
    path.write_text("ann: 3")
    with pytest.raises(StudyError, match="no `coded:`"):
        read_codes(path, commented)


def test_coders_at_odds_are_decided_by_most_then_by_the_first():
    one, two = (pd.DataFrame({"a": codes}) for codes in ([1, 0, 1], [0, 0, 1]))
    assert Codes({"one": one, "two": two}).agreed["a"].tolist() == [1, 0, 1]
    assert Codes({"two": two, "one": one}).agreed["a"].tolist() == [0, 0, 1]
    assert Codes({"one": one, "two": two, "three": two}).agreed["a"].tolist() == [0, 0, 1]


def test_precision_and_recall_weigh_by_stratum(commented):
    rng = np.random.default_rng(6)
    truth = commented.answers[commented.ids].where(rng.random((400, 3)) < 0.9, 1 - commented.answers[commented.ids])
    all_coded = accuracy(commented, Codes({"ann": truth[200:]})).set_index(["topic", "measure"])["estimate"]
    seen, true = commented.answers["topic 0"][200:], truth["topic 0"][200:]
    assert all_coded["Price", "precision"] == pytest.approx((seen & true).sum() / seen.sum())
    assert all_coded["Price", "recall"] == pytest.approx((seen & true).sum() / true.sum())
    assert TOPICS[0] == "Price"
