"""truth.yaml: every planted value, and where an analyst who does the work well will find it again."""

import io
from typing import Any

import numpy as np
import pandas as pd
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from cxresearch.demo import planted, population
from cxresearch.demo.experience import vote
from cxresearch.demo.finance import COST_PER_CUSTOMER, TAKEOVER_COST
from cxresearch.demo.stock import TOPICS
from cxresearch.demo.world import World

HEAD = """The truth of Halden Telecom, a company that does not exist. Written by `cxresearch demo` from the values that
the generator planted; do not edit. Each part says what was planted and, under `find`, where a good analysis finds it
again. "All customers" are those active in the last month of a quarter, whether or not they answered.
"""


def truth_text(world: World, seed: int = planted.SEED) -> str:
    """Return truth.yaml.

    Parameters
    ----------
    world
        The company.
    seed
        Seed that made it.

    Returns
    -------
    str
        YAML with comments.
    """
    votes = population.votes(world)
    parts = {
        "seed": ("Seed of everything.", seed),
        "counts": ("Rows of the raw exports.", _counts(world)),
        "nps": ("NPS by quarter: of all customers, and of those who answered.", _nps(world, votes)),
        "drivers": ("What the ratings do to the score and to the NPS.", _drivers(world)),
        "revenue": ("What a vote is worth, and what hides it.", _revenue(world)),
        "segments": (
            "Segments that matter, that do not, that are too fine, and the shift of the mix.",
            _segments(votes),
        ),
        "initiatives": ("Effects of what was changed, in NPS points of those it touched.", _initiatives(world, seed)),
        "response": ("Who answers.", _response(world)),
        "contacts": ("What makes a contact good, in points of the score.", _contacts()),
        "employees": ("Teams.", _employees()),
        "modules": ("Inserted questions.", _modules(world)),
        "economics": ("Money beside revenue.", _economics()),
        "topics": (
            "Share of the comments (stock answers not counted) that touch each topic, by quarter.",
            _topics(world),
        ),
        "defects": ("What was done to the exports, in rows.", _defects(world)),
        "personal_data": ("Personal data planted in comments, to the letter.", _personal(world)),
    }
    document = CommentedMap({name: _plain(content) for name, (_, content) in parts.items()})
    document.yaml_set_start_comment(HEAD)
    for name, (comment, _) in parts.items():
        document.yaml_set_comment_before_after_key(name, before="\n" + comment)
    out = io.StringIO()
    yaml = YAML()
    yaml.width = 130
    yaml.allow_unicode = True
    yaml.dump(document, out)
    return out.getvalue()


def _plain(value: Any) -> Any:
    """Return a value without types of numpy and pandas."""
    if isinstance(value, pd.Series):
        value = value.to_dict()
    if isinstance(value, dict):
        return {_plain(key): _plain(content) for key, content in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(content) for content in value]
    return value.item() if isinstance(value, np.generic) else value


def _table(table: pd.DataFrame, digits: int = 1) -> dict:
    """Return a level x quarter table as nested mappings."""
    return {
        level: {name: round(float(value), digits) for name, value in row.items()} for level, row in table.iterrows()
    }


def _counts(world: World) -> dict:
    """Return numbers of rows."""
    good = world.rows[world.rows["defect"] != "copy of a row"]
    good = good[good["status"] == 0]
    scored = good[good["nps"].notna() & ~good["nps"].isin(planted.MISSING_CODES)]
    texts = world.rows["text"]
    return {
        "customers": len(world.customers),
        "export_rows": len(world.rows),
        "answers": len(good),
        "answers_with_a_score": len(scored),
        "by_survey": good["survey"].value_counts(),
        "invitations": len(world.invited),
        "contacts": len(world.contacts),
        "bills": int(world.billing.active.sum()),
        "employee_answers": len(world.staff),
        "module_answers": len(world.module_answers),
        "feedback": world.feedback["source"].value_counts(),
        "comments": int((texts != "").sum()),
        "distinct_comments": int(texts[texts != ""].nunique()),
        "find": "01-data-quality: rows in, accepted, quarantined",
    }


