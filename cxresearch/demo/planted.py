"""Every value planted in Halden Telecom: the one source of the generator and of truth.yaml. No data here, no pandas."""

from typing import NamedTuple

SEED = 2026

QUARTERS = ("2024Q4", "2025Q1", "2025Q2", "2025Q3", "2025Q4", "2026Q1", "2026Q2", "2026Q3")
# Votes are needed before the first reported quarter, because they set the revenue of the quarter after them.
LATENT_QUARTERS = ("2023Q3", "2023Q4", "2024Q1", "2024Q2", "2024Q3", *QUARTERS)
FIRST_REPORTED = LATENT_QUARTERS.index(QUARTERS[0])
FIRST_MONTH, LAST_MONTH = "2023-10", "2026-09"

# --- Customers -------------------------------------------------------------------------------------------------------
OLD_CUSTOMERS, NEW_CUSTOMERS, TAKEN_OVER = 4180, 1400, 420
CUSTOMERS = OLD_CUSTOMERS + NEW_CUSTOMERS + TAKEN_OVER
TAKEOVER_MONTH = "2026-07"  # Halden takes over the customers of Nordfunk, all on the plan Flex: the mix shift
TAKEOVER_PLAN = "Flex"


class Plan(NamedTuple):
    """A plan: share of the customers, monthly price in EUR, contract length, effect on loyalty and on answering."""

    share: float
    price: float
    contract_months: int
    loyalty: float
    response_logit: float


PLANS = {
    "Flex": Plan(0.22, 19.9, 0, -0.35, -0.25),
    "Classic": Plan(0.34, 34.9, 24, -0.05, 0.0),
    "Plus": Plan(0.24, 49.9, 24, 0.10, 0.10),
    "Premium": Plan(0.14, 69.9, 24, 0.40, 0.20),
    "Business": Plan(0.06, 99.9, 24, 0.05, -0.10),
}
BILLING_CYCLES = ("1st", "11th", "21st")  # the null segment: drawn independently of everything
REGIONS = {  # region: what the CRM calls it (the study merges the first)
    "Küste & Inseln": ("Küste", "Inseln"),
    "Nordheide": ("Nordheide",),
    "Seenland": ("Seenland",),
    "Haldenau": ("Haldenau",),
    "Mittelland": ("Mittelland",),
    "Flusstal": ("Flusstal",),
    "Bergland": ("Bergland",),
    "Südstadt": ("Südstadt",),
}
DISTRICTS = 40  # field-service districts; their routes cut across the regions
ACCESS = {"Fibre": 0.40, "DSL": 0.34, "Mobile": 0.26}
SMALL_SEGMENTS = {"Satellite": 12, "Maritime": 3}  # levels of `access`; these customers stay and answer every quarter
ACCOUNTS, PEOPLE_PER_ACCOUNT = 45, 4
CHANNELS = {"online": 0.42, "shop": 0.27, "telesales": 0.17, "partner": 0.14}

# --- Loyalty: the score 0-10 before rounding is a sum of these -----------------------------------------------------
BASE_SCORE = 8.28
NOISE_SD, NOISE_LASTING = 1.05, 0.5  # the customer's own part, and how much of its variance lasts
DRIVER_SD, DRIVER_LASTING = 1.9, 0.6


class Driver(NamedTuple):
    """A rating 1-10: its group, planted effect on the score per point, mean, loading and share not applicable."""

    group: str
    effect: float
    mean: float
    loading: float
    not_applicable: float


DRIVERS = {
    "network": Driver("product", 0.26, 7.2, 0.78, 0.0),
    "speed": Driver("product", 0.14, 6.9, 0.76, 0.0),  # not applicable exactly where access is Mobile
    "value": Driver("product", 0.30, 6.5, 0.76, 0.0),
    "billing": Driver("ease", 0.16, 7.3, 0.76, 0.02),
    "app": Driver("ease", 0.0, 7.4, 0.84, 0.06),  # no effect of its own, correlated about .6 with the real ones
    "staff": Driver("interaction", 0.20, 7.5, 0.76, 0.10),
    "repair": Driver("interaction", 0.12, 6.8, 0.76, 0.30),
}
NULL_DRIVER = "app"

