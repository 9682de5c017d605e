"""Revenue: a row a customer and month, made from bills where the table names them; refunds are kept and told."""

import pandas as pd

from cxresearch.intake.currencies import refuse_currencies
from cxresearch.intake.notes import Note
from cxresearch.intake.quarantine import BILLS
from cxresearch.schema import Study

REVENUE, KEYS = "revenue", ["customer_id", "month"]
AMOUNTS = ("revenue", "cost")


def monthly(frame: pd.DataFrame) -> pd.DataFrame:
    """Return revenue with `month` as the first day of its month, so that a month stands once a customer.

    The day stays beside it: two equal amounts of different days are two bills and no copies.
    """
    months = frame["month"].dt.to_period("M").dt.to_timestamp().astype("datetime64[us]")
    return frame.assign(month=months, _day=frame["month"])


def by_month(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[Note]]:
    """Return a row a customer and month, and what is to be said of it.

    Parameters
    ----------
    frame
        Accepted rows of the revenue table: a row a bill where it has `bill_id` or `invoice_id`, whose numbers are then
        summed and whose other columns belong to no month and go; else a row a customer and month already.
    """
    refunds = int(frame[REVENUE].lt(0).sum())
    notes = [Note("negative amounts (refunds), kept", refunds, "flag", REVENUE)] if refunds else []
    bill = next((key for key in BILLS if key in frame), None)
    if bill is None:
        return frame, notes
    numbers = [str(name) for name in frame.select_dtypes("number")]
    sums = frame.groupby(KEYS, sort=False)[numbers].sum(min_count=1).reset_index()
    notes.append(Note("bills summed to a customer's months", len(frame), "read", bill))
    return sums.reindex(columns=[name for name in frame if name in sums]), notes


def refuse_mixed(study: Study, name: str, marks: dict[str, frozenset[str]], frame: pd.DataFrame) -> None:
    """Raise if amounts of a table are in several currencies, by their own marks or by its `currency` column."""
    column = frame["currency"].dropna().str.upper().unique() if "currency" in frame else []
    amounts = [amount for amount in AMOUNTS if amount in frame]
    named = dict(marks)
    for amount in amounts:
        named[amount] = named.get(amount, frozenset()) | frozenset(column)
    for amount, found in named.items():
        refuse_currencies(found, study.currency, f"tables.{name}.columns.{amount}")
