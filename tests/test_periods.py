from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxresearch import periods

KINDS = st.sampled_from(["month", "quarter", "year"])
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


@pytest.mark.parametrize("text", ["2026Q5", "2026-13", "26Q1", "", "Q3 2026", "2026Q3 "])
def test_other_spellings_are_refused(text):
    with pytest.raises(ValueError, match="a period is written"):
        periods.parse(text)
