"""Addresses of the net: e-mail, also spelled out, web pages, computers and handles.

Every pattern begins where a run of its characters begins and takes the run whole, so that time grows with the length of a
text and not with its square.
"""

import ipaddress
import re
from collections.abc import Iterator

from cxresearch.intake.personal.span import Span

LOCAL, LABEL = r"[\w.%+'-]", r"[^\W_](?:[\w-]{0,61}[^\W_])?"
EMAIL = re.compile(rf"(?<!{LOCAL}){LOCAL}++ ?@ ?{LABEL}(?: ?\. ?{LABEL}){{1,8}}")
# "jane dot doe at example dot com", "jane (at) example.de": an @ in words needs brackets, or a dot in words behind it.
DOT = r"(?: ?[\[({] ?(?:dot|punkt|\.) ?[\])}] ?| (?:dot|punkt) |\.)"
WORD_DOT = r"(?: ?[\[({] ?(?:dot|punkt|\.) ?[\])}] ?| (?:dot|punkt) )"
AT, WORD_AT = r" ?[\[({] ?(?:at|ät|@) ?[\])}] ?", r" (?:at|ät) "
PART = r"[\w%+'-]{1,64}"
SPELLED = re.compile(
    rf"(?<![\w.%+'-])(?:{PART}{DOT}){{0,3}}{PART}(?:{AT}{PART}(?:{DOT}{PART}){{1,4}}|{WORD_AT}{PART}(?:{WORD_DOT}{PART}){{1,4}})"
    r"(?!\w)",
    re.IGNORECASE,
)
SPELLED_AT = re.compile(r"\b(?:at|ät)\b|\(@|\[@|\{@|@ ?[\])}]", re.IGNORECASE)
URL = re.compile(
    r"(?<!\w)(?:[a-z][a-z0-9+.-]{1,15}://|www\.)[^\s<>\"]++|(?<![\w.@-])(?:[\w-]{1,63}\.){1,4}[a-z]{2,12}/[^\s<>\"]++",
    re.IGNORECASE,
)
END_OF_SENTENCE = ".,;:!?)]}'"
HANDLE = re.compile(r"(?<![\w@])@[^\W\d][\w.-]{0,62}\w")
IP = re.compile(r"(?<![\w.:])[0-9a-fA-F:][0-9a-fA-F.:]{5,44}+(?![\w:])")


def contacts(text: str) -> Iterator[Span]:
    """Yield e-mail addresses, web addresses, addresses of computers and handles."""
    if "://" in text or "/" in text or "www." in text.lower():
        for found in URL.finditer(text):
            yield Span(found.start(), found.start() + len(found[0].rstrip(END_OF_SENTENCE)), "url")
    if "@" in text:
        yield from (Span(*found.span(), "email") for found in EMAIL.finditer(text))
        yield from (Span(*found.span(), "handle") for found in HANDLE.finditer(text))
    if SPELLED_AT.search(text):
        yield from (Span(*found.span(), "email") for found in SPELLED.finditer(text))
    if text.count(".") > 2 or text.count(":") > 1:
        yield from (Span(*found.span(), "ip") for found in IP.finditer(text) if _is_address(found[0].rstrip(".")))


def _is_address(text: str) -> bool:
    """Return whether a text is the address of a computer."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
