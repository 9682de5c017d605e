"""Addresses of the net: e-mail, also spelled out, web pages, computers and handles.

Every pattern begins where a run of its characters begins and takes the run whole, or is bounded, so that time grows
with the length of a text and not with its square.
"""

import ipaddress
import re
from collections.abc import Iterator

from cxresearch.intake.personal.span import Span

LOCAL, LABEL = r"[\w.%+'-]", r"[^\W_](?:[\w-]{0,61}[^\W_])?"
EMAIL = re.compile(rf"(?<!{LOCAL}){LOCAL}++(?:@| @ ){LABEL}(?:\.{LABEL}){{0,8}}\.[^\W\d_]{{2,24}}(?!\w)")
# "jane dot doe at example dot com", "jane (at) example.de": an @ in plain words needs a dot in words behind it.
BRACKETED_DOT, PART = r" ?[\[({] ?(?:dot|punkt|\.) ?[\])}] ?", r"[\w%+'-]{1,64}"
DOT, WORD_DOT = rf"(?:{BRACKETED_DOT}| (?:dot|punkt) |\.)", rf"(?:{BRACKETED_DOT}| (?:dot|punkt) )"
BRACKETED_AT, WORD_AT = r" ?[\[({<] ?(?:at|ät|@) ?[\])}>] ?", r" (?:at|ät) "
SPELLED = re.compile(
    rf"(?<![\w.%+'-])(?:{PART}{DOT}){{0,3}}{PART}"
    rf"(?:{BRACKETED_AT}{PART}(?:{DOT}{PART}){{1,4}}|{WORD_AT}(?:{PART}\.){{0,2}}{PART}(?:{WORD_DOT}{PART}){{1,4}})(?!\w)",
    re.IGNORECASE,
)
SPELLED_AT = re.compile(r"\b(?:at|ät)\b|[\[({<] ?@ ?[\])}>]", re.IGNORECASE)
ADDRESS = r"[^\s<>\"\[\]]++"
URL = re.compile(
    rf"(?<!\w)(?:[a-z][a-z0-9+.-]{{1,15}}://|www\.){ADDRESS}|(?<![\w.@-])(?:[\w-]{{1,63}}\.){{1,4}}[a-z]{{2,12}}/{ADDRESS}",
    re.IGNORECASE,
)
END_OF_SENTENCE = ".,;:!?)]}'"
HANDLE = re.compile(r"(?<![\w@])@[^\W\d]\w{1,62}+")
IP = re.compile(r"(?<![\w.:])[0-9a-fA-F:][0-9a-fA-F.:]{5,44}+(?![\w:])")


def contacts(text: str) -> Iterator[Span]:
    """Yield e-mail addresses, web addresses, addresses of computers and handles.

    Examples
    --------
    >>> text = "jane (at) example.org, https://example.org/?u=1, @jane_doe, from 192.0.2.7"
    >>> [(span.kind, text[span.start : span.end]) for span in sorted(contacts(text))]  # doctest: +NORMALIZE_WHITESPACE
    [('email', 'jane (at) example.org'), ('url', 'https://example.org/?u=1'), ('handle', '@jane_doe'),
     ('ip', '192.0.2.7')]
    """
    if "/" in text or "www." in text.lower():
        for found in URL.finditer(text):
            yield Span(found.start(), found.start() + len(found[0].rstrip(END_OF_SENTENCE)), "url")
    if "@" in text:
        yield from (Span(*found.span(), "email") for found in EMAIL.finditer(text))
        yield from (Span(*found.span(), "handle") for found in HANDLE.finditer(text))
    if SPELLED_AT.search(text):
        yield from (Span(*found.span(), "email") for found in SPELLED.finditer(text))
    if text.count(".") > 2 or text.count(":") > 1:
        yield from _computers(text)


def _computers(text: str) -> Iterator[Span]:
    """Yield addresses of computers."""
    for found in IP.finditer(text):
        address = found[0].rstrip(".:")
        try:
            ipaddress.ip_address(address)
        except ValueError:
            continue
        yield Span(found.start(), found.start() + len(address), "ip")
