from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxresearch import periods

KINDS = st.sampled_from(["week", "month", "quarter", "half", "year", "R1+0", "R3+1", "R5+4", "R12+8", "R36+35"])
DAYS = st.dates(date(1990, 1, 1), date(2090, 1, 1))


@given(DAYS, KINDS, st.integers(1, 12))
def test_every_day_lies_in_its_period_and_periods_meet(day, kind, start):
    period = periods.containing(day, kind, start)
    assert period.start() <= day <= period.end()
    assert period.previous().end() + timedelta(days=1) == period.start()


@given(DAYS, KINDS, st.integers(1, 12))
def test_names_read_back(day, kind, start):
    period = periods.containing(day, kind, start)
    assert periods.parse(str(period), start) == period


def test_a_fiscal_year_bears_the_year_in_which_it_ends():
    assert str(periods.containing(date(2025, 10, 1), "year", 10)) == "2026"
    assert str(periods.containing(date(2025, 9, 30), "quarter", 10)) == "2025Q4"


@given(DAYS, KINDS, st.integers(1, 12))
def test_the_next_period_is_the_one_whose_previous_is_this(day, kind, start):
    period = periods.containing(day, kind, start)
    assert period.next().previous() == period
    assert period.next().start() == period.end() + timedelta(days=1)


@given(st.integers(1, 36), DAYS)
def test_a_rolling_period_is_so_many_months_to_the_end_of_the_one_named(length, day):
    period = periods.parse(f"{day.year}-{day.month:02d}-R{length}")
    months = pd.period_range(period.start(), period.end(), freq="M")
    assert (len(months), str(months[-1])) == (length, f"{day.year}-{day.month:02d}")
    assert period.start().day == 1
    assert period.end() == months[-1].end_time.date()


@given(DAYS)
def test_weeks_are_iso_weeks(day):
    year, week, weekday = day.isocalendar()
    period = periods.containing(day, "week", 4)
    assert str(period) == f"{year}-W{week:02d}"
    assert day - period.start() == timedelta(days=weekday - 1)


@pytest.mark.parametrize(
    ("name", "previous", "first", "last"),
    [
        ("2026-09-R12", "2025-09-R12", "2025-10-01", "2026-09-30"),
        ("2026-02-R3", "2025-11-R3", "2025-12-01", "2026-02-28"),
        ("2026H1", "2025H2", "2026-01-01", "2026-06-30"),
        ("2026-W01", "2025-W52", "2025-12-29", "2026-01-04"),
    ],
)
def test_periods_by_hand(name, previous, first, last):
    period = periods.parse(name)
    assert (str(period), str(period.previous())) == (name, previous)
    assert (period.start().isoformat(), period.end().isoformat()) == (first, last)


@given(st.lists(DAYS, min_size=2), KINDS)
def test_names_of_a_kind_sort_as_their_days_do(days, kind):
    names = [str(periods.containing(day, kind)) for day in sorted(days)]
    assert names == sorted(names)


@pytest.mark.parametrize("text", ["2026Q5", "2026-13", "26Q1", "", "Q3 2026", "2026Q3 ", "2026H3", "2026-R12", "0000"])
def test_other_spellings_are_refused(text):
    with pytest.raises(ValueError, match="a period is written"):
        periods.parse(text)


@pytest.mark.parametrize(("text", "said"), [("2026-09-R37", "at most 36 months"), ("2025-W53", "no such week")])
def test_periods_that_do_not_exist_are_refused(text, said):
    with pytest.raises(ValueError, match=said):
        periods.parse(text)
