"""Segments made from columns: nets, bands, choices of a set, and what is refused."""

from pathlib import Path

import pytest

from cxresearch.strict_yaml import StudyError
from cxresearch.study_data import StudyData, load

COLUMNS = "    columns: {nps: Q1, country: country, age: {from: age, type: number}}\n    sets: {devices: [Q7_*]}\n"
ROWS = "Q1,country,age,Q7_tv,Q7_radio\n10,NO,17,x,\n9,SE,30,,x\n8,DE,45,x,x\n3,,60,,\n0,DK,,x,\n"


@pytest.fixture
def made(project: Path):
    """Return a function that loads five answers with some segments."""
    folder = project / "data" / "made"
    folder.mkdir()
    (folder / "answers.csv").write_text(ROWS)

    def load_with(segments: str) -> StudyData:
        head = f"title: Made\ntables:\n  responses:\n    source: answers.csv\n{COLUMNS}"
        (folder / "study.yaml").write_text(f"{head}segments: {segments}\n")
        return load("made")

    return load_with


def levels(study: StudyData, segment: str) -> list[str | None]:
    cells = study.responses[segment]
    return [level if known else None for level, known in zip(cells, cells.notna(), strict=True)]


def test_nets_make_a_second_segment(made):
    study = made("{country: {from: country, label: Land, nets: {Nordic: [NO, SE, DK]}}}")
    assert levels(study, "country") == ["NO", "SE", "DE", None, "DK"]
    assert levels(study, "country_net") == ["Nordic", "Nordic", None, None, "Nordic"]
    assert study.segments(study.responses) == ["country", "country_net"]
    assert study.definition.labels["country_net"] == "Land, nets"


def test_nets_are_made_of_merged_levels_and_of_bands(made):
    study = made("{place: {from: country, merge: {North: [NO, SE]}, nets: {Some: [North, DE]}}}")
    assert levels(study, "place") == ["North", "North", "DE", None, "DK"]
    assert levels(study, "place_net") == ["Some", "Some", "Some", None, None]
    study = made("{years: {from: age, bands: [18, 40, 60], nets: {adult: [18–40, 40–60, 60+]}}}")
    assert levels(study, "years") == [None, "18–40", "40–60", "60+", None]
    assert levels(study, "years_net") == [None, "adult", "adult", "adult", None]
    assert study.definition.labels["years_net"] == "Years, nets"


def test_a_choice_of_a_set_is_a_segment(made):
    assert levels(made('{tv: "devices: Q7_tv"}'), "tv") == ["yes", "no", "yes", None, "yes"]


@pytest.mark.parametrize(
    ("segments", "flagged"),
    [("{loyal: {from: nps, bands: [0, 7, 9]}}", ["loyal"]), ("{years: {from: age, bands: [0, 40]}}", [])],
)
def test_a_segment_made_of_the_outcome_is_flagged(made, segments, flagged):
    study = made(segments)
    notes = study.quality.notes
    assert notes.loc[notes["note"].str.contains("made of an answer"), "column"].tolist() == flagged
    if flagged:
        assert levels(study, "loyal") == ["9+", "9+", "7–9", "0–7", "0–7"]
        assert notes.loc[notes["column"].eq("loyal"), "kind"].tolist() == ["flag"]


@pytest.mark.parametrize(
    ("segments", "said"),
    [
        (
            "{country: {from: country, nets: {A: [NO, SE], B: [SE]}}}",
            "'SE' stands in two of the nets; make two segments",
        ),
        ("{country: {from: country, merge: {A: [NO], B: [NO]}}}", "'NO' stands in two of the merged levels"),
        ("{country: {from: country, nets: {A: [NO, SEE]}}}", "nets 'SEE'; the nearest known one is 'SE'"),
        ("{country: {from: country, merge: {A: [DEE]}}}", "merges 'DEE'; the nearest known one is 'DE'"),
        ("{years: {from: age, bands: [0, 40], nets: {A: [0-40]}}}", "nets '0-40'; the nearest known one is '0–40'"),
        (
            "{country: {from: country, nets: {A: [NO]}}, country_net: country}",
            "make a segment 'country_net', which is there already",
        ),
    ],
)
def test_groups_that_cannot_be_made_are_refused(made, segments, said):
    with pytest.raises(StudyError) as error:
        made(segments)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_level_that_nobody_has_does_not_make_others_known(made):
    with pytest.raises(StudyError, match="merges 'Atlantis'; none of the 4 levels is near it") as error:
        made("{country: {from: country, merge: {A: [Atlantis]}}}")
    assert "SE" not in str(error.value)


def test_a_net_does_not_take_the_name_of_a_column(made):
    with pytest.raises(StudyError, match="the name is taken"):
        made("{n: {from: country, nets: {A: [NO]}}}")
