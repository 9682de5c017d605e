"""What cells mean: ids, numbers, dates, levels and scores, in every spelling that exports have."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cxresearch.intake import parse as parsing
from cxresearch.intake.dates import parse_date
from cxresearch.intake.ids import parse_id
from cxresearch.intake.levels import parse_category
from cxresearch.intake.numbers import parse_number
from cxresearch.intake.parse import Parsed
from cxresearch.intake.scores import parse_score
from cxresearch.schema import Column

BERLIN = ZoneInfo("Europe/Berlin")


def cells(*texts: str | None) -> pd.Series:
    return pd.Series(list(texts), range(2, len(texts) + 2), dtype="str")


def column(**settings) -> Column:
    return Column(source="x", **settings)


def values(parsed: Parsed) -> list:
    return [None if pd.isna(value) else value for value in parsed.values]


def rules(parsed: Parsed) -> list[str]:
    return parsed.rules.reindex(parsed.values.index).fillna("").tolist()


def told(parsed: Parsed) -> dict[str, int]:
    return {note.note: note.rows for note in parsed.notes}


# Array-wide and cell by cell are the same.


def both_ways(monkeypatch, read, texts: list[str | None]) -> tuple[Parsed, Parsed]:
    """Return a column parsed with and without what is read array-wide."""
    quick = read(cells(*texts))
    with monkeypatch.context() as patch:
        careful = parsing.parse
        for module in ("ids", "numbers", "dates"):
            patch.setattr(
                f"cxresearch.intake.{module}.parse", lambda *args, **named: careful(*args, **{**named, "plain": None})
            )
        return quick, read(cells(*texts))


def assert_same(quick: Parsed, careful: Parsed) -> None:
    pd.testing.assert_series_equal(quick.values, careful.values)
    pd.testing.assert_series_equal(quick.rules.sort_index(), careful.rules.sort_index(), check_index_type=False)
    assert sorted(quick.notes) == sorted(careful.notes)
    assert (quick.hint, quick.currencies) == (careful.hint, careful.currencies)


moments = st.datetimes(datetime(1880, 1, 1), datetime(2045, 1, 1))
ZONES = ["", "", "Z", "+02:00", "-0430", "+05", "+25:00", " +02:00"]
SHAPES = [
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S.%f",
    "%d.%m.%Y %H:%M",
    "%m/%d/%Y",
    "%m/%d/%Y %I:%M %p",
]
stamps = st.builds(
    lambda moment, shape, zone: moment.strftime(shape) + (zone if "%H" in shape else ""),
    moments,
    st.sampled_from(SHAPES),
    st.sampled_from(ZONES),
)
odd_dates = st.sampled_from(
    ["", None, "now", "2026-02-30", "2026-03-29 02:30:00", "2026-10-25 02:30", "2026-07-01 24:00", "2026-07-01 10:60",
     "46204.5", "1.7.2026 9:05", "7/1/2026", "2026-7-1", " 2026-07-01", "２026-07-01", "0001-01-01", "9999-12-31",
     "2026-07-01 10:00:00.1234567", "2026-07-01T10", "2026-07-01\n"]
)  # fmt: skip
forms = st.sampled_from(
    [
        None,
        "%m/%d/%Y %I:%M %p",
        "%Y-%m-%d",
        "%Y-%m-%d %H:%M",
        "%d.%m.%Y %H:%M",
        "%m/%d/%Y",
        "%d.%m.%y",
        "%Y-%m-%dT%H:%M:%S",
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(stamps | odd_dates, min_size=1, max_size=30), forms, st.sampled_from([None, "UTC", "America/New_York"]))
@example(["2026-03-29 02:30:00", "2026-10-25 02:30:00"], None, "Europe/Paris")
@example(["07/01/2026 12:05 AM", "7/1/2026 12:05 pm", "07/01/2026 00:05 AM"], "%m/%d/%Y %I:%M %p", None)
@example(["2026-11-01 01:30", "2026-03-08 02:30"], "%Y-%m-%d %H:%M", "America/New_York")
def test_dates_read_array_wide_are_those_read_one_by_one(texts, form, timezone):
    with pytest.MonkeyPatch.context() as patch:
        declared = column(format=form, timezone=timezone, missing=["2026-07-01"])
        assert_same(*both_ways(patch, lambda column: parse_date(column, declared, BERLIN, "responded_at"), texts))


ids = st.text("0123456789abXY-_'.E+ \u200b", max_size=6) | st.sampled_from(
    ["5.70306E+17", "#N/A", "99", "99.0", None, "c17", "C17", "aB1", "00123", "570306133677760000"]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(ids, min_size=1, max_size=30), st.booleans())
@example(["1.0", "2.0", ""], True)
def test_ids_read_array_wide_are_those_read_one_by_one(texts, fold):
    with pytest.MonkeyPatch.context() as patch:
        assert_same(*both_ways(patch, lambda cells: parse_id(cells, column(missing=[99]), fold=fold), texts))


amounts = st.text("0123456789.,-' ()€", max_size=9) | st.sampled_from(
    ["99", "-99", "inf", "nan", "1e5", None, "12 EUR"]
)


@settings(max_examples=80, deadline=None)
@given(st.lists(amounts, min_size=1, max_size=30), st.sampled_from([None, ".", ","]))
@example(["12,50", "1.234,50", "-3"], None)
def test_numbers_read_array_wide_are_those_read_one_by_one(texts, decimal):
    with pytest.MonkeyPatch.context() as patch:
        assert_same(*both_ways(patch, lambda cells: parse_number(cells, column(decimal=decimal, missing=[99])), texts))


# Numbers.


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["1,234.50", "12.00"], [1234.5, 12]),
        (["1.234,50", "12,00"], [1234.5, 12]),
        (["1'234.50", "1’234.50"], [1234.5, 1234.5]),
        (["1\u00a0234,50", "1\u202f234\u202f567,8", "-3"], [1234.5, 1234567.8, -3]),
        (["1,234", "56", "1,234,567"], [1234, 56, 1234567]),
        (["1.234.567", "2.000"], [1234567, 2000]),
        (["0.123", "1.250"], [0.123, 1.25]),
        ([".5", "-.5"], [0.5, -0.5]),
        (["٣", "１２", "-٣,٥", "7"], [3, 12, -3.5, 7]),
        (["(12.50)", "12.50-", "−12.50", "-12.50"], [-12.5] * 4),
        (["€12.50", "12.50 €", "EUR 12.50", "12.50EUR"], [12.5] * 4),
        (["$1,234.50", "-$12.00", "$-12.00", "($12.00)", "$(12.00)"], [1234.5, -12, -12, -12, -12]),
        (["CHF 1'234.50", "1'234.50 CHF"], [1234.5, 1234.5]),
        (["12,50 zł", "12,50 kr"], [12.5, 12.5]),
    ],
)
def test_a_number_is_the_same_in_every_spelling(texts, numbers):
    parsed = parse_number(cells(*texts), column())
    assert values(parsed) == numbers
    assert rules(parsed) == [""] * len(texts)


@pytest.mark.parametrize(
    "text",
    ["inf", "-inf", "NaN", "n/a", "-", "1e5", "12.50.1", "1,2345.6", "--5", "(-5)", "€5€", "12 PCS", "(5", "9" * 400],
)
def test_what_is_no_number_breaks_a_rule_and_is_never_nought(text):
    parsed = parse_number(cells(text, "7"), column(decimal="."))
    assert values(parsed) == [None, 7]
    assert rules(parsed) == ["not a number", ""]


def test_a_column_that_contradicts_itself_is_asked_about():
    parsed = parse_number(cells("12.50", "12,50", "7"), column())
    assert values(parsed) == [None, None, 7]
    assert (
        rules(parsed)[0] == 'decimal points and decimal commas in one column; declare `decimal: "."` or `decimal: ","`'
    )


def test_what_was_mended_in_numbers_is_counted():
    parsed = parse_number(cells("1.234,50 €", "(2,00)", "3,00-", "4", "9.999"), column())
    assert told(parsed) == {
        "decimal commas": 3,
        "thousands marks taken out of numbers": 2,
        "negative amounts in brackets or with the minus behind": 2,
        "marks of a currency cut from amounts": 1,
    }
    assert parsed.currencies == {"€"}


# Ids.


def test_ids_keep_what_tells_them_apart_and_lose_what_does_not():
    texts = ["00123", "90071992547409931", " C17", "c17", "C\u200b17", "Ｃ１７", "'00123", "aB1", " Ab1"]
    parsed = parse_id(cells(*texts), column(), fold=True)
    assert values(parsed) == ["00123", "90071992547409931", *["C17"] * 4, "00123", "aB1", "Ab1"]
    assert told(parsed) == {"ids in small letters, matched in capitals": 1, "apostrophes before ids cut off": 1}


def test_ids_of_answers_keep_their_case():
    assert values(parse_id(cells("r1", "R1"), column())) == ["r1", "R1"]


@pytest.mark.parametrize("text", ["5.70306E+17", "5,7E+17", "1E+15"])
def test_ids_that_lost_their_digits_are_none(text):
    assert rules(parse_id(cells(text), column())) == ["a number that lost its last digits; export it as text"]


def test_ids_of_a_table_of_floats_lose_their_ending_and_versions_keep_theirs():
    assert values(parse_id(cells("12.0", "", "13.0"), column())) == ["12", None, "13"]
    assert values(parse_id(cells("12.0", "v13.0"), column())) == ["12.0", "v13.0"]


@pytest.mark.parametrize(("whole", "flagged"), [(0, 30), (1, 29), (15, 0), (30, 0)])
def test_ids_that_a_spreadsheet_rounded_are_flagged(whole, flagged):
    texts = [f"570306133677{i:03d}{'123' if i < whole else '000'}" for i in range(30)]
    parsed = parse_id(cells(*texts), column())
    flags = [note.rows for note in parsed.notes if note.kind == "flag"]
    assert flags == ([flagged] if flagged else [])


# Dates.


def dates(*texts: str, name: str = "responded_at", **settings) -> Parsed:
    return parse_date(cells(*texts), column(**settings), BERLIN, name)


@pytest.mark.parametrize(
    ("texts", "hint"),
    [
        (["03/04/2026", "13/04/2026"], 'only day-first fits: write `format: "%d/%m/%Y"`'),
        (["03/04/2026", "04/13/2026"], 'only month-first fits: write `format: "%m/%d/%Y"`'),
        (["3.4.2026 9:05", "4.5.2026 9:05"], 'both orders of day and month fit: write `format: "%d.%m.%Y %H:%M"` or '
         '`format: "%m.%d.%Y %H:%M"`'),
        (["13/04/2026", "04/13/2026"], 'neither order of day and month fits all: write `format: "%d/%m/%Y"` or '
         '`format: "%m/%d/%Y"`'),
        (["7/1/26 9:05:12 PM"], 'both orders of day and month fit: write `format: "%d/%m/%y %I:%M:%S %p"` or '
         '`format: "%m/%d/%y %I:%M:%S %p"`'),
        (["2026-07-01", "yesterday"], ""),
    ],
)  # fmt: skip
def test_a_date_that_may_be_read_two_ways_is_asked_about(texts, hint):
    parsed = dates(*texts)
    assert parsed.hint == hint
    assert parsed.values.notna().sum() == sum(text.startswith("2026-") for text in texts)


def test_a_declared_order_that_some_cells_contradict_is_flagged():
    parsed = dates("03/04/2026", "07/13/2026", "99/99/2026", "03.04.2026", format="%d/%m/%Y")
    told_wrong = "dates that fit only the other order of day and month: others may have been read the wrong way round"
    assert told(parsed) == {told_wrong: 1}
    assert rules(parsed) == ["", *["not a date in the declared format"] * 3]


def test_a_declared_format_reads_the_day_before_the_month():
    parsed = dates("03/04/2026", "3/4/2026", "31/12/2026", format="%d/%m/%Y")
    assert parsed.values.dt.strftime("%Y-%m-%d").tolist() == ["2026-04-03", "2026-04-03", "2026-12-31"]


def test_moments_of_a_workbook_come_to_the_studys_zone_but_days_stay():
    typed = pd.Series(pd.to_datetime(["2026-06-30 23:30:00", None]))
    there = parse_date(typed, column(timezone="UTC"), BERLIN)
    assert str(there.values[0]) == "2026-07-01 01:30:00"
    assert str(parse_date(typed.dt.normalize(), column(timezone="UTC"), BERLIN).values[0]) == "2026-06-30 00:00:00"


@pytest.mark.parametrize(
    ("texts", "used"),
    [
        (["2026-07-01"] * 9 + ["2099-01-01"], 9),
        (["1970-01-01", "2026-07-01", "0202-07-01", "9999-12-31"], 1),
        (["2031-07-01", "2031-08-01", "2031-09-01", "2035-01-01"], 3),
        (["2019-01-01", "2026-12-31", "2027-12-31", "2028-12-31"], 4),
        ([f"{year}-06-01" for year in range(1996, 2046)], 50),
    ],
    ids=["an outlier", "placeholders", "a study of later years", "a year's gap", "fifty years"],
)
def test_no_clock_decides_which_dates_are_impossible(texts, used):
    assert dates(*texts).values.notna().sum() == used


def test_a_customer_may_be_older_than_the_survey():
    assert dates("1965-01-01", name="since").values.notna().all()
    assert dates("1965-01-01").values.isna().all()


def test_a_month_may_be_a_month_and_nothing_like_one():
    parsed = dates("2026-07", "2026-13", "2026Q3", "202607", name="month")
    assert values(parsed) == [pd.Timestamp("2026-07-01"), None, None, None]
    assert values(dates("2026-07", name="responded_at")) == [None]


def test_levels_that_a_spreadsheet_took_for_dates_are_flagged():
    flag = "levels that a spreadsheet turned into days or months; name what they were under `codes:`"
    assert told(parse_category(cells("1-5", "05-Oct", "Nov-20", "20+"), column())) == {flag: 2}
    assert told(parse_category(cells("05-Oct", "Nov-20"), column())) == {}


# Scores.


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("10 - Extremely likely", 10),
        ("Extremely likely (10)", 10),
        ("Extremely likely - 10", 10),
        ("10=Extremely likely", 10),
        ("10 (Extremely likely)", 10),
        ("0: Not at all", 0),
        ("\uff11\uff10", 10),
        ("9,0", None),
        ("8.5", None),
        ("11", None),
        ("ten", None),
    ],
)
def test_a_score_is_the_number_that_its_label_bears(text, score):
    assert values(parse_score(cells(text), column(), (0, 10))) == [score]


def test_a_slider_may_write_per_cent():
    assert values(parse_score(cells("85%", "12.5 %"), column(), (0, 100))) == [85, 12.5]
    assert rules(parse_score(cells("85%"), column(), (0, 10))) == ["not a number"]


def test_a_code_for_no_answer_is_one_with_its_label():
    parsed = parse_score(cells("0", "0 = not rated", "4 = good"), column(missing=[0]), (0, 5))
    assert values(parsed) == [None, None, 4]
    assert told(parsed)["declared codes for no answer"] == 2


def test_scores_of_another_scale_say_what_was_observed():
    assert parse_score(cells("50", "87", "3"), column(), (1, 5)).hint == "found 3–87: declare its `scale:`"


def test_words_in_place_of_scores_are_counted_and_never_quoted():
    words = ["Ann Quandt"] * 12 + ["Satisfied"] * 11 + ["satisfied "]
    hint = parse_score(cells(*words), column(), (1, 5)).hint
    assert hint == "found 3 different words: say under `codes:` which number each stands for"


def test_a_reversed_scale_is_turned_round():
    assert values(parse_score(cells("1", "7"), column(reversed=True), (1, 7))) == [7, 1]