def _nps(world: World, votes: pd.DataFrame) -> dict:
    """Return NPS of all customers and of those who answered."""
    answered = world.answers[world.answers["survey"] == "relationship"]
    given = 100 * pd.Series(vote(answered["score"].to_numpy())).groupby(answered["wave"].to_numpy()).mean()
    return {
        "all_customers": population.nps(votes, ["quarter"]).round(1),
        "answered_before_defects": {planted.QUARTERS[wave]: round(value, 1) for wave, value in given.items()},
        "events": {
            planted.OUTAGE_QUARTER: "national outage on 19 August 2025: network ratings fall, comments name it",
            planted.INITIATIVES["bill-redesign"].start: "new bill for the plan Classic: the NPS rises",
            planted.QUARTERS[-1]: "takeover of Nordfunk's customers (plan Flex) and end of the @haldenpost mailboxes",
        },
        "find": "02-scorecard: the trend; answered is above all customers because promoters answer more often",
    }


def _drivers(world: World) -> dict:
    """Return planted and projected driver effects."""
    slopes = population.driver_slopes(world)
    return {
        "effects": {
            name: {
                "group": driver.group,
                "score_points_per_rating_point": driver.effect,
                "nps_points_per_rating_point": round(float(slopes[name]), 2),
                "not_applicable": "where access is Mobile" if name == "speed" else driver.not_applicable,
            }
            for name, driver in planted.DRIVERS.items()
        },
        "null_driver": planted.NULL_DRIVER,
        "note": "ratings enter the score as answered, so there is no measurement error; the nps slopes are least "
        "squares over all customers and quarters with all seven ratings; app correlates about .6 with the others "
        "and has no effect of its own",
        "find": "03-drivers: coefficients of 100 x vote on the ratings; app has importance and no coefficient",
    }


def _revenue(world: World) -> dict:
    """Return the planted vote -> revenue effect and what a regression on all customers gives."""
    panel = population.revenue_panel(world)
    months = planted.HORIZON_MONTHS
    stay = planted.VOTE_LOG_STAY * (months + 1) / 2
    by_horizon = {h: round(population.revenue_slope(population.revenue_panel(world, h))[0], 3) for h in (3, 6, 12)}
    return {
        "estimand": "effect of the vote z (-1, 0, +1) on log expected revenue of the months after the month of the "
        "survey, given revenue and vote before",
        "theta_spend": planted.VOTE_LOG_SPEND,
        "theta_staying": round(stay, 4),
        "theta": round(planted.VOTE_LOG_SPEND + stay, 4),
        "horizon_months": months,
        "nps_points_per_percent": round(100 * np.log(1.01) / (planted.VOTE_LOG_SPEND + stay), 1),
        "confounder": {
            "column": "renewal_window",
            "meaning": f"the 24-month contract ends within {planted.WINDOW_MONTHS} months on the day of the invitation",
            "effect_on_score": planted.WINDOW_SCORE,
            "effect_on_log_bill_lasting": planted.WINDOW_LOG_SPEND,
            "effect_on_log_staying_a_month": planted.WINDOW_LOG_STAY,
        },
        "all_customers": {
            "by_horizon_controlled": by_horizon,
            "without_the_confounder": round(population.revenue_slope(panel, ("previous_vote",))[0], 3),
            "without_the_vote_before": round(population.revenue_slope(panel, ("window",))[0], 3),
        },
        "per_point_segment_by_quarter": round((planted.VOTE_LOG_SPEND + stay) / 100, 6),
        "note": "the vote of a quarter holds in the three months after it, whoever answered; loyalty lasts, so longer "
        "horizons mix in later votes",
        "find": "04-revenue: customer link with renewal_window and the vote before as controls, horizon 3; panel link "
        "by region, lag one quarter",
    }


