"""One spelling for a text: no invisible characters, one form of each letter and digit; lines and emoji stay."""

import re
import unicodedata

# Joiners and variation selectors hold emoji together; elsewhere they only hide what is written.
EMOJI = "\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff\U000e0020-\U000e007f"
JOINERS = re.compile(rf"(?<![{EMOJI}\ufe0f])[\u200d\ufe0e\ufe0f]")
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e001f\U000e0080-\U000e01ef]"
)
LINES = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f]")
LONE = re.compile("[\ud800-\udfff]")
BLANKS, LINE_ENDS = re.compile(r"[^\S\n]+"), re.compile(r" ?\n[ \n]*")
OTHER_DIGITS = re.compile(r"(?![0-9])\d")
# Characters that stand for a plain one in addresses and numbers, and that NFKC leaves alone.
PLAIN = str.maketrans("\u2010\u2011\u2012\u2013\u2212\u2018\u2019\u02bc", "-----'''")


def one_spelling(text: str) -> str:
    r"""Return a text in one spelling.

    Compatibility forms are folded (NFKC), digits, dashes and apostrophes are plain, invisible and control characters
    are gone, half characters become U+FFFD, blanks are single; line ends and emoji stay.

    Examples
    --------
    >>> one_spelling("jane\u200b.doe\uff20example.org\r\n\r\n\uff11\uff10\u00a0points")
    'jane.doe@example.org\n10 points'
    """
    text = LINES.sub("\n", text)
    if not text.isascii():
        text = INVISIBLE.sub("", JOINERS.sub("", LONE.sub("\ufffd", text)))
        text = unicodedata.normalize("NFKC", text).translate(PLAIN)
        text = OTHER_DIGITS.sub(lambda found: str(unicodedata.digit(found[0])), text)
    return LINE_ENDS.sub("\n", BLANKS.sub(" ", CONTROL.sub("", text))).strip()
