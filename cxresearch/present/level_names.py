"""What the levels of grouping columns are: names written as code, phrases, or words of this package."""

# Columns whose levels are names written as code, in a study file or in this package; and those written as phrases.
CODED = ("metric", "driver", "segment", "variable", "outcome", "touchpoint", "controls", "choice",
         "planned", "done", "option", "next", "handled_by")  # fmt: skip
PHRASES = ("stage", "link", "answers", "step", "component", "weighting", "part", "contrast", "reason", "basis", "claim",
           "model", "what", "weights", "check", "status", "slope", "term", "window", "gate", "kind", "factor", "held",
           "table", "rule", "event", "source", "channel", "point", "fifth", "months", "class", "first", "second", "aim",
           "treatment", "comparison", "side")  # fmt: skip
# Names that a study gives; they may be those of a column of results, such as value.
DRIVERS = ("driver", "against", "group", "item", "row", "column", "question", "module", "arm", "shown", "beside")
# Periods, also where a wave of questions bears the name of one.
PERIODS = ("period", "previous_period", "compare_to", "wave", "first_wave", "last_wave")
CHECKED = {
    "pass": "✓ Pass",
    "warn": "!\N{NO-BREAK SPACE}With\N{NO-BREAK SPACE}care",
    "fail": "✗ Fail",
    "not made": "– Not made",
}
# Levels that this package writes, as people read them.
LEVELS = {
    "method": {
        "lmg": "LMG (Shapley)",
        "first": "Alone (first)",
        "last": "Added last",
        "betasq": "Squared beta",
        "pratt": "Pratt",
        "relative-weights": "Johnson's relative weights",
    },
    "choice": {"basis": "Answers used", "months": "Months ahead"},
    "check": {
        "pre-trend": "Did both run alike before?",
        "placebo start": "Does a start that never was do nothing?",
        "other levels": "Does it stand out among all levels?",
        "overlap": "Overlap: largest variance inflation",
        "condition": "Condition number of all ratings",
        "halo": "Halo: share of the first component",
        "influence": "Smallest share of customers that carries an effect (warns below)",
        "prediction": "R² lost on customers not seen",
        "signs": "Effects against their correlation",
        "segments": "Segments",
        "reliability": "Reliability of the scores' movement",
        "lower bound of reliability": "Its lower bound",
    },
    "outcome": {"score": "0–10 score"},
    "measure": {
        "recovered": "No longer a detractor",
        "nps": "NPS gained",
        "score": "Score gained (0–10)",
        "answered again": "Answered again",
    },
    "part": {"link": "One model of both", "together": "Both together"},
    "level": {
        "high impact": "High impact",
        "the rest": "The rest",
        "promoters": "Promoters",
        "passives": "Passives",
        "detractors": "Detractors",
        "ai": "AI",
        "person": "Person",
    },
    "handled_by": {"ai": "AI", "person": "Person"},
    "kind": {"iban": "IBAN", "id": "ID", "email": "E-mail"},
    "item": {"has_comment": "Comment", "finished": "Questionnaire finished"},
    "topic": {"everything else": "Everything else"},
    "against": {"lmg": "LMG (Shapley)", "ai": "AI", "person": "Person"},
    "verdict": CHECKED,
    "status": CHECKED,
}
# Columns of text whose cells are names, where they are measured, too.
NAMED = (*DRIVERS, *CODED, *PHRASES, *LEVELS)
