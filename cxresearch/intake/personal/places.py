"""Where people live: streets with a house number, and post codes."""

import re
from collections.abc import Iterator

from cxresearch.intake.personal.span import Span

CAPITAL = r"[A-ZÄÖÜ]"
WORD = rf"{CAPITAL}[\w'-]{{1,30}}"
TOWN = rf"{WORD}(?: (?:am|an der|im|in|ob der|upon|on|under) {WORD}| {WORD}(?=[.,;!?]|$))?"
# Behind a number, these make it an amount.
UNITS = r"(?! ?(?i:uhr|mal|stunden?|std|tagen?|tage?|wochen?|monaten?|jahren?|minuten?|min|km|m|euro|%|€)(?!\w))"
HOUSE = rf"\d{{1,4}}(?:[- ]?[a-kA-K](?!\w))?(?!\w|[.,]\d){UNITS}"
GERMAN_CODE = rf",? (?:D[- ])?\d{{5}}(?: {TOWN})?"
# Behind a capital; of rings only these, because English has "during" and "spring".
GERMAN_STREETS = (
    "straße|strasse|str|weg|allee|platz|gasse|ufer|damm|kamp|deich|chaussee|pfad|hof|graben|stieg|twiete|promenade|zeile|"
    "redder|brücke|(?:ord|st|est|üd|tadt|ansa|aiser|erg|ark|arten)ring"
)
GERMAN = re.compile(
    rf"(?<!\w)(?:{CAPITAL}[\w'-]{{2,30}}er |"
    rf"(?:(?:Alte|Neue|Große|Kleine|Obere|Untere|Hohe|Lange|Kurze) )?{CAPITAL}[\w'-]{{0,30}}?)"
    rf"(?i:{GERMAN_STREETS})\.? {HOUSE}(?:{GERMAN_CODE})?"
)
# Streets without such a word are known by the post code behind them: "Am Deich 5, 26123 Haldenau".
WITH_CODE = re.compile(rf"(?<!\w)(?:[A-ZÄÖÜ][\w'-]{{1,30}} ){{1,3}}{HOUSE}{GERMAN_CODE}(?!\w)")
ENGLISH_STREETS = (
    "street|st|road|rd|avenue|ave|lane|ln|drive|close|court|crescent|place|square|terrace|gardens|grove|boulevard|blvd|"
    "way|mews|parade|row|hill"
)
ENGLISH = re.compile(
    rf"(?<![\w.,£$€])\d{{1,5}}[a-kA-K]?,? (?:{CAPITAL}[\w'-]{{1,30}} ){{1,3}}(?i:{ENGLISH_STREETS})(?!\w)\.?"
    r"(?:,? (?i:apt|flat|unit|suite)\.? \w{1,5})?"
)
POST_CODES = re.compile(
    # Britain; a plan of "5GB" is no inward code, and "b4 1st" is English.
    r"(?<!\w)(?i:(?:GIR ?0AA|[A-PR-UWYZ](?:\d{1,2}|[A-HK-Y]\d|[A-HK-Y]\d\d|\d[A-HJKPSTUW]|[A-HK-Y]\d[ABEHMNPRVWXY])"
    r" (?!\dGB|(?-i:1st|2nd|3rd|\dth))\d[ABD-HJLNP-UW-Z]{2}))(?!\w)"
    # Canada; Germany and the United States with their marks; any behind a word for it.
    r"|(?<!\w)(?i:[ABCEGHJ-NPRSTVXY]\d[A-Z] \d[A-Z]\d)(?!\w)|(?<!\w)(?:DE?|AT?|CH)-\d{4,5}(?!\w)"
    r"|(?<!\w)(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|"
    r"W[AIVY]) \d{5}(?:-\d{4})?(?!\w)"
)
CALLED = re.compile(
    r"\b(?:post ?code|zip(?: ?code)?|plz|postleitzahl)(?: is| ist)?:? ?"
    r"(?P<code>(?=\w{0,5}\d)\w{2,6}(?: \d\w{2})?)(?!\w)",
    re.IGNORECASE,
)


def places(text: str) -> Iterator[Span]:
    """Yield street addresses and post codes.

    Examples
    --------
    >>> text = "the line at Birkenallee 17, 91166 Dornesiel, not 12 High Street, SW1A 1AA; on 10 May at 5 pm"
    >>> [(span.kind, text[span.start : span.end]) for span in sorted(set(places(text)))]
    [('address', 'Birkenallee 17, 91166 Dornesiel'), ('address', '12 High Street'), ('postcode', 'SW1A 1AA')]
    """
    for form in (GERMAN, WITH_CODE, ENGLISH):
        yield from (Span(*found.span(), "address") for found in form.finditer(text))
    yield from (Span(*found.span(), "postcode") for found in POST_CODES.finditer(text))
    yield from (Span(*found.span("code"), "postcode") for found in CALLED.finditer(text))
