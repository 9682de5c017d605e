"""What was found that has no place on the scale of findings: prices, new topics, money, in the words of its page."""

import re

import pandas as pd

from cxresearch.present import frames, words
from cxresearch.present import labels as say
from cxresearch.present.payload import ProtectedPayload
from cxresearch.present.summary_words import finding_of_row
from cxresearch.summary.findings import of_all_kinds
from cxresearch.summary.owners import owner_of, topic_owners
from cxresearch.summary.recorded import Recorded, shown

__all__ = ["also"]

# Sentences of pages that are news in themselves, the first of a run that bears the name.
NEWS = (
    *("topic_news", "topic_changes", "journey_moments", "handled", "recovery", "team_link", "benchmark"),
    *("at_risk", "preferred", "prices", "buyers", "reached"),
)
# Of these only a verdict is news.
JUDGED, VERDICTS = ("topic_changes", "team_link"), ("rose", "fell", "rises", "falls")
SENTENCE_END = re.compile(r"(?<=[.]) (?=[A-Z0-9“€])")
COLUMNS = ["source", "n", "n_customers", "sentence", "about", "owner", "page", "key", "flag"]


def also(run: Recorded) -> pd.DataFrame:
    """Return what else was found: what the scale of findings cannot weigh, each in a sentence with its base.

    Parameters
    ----------
    run
        What `recorded` gives.

    Returns
    -------
    pandas.DataFrame
        `source` (page and key), `n`, `n_customers` (of the largest row that the sentence may tell), `sentence` (made
        from the protected output), `about` (page and caption), `owner`, `page`, `key`, `flag`.

    Raises
    ------
    StudyError
        If nothing was run.
    """
    found = [output for name in NEWS if (output := run.first(name)) is not None and _is_news(output)]
    off = of_all_kinds(run)
    rows = [_row(output, run) for output in found]
    rows += [
        {
            **row,
            "source": f"{row['page']}/{row['key']}",
            "about": "",
            "sentence": finding_of_row(row, {}, run.study.definition.labels),
        }
        for row in off[off["weight"].isna()].to_dict("records")
    ]
    rows = [row for row in rows if row["sentence"]]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"n": "int64", "n_customers": "int64"})


def _is_news(output: ProtectedPayload) -> bool:
    """Return whether an output tells more than that nothing changed."""
    frame = output.to_frame()
    return output.finding not in JUDGED or bool(frame["verdict"].isin(VERDICTS).any())


def _row(output: ProtectedPayload, run: Recorded) -> dict[str, object]:
    """Return the first sentence of an output, with the largest base of its rows."""
    frame = shown(output)
    bases = {name: int(frames.floats(frame, name).max()) for name in ("n", "n_customers")} if len(frame) else {}
    told = SENTENCE_END.split(words.finding(output))[0]
    sentence = f"{told} Base: {say.count(bases['n_customers'], 'customer')}." if bases and told else ""
    owners = run.study.definition.owners | topic_owners(run)
    row = frame.iloc[0].to_dict() if len(frame) == 1 else {}
    place = {"source": output.source, "page": output.provenance.get("notebook", ""), "key": output.key}
    place["about"] = f"{say.page_label(str(place['page']))}: {say.clean(output.caption)}"
    return {**place, **bases, "sentence": sentence, "owner": owner_of(row, owners), "flag": ""}
