"""What intake leaves of a study: its tables, each read when it is first asked for, and what was counted on the way."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import pandas as pd

from cxresearch.intake.drift import WORDINGS
from cxresearch.intake.redact import REDACTED


class Quality:
    """What intake counted, each table read when it is first asked for.

    Parameters
    ----------
    parts
        The tables by name; one that is not there is empty.
    """

    def __init__(self, parts: Mapping[str, pd.DataFrame] | None = None) -> None:
        self._parts = parts or {}

    @property
    def tables(self) -> pd.DataFrame:
        """One row a file: `table`, `file`, `rows_in`, `accepted`, `quarantined`."""
        return self._part("tables")

    @property
    def quarantine(self) -> pd.DataFrame:
        """One row a row set aside: `table`, `file`, `row`, `column`, `rule`; `moment`, `survey` where known."""
        return self._part("quarantine")

    @property
    def notes(self) -> pd.DataFrame:
        """What was found or mended: `table`, `file`, `column`, `note`, `rows`."""
        return self._part("notes")

    @property
    def joins(self) -> pd.DataFrame:
        """One row a join: `join`, `on`, `rows_before`, `rows_after`, `matched`, `unmatched`, `blank`."""
        return self._part("joins")

    @property
    def wordings(self) -> pd.DataFrame:
        """One row a question, wording and day, of questions whose words differ between the files of the answers.

        Columns `column`, `wording` (its beginning), `day`, `rows`.
        """
        return self._part("wordings", WORDINGS)

    @property
    def redaction(self) -> pd.DataFrame:
        """Personal data taken out of texts: `table`, `column`, `kind`, `items`, `texts` (answers that held some)."""
        return self._part("redaction", REDACTED)

    def noting(self, notes: Callable[[pd.DataFrame], pd.DataFrame]) -> "Quality":
        """Return these counts with other notes, made of the present ones."""
        known = {name: partial(self._part, name) for name in self._parts}
        return Quality(Tables({**known, "notes": lambda: notes(self.notes)}))

    def _part(self, name: str, columns: Sequence[str] = ()) -> pd.DataFrame:
        """Return one table."""
        return self._parts[name] if name in self._parts else pd.DataFrame(columns=list(columns))


class Tables(Mapping[str, pd.DataFrame]):
    """Tables by name, each read when it is first asked for and then kept.

    Examples
    --------
    >>> tables = Tables({"a": lambda: pd.DataFrame({"x": [1]})})
    >>> list(tables), tables["a"] is tables["a"]
    (['a'], True)
    """

    def __init__(self, reads: Mapping[str, Callable[[], pd.DataFrame]]) -> None:
        self._reads = reads
        self._read: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        """Return a table."""
        if name not in self._read:
            self._read[name] = self._reads[name]()
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        """Return whether there is a table, without reading it."""
        return name in self._reads

    def __iter__(self) -> Iterator[str]:
        """Yield the names."""
        return iter(self._reads)

    def __len__(self) -> int:
        """Return how many tables there are."""
        return len(self._reads)