def _segments(votes: pd.DataFrame) -> dict:
    """Return truths about segments."""
    region, district = (population.nps(votes, [name, "quarter"]).unstack() for name in ("region", "district"))
    last, before = planted.QUARTERS[-1], planted.QUARTERS[-2]
    shares = {
        quarter: votes.loc[votes["quarter"] == quarter, "plan"].value_counts(normalize=True).sort_index()
        for quarter in (before, last)
    }
    plan = population.nps(votes, ["plan", "quarter"]).unstack()
    mix = float(((shares[last] - shares[before]) * plan[[before, last]].mean(axis=1)).sum())
    rate = float(((plan[last] - plan[before]) * (shares[last] + shares[before]) / 2).sum())
    return {
        "real": {
            "plan": {"score": {name: level.loyalty for name, level in planted.PLANS.items()}, "nps": _table(plan)}
        },
        "null": {"billing_cycle": population.nps(votes, ["billing_cycle"]).round(1)},
        "moves_by_quarter": {"region": {"within_sd": round(population.within_sd(region), 2), "nps": _table(region)}},
        "too_fine": {"district": {"levels": len(district), "within_sd": round(population.within_sd(district), 2)}},
        "small": planted.SMALL_SEGMENTS,
        "mix_shift": {
            "segment": "plan",
            "from": before,
            "to": last,
            "shares": {quarter: share.round(3) for quarter, share in shares.items()},
            "mix_points": round(mix, 2),
            "rate_points": round(rate, 2),
        },
        "find": "06-segments: plan differs, billing_cycle does not, the bridge of the last quarter shows the mix; "
        "04-revenue: region passes the reliability gate (within_sd is the real movement), district is refused",
    }


def _initiatives(world: World, seed: int) -> dict:
    """Return planted effects of initiatives."""
    effects = {
        name: {
            change.dimension: change.level,
            "from": change.start,
            "score_points": change.score,
            **({"rating_points": {change.driver: change.rating}} if change.driver else {}),
            "nps_points": round(population.initiative_effect(world, name, seed), 1),
        }
        for name, change in planted.INITIATIVES.items()
    }
    return {
        **effects,
        "find": "10-closed-loop: interrupted series and difference in differences against the other levels",
    }


def _response(world: World) -> dict:
    """Return who answers."""
    rate = world.invited.groupby("survey")["answered"].mean().round(4)
    return {
        "log_odds_per_vote": planted.RESPONSE_PER_VOTE,
        "log_odds_per_log_year": planted.RESPONSE_PER_LOG_TENURE,
        "log_odds_by_plan": {name: plan.response_logit for name, plan in planted.PLANS.items()},
        "lasting_sd": planted.RESPONSE_LASTING_SD,
        "rate": rate,
        "find": "01-data-quality: response by plan and tenure; its dependence on the vote cannot be seen from the CRM, "
        "only bounded",
    }


def _contacts() -> dict:
    """Return what makes a contact good."""
    return {
        "touchpoint": {name: effect for name, (_, effect) in planted.TOUCHPOINTS.items()},
        "settled_at_once": planted.FCR_SCORE,
        "by_the_assistant": planted.AI_SCORE,
        "per_log_of_waiting": planted.WAIT_SCORE,
        "fcr": {"person": planted.FCR_PERSON, "ai": planted.FCR_AI},
        "share_of_the_assistant": planted.AI_SHARE,
        "find": "07-journey",
    }


def _employees() -> dict:
    """Return what engagement does."""
    return {
        "score_points_per_point_of_engagement": planted.ENGAGEMENT_SCORE,
        "sd_of_team_by_quarter": planted.ENGAGEMENT_SD,
        "find": "12-teams-and-value: transactional scores of a team in a quarter on its engagement",
    }


