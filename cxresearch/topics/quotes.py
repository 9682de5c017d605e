"""Sentences quoted by a rule, not by taste: the nearest to a topic, a middling one, one at its edge."""

from dataclasses import replace

import pandas as pd

from cxresearch.topics.mentions import Mentions

__all__ = ["quotes"]

RULES = {"nearest": 1.0, "middle": 0.5, "edge": 0.0}
LONGEST = 200


def quotes(mentions: Mentions, *, shown: bool = True, survey: str | None = None) -> pd.DataFrame:
    """Return three redacted sentences for each topic that enough customers name.

    Parameters
    ----------
    mentions
        What the comments name.
    shown
        Whether the page shows quotes at all: a report's parameter, off by default there.
    survey
        By default the relationship survey.

    Returns
    -------
    pandas.DataFrame
        `topic`, `rule` (`nearest` to the topic's centre, `middle`, `edge` of what still names it); `n`, `n_customers`
        (who name the topic in the period), `quote`. Topics that fewer customers name than may be shown are left out.

    Raises
    ------
    ValueError
        If the page shall show none.

    Notes
    -----
    Names may remain in redacted text, and people may know one another's style: a report shows quotes only where its
    parameters ask for them, and no public page does.

    Examples
    --------
    >>> from cxresearch.prove.topics import planted
    >>> list(quotes(planted()))
    ['topic', 'rule', 'n', 'n_customers', 'quote']
    """
    if not shown:
        raise ValueError("quotes are off; set `quotes: true` under 05-topics in the run file to show some.")
    placed = replace(mentions, answers=mentions.answers.assign(_row=mentions.answers.index))
    rows, parts = placed.rows(survey), []
    for key, name in mentions.names.items():
        own = mentions.sentences[mentions.sentences["id"].eq(key) & mentions.sentences["row"].isin(rows["_row"])]
        named = rows[rows["_row"].isin(own["row"])]
        people = named["customer_id"].nunique() if "customer_id" in named else len(named)
        if people < mentions.study.definition.disclosure.min_base:
            continue
        ordered = own.sort_values(["score", "row"], kind="stable").drop_duplicates("sentence")["sentence"].to_list()
        picked = [ordered[round(place * (len(ordered) - 1))][:LONGEST] for place in RULES.values()]
        base = {"topic": name, "rule": list(RULES), "n": len(named), "n_customers": people, "quote": picked}
        parts.append(pd.DataFrame(base))
    empty = pd.DataFrame(columns=["topic", "rule", "n", "n_customers", "quote"])
    return pd.concat(parts, ignore_index=True) if parts else empty