QUARTER_SCORE = {
    "2025Q3": -0.10,
    "2025Q4": -0.08,
    "2026Q2": 0.06,
    "2026Q3": 0.12,
}
OUTAGE_QUARTER, OUTAGE_NETWORK_RATING = "2025Q3", -0.8  # national outage of 19 August 2025
REGION_QUARTER_SD = 0.27  # of the score, directly: local incidents and competitors
REGION_QUARTER_NETWORK_SD = 0.5  # of the network rating: local coverage
DISTRICT_QUARTER_SD = 0.10

# --- The confounder of the vote -> revenue effect -------------------------------------------------------------------
WINDOW_MONTHS = 6  # renewal window: the last six months of a 24-month contract
WINDOW_SCORE = -1.5  # effect on the score
WINDOW_LOG_SPEND = -0.15  # lasting step of the bill in the quarter after it (retention discounts), given the vote
WINDOW_LOG_STAY = -0.03  # effect on the log chance of staying, a month

# --- Revenue --------------------------------------------------------------------------------------------------------
VOTE_LOG_SPEND = 0.06  # effect of the vote z of a quarter on log spend in each of the next three months
VOTE_LOG_STAY = 0.010  # and on the log chance of staying, a month
STAY = 0.9915  # chance of staying a month, a passive outside the window
HORIZON_MONTHS = 3
PRICE_SD = 0.22  # between customers of a plan, on the log scale
MONTH_NOISE_SD = 0.10
PRICE_RISE = ("2026-04", 0.03)
ZERO_MONTHS, REFUND_MONTHS = 0.008, 0.003

# --- Surveys --------------------------------------------------------------------------------------------------------
INVITED_SHARE = 0.85
RESPONSE_LOGIT = {"relationship": -1.02, "transactional": -1.18}
RESPONSE_PER_VOTE = 0.15  # log odds of answering per step of the vote: non-response that depends on loyalty
RESPONSE_PER_LOG_TENURE = 0.15  # visible to the CRM
RESPONSE_LASTING_SD = 0.7
BROKEN_SCALE = ("csat", "2025Q2", 0, 100)  # the form showed a slider in this quarter
PARTIAL_SHARE, NO_SCORE_SHARE = 0.045, 0.006
MISSING_CODES = ("99", "don't know")
SPEEDERS, STRAIGHT_LINERS, DUPLICATE_ROWS, TWICE_ANSWERED = 180, 120, 24, 16
PREVIEWS, TESTS, SPAM = 28, 12, 60  # Status 1, 2, 8
GERMAN_SHARE, PERSONAL_DATA_SHARE, STOCK_SHARE = 0.10, 0.03, 0.07
COMMENT_SHARE = {"relationship": 0.80, "transactional": 0.84}
LAST_QUARTER_TOPIC = "mailbox"
MAILBOX_SHARE, MAILBOX_SCORE = 0.16, -0.7  # customers hit by the closing of the old @haldenpost mailboxes, 2026Q3

# --- Contacts -------------------------------------------------------------------------------------------------------
TOUCHPOINTS = {  # share of the contacts, effect on the contact's score
    "order": (0.12, 0.35),
    "installation": (0.14, -0.15),
    "billing": (0.22, -0.20),
    "support": (0.26, 0.0),
    "repair": (0.17, -0.35),
    "renewal": (0.09, 0.15),
}
CONTACTS_A_QUARTER = 0.75
AI_SHARE = {"2024Q4": 0.12, "2025Q1": 0.15, "2025Q2": 0.20, "2025Q3": 0.25, "2025Q4": 0.30, "2026Q1": 0.34} | {
    "2026Q2": 0.38,
    "2026Q3": 0.42,
}
FCR_PERSON, FCR_AI = 0.74, 0.60
FCR_SCORE, AI_SCORE, WAIT_SCORE = 1.5, -0.25, -0.25  # solved at once; by the assistant; per log of waiting time
TEAMS = ("Aller", "Bille", "Dosse", "Eider", "Fulda", "Gande", "Havel", "Innerste", "Jade", "Krückau", "Leine", "Möhne")
ENGAGEMENT_SD, ENGAGEMENT_SCORE = 0.35, 1.3  # team x quarter; effect per point of engagement on the contact's score
EMPLOYEES_PER_TEAM = 14