def _modules(world: World) -> dict:
    """Return truths about the inserted questions."""
    assigned = world.invited[world.invited["arm"] != ""]
    wave = assigned["quarter"].map(dict(enumerate(planted.QUARTERS)))
    return {
        "key": planted.MODULE_KEY,
        "holdout": planted.HOLDOUT,
        "arms": planted.ARMS,
        "assigned": assigned.groupby([wave, "arm"]).size().unstack().to_dict("index"),
        "effect_on_nps": planted.ARM_NPS_EFFECT,
        "added_break_offs": planted.ARM_PARTIAL,
        "price": {
            "centre": planted.PRICE_CENTRE,
            "factors": dict(zip(planted.PRICE_ITEMS, planted.PRICE_FACTORS, strict=True)),
            "log_sd": planted.PRICE_SPREAD,
            "impossible_order": planted.PRICE_DISORDER,
        },
        "maxdiff_utilities": planted.MAXDIFF_UTILITIES,
        "maxdiff_sd_between_people": planted.MAXDIFF_SPREAD,
        "kano": planted.KANO,
        "kano_share_of_its_class": planted.KANO_AGREEMENT,
        "bundle_shares": {name: share for name, (share, _) in planted.TURF.items()},
        "bundle_tilt": {name: tilt for name, (_, tilt) in planted.TURF.items()},
        "find": "09-question-results; arms can be recomputed from questions.yaml",
    }


def _economics() -> dict:
    """Return money truths beside revenue."""
    return {
        "staying_a_month_passive": planted.STAY,
        "cost_per_new_customer": COST_PER_CUSTOMER | {"takeover": TAKEOVER_COST},
        "price_rise": {"month": planted.PRICE_RISE[0], "log": planted.PRICE_RISE[1]},
        "find": "04-revenue: retention curve, cost per new customer",
    }


def _topics(world: World) -> dict:
    """Return the share of each topic by quarter."""
    said = world.answers[world.answers["text_kind"] == "comment"]
    share = {
        topic: {
            planted.QUARTERS[wave]: round(float(named), 3)
            for wave, named in said["topics"]
            .map(lambda topics, topic=topic: topic in topics)
            .groupby(said["wave"])
            .mean()
            .items()
        }
        for topic in TOPICS
    }
    return {
        "share": share,
        "without_topic": round(float((said["topics"].map(len) == 0).mean()), 3),
        "several_topics": round(float((said["topics"].map(len) > 1).mean()), 3),
        "only_in_the_last_quarter": planted.LAST_QUARTER_TOPIC,
        "find": "05-topics",
    }


def _defects(world: World) -> dict:
    """Return counts of what went wrong."""
    rows = world.rows
    broken = (rows["wave"] == planted.QUARTERS.index(planted.BROKEN_SCALE[1])) & rows["csat_cell"].notna()
    given = world.answers[world.answers["text"] != ""]
    return {
        **rows.loc[rows["defect"] != "", "defect"].value_counts().sort_index().to_dict(),
        "broken_scale": {
            "metric": planted.BROKEN_SCALE[0],
            "quarter": planted.BROKEN_SCALE[1],
            "scale": planted.BROKEN_SCALE[2:],
            "rows": int(broken.sum()),
        },
        "stock_answers": int((given["text_kind"] == "stock").sum()),
        "german": int((given["language"] == "DE").sum()),
        "find": "01-data-quality",
    }


def _personal(world: World) -> dict:
    """Return the planted personal data."""
    kept = world.rows[world.rows["defect"] != "copy of a row"]
    items = [
        {"response": row.response_id, "kind": kind, "string": string}
        for row in kept[kept["status"] == 0].itertuples()
        if row.text
        for kind, string in row.personal
    ]
    kinds = pd.Series([item["kind"] for item in items]).value_counts().sort_index()
    return {
        "by_kind": kinds,
        "items": items,
        "find": "none of these strings may stand in anything that is kept or published",
    }
