"""What intake leaves of a study: its tables, each read when it is first asked for, and what was counted on the way."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import pandas as pd

from cxresearch.intake.drift import WORDINGS
from cxresearch.intake.redact import REDACTED


@dataclass(frozen=True)
class Quality:
    """What intake counted.

    Attributes
    ----------
    tables
        One row a file: `table`, `file`, `rows_in`, `accepted`, `quarantined`.
    quarantine
        One row a row set aside: `table`, `file`, `row`, `column`, `rule`; `moment` and `survey` where they are known.
    notes
        What was found or mended: `table`, `file`, `column`, `note`, `rows`.
    joins
        One row a join: `join`, `on`, `rows_before`, `rows_after`, `matched`, `unmatched`, `blank`.
    wordings
        One row a question, wording and day, of questions whose words differ between the files of the answers:
        `column`, `wording` (its beginning), `day`, `rows`.
    redaction
        Personal data taken out of texts: `table`, `column`, `kind`, `items`, `texts` (answers that held some).
    """

    tables: pd.DataFrame
    quarantine: pd.DataFrame
    notes: pd.DataFrame
    joins: pd.DataFrame
    wordings: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=WORDINGS))
    redaction: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=REDACTED))


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