# --- Initiatives (initiatives.yaml says the same to the analyst, without the effects) --------------------------------


class Initiative(NamedTuple):
    """A change: which segment level it touches, from which quarter on, its effect on the score (and on a rating)."""

    dimension: str
    level: str
    start: str
    score: float
    driver: str | None = None
    rating: float = 0.0


INITIATIVES = {
    "bill-redesign": Initiative("plan", "Classic", "2026Q1", 0.35, "billing", 0.9),
    "app-relaunch": Initiative("plan", "Flex", "2025Q4", 0.0),
    "repair-callback": Initiative("touchpoint", "repair", "2025Q4", 0.9),
}

# --- Inserted questions ---------------------------------------------------------------------------------------------
MODULE_KEY = "halden-demo-2026"  # a demo key: public, so that anyone can recompute the arms
MODULE_WAVES = ("2026Q1", "2026Q2", "2026Q3")
HOLDOUT = 0.15
ARMS = {"pricing": 0.30, "maxdiff": 0.30, "features": 0.25, "none": 0.15}  # in the plan's order
ARM_PARTIAL = {"pricing": 0.01, "maxdiff": 0.05, "features": 0.03}  # added break-offs after the score
ARM_NPS_EFFECT = 0.0  # the modules come after the score
PRICE_ITEMS = ("too_cheap", "bargain", "getting_expensive", "too_expensive")  # of the add-on "home security", a month
PRICE_CENTRE, PRICE_SPREAD, PRICE_FACTORS = 9.0, 0.28, (0.50, 0.80, 1.25, 1.75)
PRICE_DISORDER = 0.05  # share of people whose four prices stand in an impossible order
LIST_PRICE, INTENT_MEAN = 9.9, 3.1
MAXDIFF_UTILITIES = {  # mean utility of each improvement; 0 is the average
    "faster_repair": 1.3,
    "stable_price": 1.1,
    "better_wifi": 0.7,
    "no_queue": 0.5,
    "clear_bill": 0.1,
    "eu_calls": -0.3,
    "loyalty_bonus": -0.4,
    "tv_package": -0.9,
    "green_power": -0.9,
    "gift_shop": -1.2,
}
MAXDIFF_TASKS, MAXDIFF_SHOWN, MAXDIFF_SPREAD = 8, 4, 0.8
KANO = {
    "outage_text": "must-be",
    "fixed_visit_slot": "must-be",
    "higher_upload": "one-dimensional",
    "shorter_contract": "one-dimensional",
    "free_router_swap": "attractive",
    "family_sim": "attractive",
    "paper_magazine": "indifferent",
    "daily_tips": "reverse",
}
KANO_ANSWERS = {  # 1 like, 2 must be, 3 neutral, 4 can live with, 5 dislike: functional, dysfunctional
    "must-be": (2, 5),
    "one-dimensional": (1, 5),
    "attractive": (1, 3),
    "indifferent": (3, 3),
    "reverse": (5, 1),
}
KANO_AGREEMENT = 0.72
TURF = {  # share who want it in a bundle, and how strongly the wish follows a common taste (overlap)
    "netflow": (0.46, 1.2),
    "sportx": (0.33, -0.9),
    "kidszone": (0.22, 0.3),
    "musicbox": (0.38, 1.0),
    "cloud": (0.27, 0.0),
    "news": (0.18, -0.4),
}
