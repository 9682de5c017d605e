"""Bytes to text: which encoding a file is in, what is mended on the way, and what cannot be decided and is refused."""

import re
from codecs import BOM_UTF8, lookup
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np
import pyarrow as pa

from cxresearch.intake.notes import Kind
from cxresearch.intake.records import Places
from cxresearch.strict_yaml import StudyError

# SUBSTITUTE of ASCII stands for bytes that are no text, until their rows are set aside.
NO_TEXT = "\x1a"
MARKS = {b"\xff\xfe\x00\x00": "utf-32", b"\x00\x00\xfe\xff": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
C1_BYTES = re.compile(b"\xc2([\x80-\x9f])")
C1 = re.compile("[\x80-\x9f]")
ONE_BYTE = ("cp1252", "mac_roman")
CONTROL = bytes({*range(32), 127} - {*b"\t\n\r\x1a"})
# Text in a one-byte encoding or UTF-8 holds hardly any NUL; UTF-16 of western text holds one in two, on one side.
SAMPLE, MOST_NUL, ONE_SIDED, MOST_CONTROL = 4096, 0.2, 0.2, 0.3
# As many characters beyond ASCII tell an encoding; reading more of a large file adds nothing.
TELLING = 100_000
# The right encoding puts nearly all characters where their kind stands in words; a wrong one does so by chance.
CONVINCING, CLEARLY = 0.7, 0.2
# Where more lines than this are no UTF-8 and nothing else fits either, single damaged bytes are not the reason.
MOST_DAMAGED = 0.2
SMALL, CAPITAL = "àáâãäåæçèéêëìíîïñòóôõöøùúûüýßœ", "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝŒ"
# An apostrophe of Windows-1252 is í in Mac Roman: not in don't, I'm, we're, it's, d'accord. So are “ and ” ì and î.
MARK = r"(?<!\w)ì|î(?!\w)|(?<=n)ít\b|(?<=I)ím\b|í(?:re|ve|ll)\b|(?<=[te])ís\b|(?<=\b[cdjlmnst])í(?=[aeiouh]\w\w)"
# Where the characters of western languages stand. Every part takes one character, so that they can be counted.
IN_PLACE = re.compile(
    "|".join(
        (
            rf"(?!{MARK})(?<=[A-Za-z])[{SMALL}](?![A-Z0-9])",
            rf"(?!{MARK})(?<![A-Z0-9])[{SMALL}](?=[a-z])",
            r"(?<!\w)[àéèóòíëê](?!\w)",
            rf"(?<![a-z0-9{SMALL}])[{CAPITAL}](?=[a-z]|[A-Z](?:[A-Z{CAPITAL}]|\b))",
            rf"(?<=[A-Z])[{CAPITAL}](?![a-z0-9])",
            r"(?<!\w)À(?=[ ])",
            r"(?<=[a-z])’(?=(?:t|s|re|ve|ll|d)\b)|(?<=I)’(?=[mdvl])|(?<=\b[cdjlmnstCDJLMNST])’(?=\w\w)|(?<=\w)’(?!\w)",
            r"(?<!\w)[‘“„«](?=[\w ¿¡’\u00a0])|(?<=\S)[’”»“](?!\w)|(?<=[ ])»",
            r"(?<=[ \d])[–—](?=[ \d])|(?<=[a-z])—(?=[a-z])|(?<=[\w ?!.])…(?!\w)|(?<!\w)…(?=\w)",
            r"(?<!\w)[€£¥¢](?=[ \d])|(?<=[\d ])[€£¥¢](?!\w)|(?<=\w)€",
            r"(?<=[\d ])[°º](?!\d)|(?<=\d)ª|(?<!\w)µ|(?<=\w)[²³®™](?!\w)|(?<!\w)[©§•·](?=[ \d])",
            r"(?<!\w)[¿¡](?=\w)|(?<![A-Za-z])[½¼¾±×](?![A-Za-z])|[\u00a0\u00ad]",
        )
    )
)


@dataclass(frozen=True)
class Text:
    """The text of a file.

    Attributes
    ----------
    data
        Valid UTF-8 without mark and C1 control characters; NO_TEXT where bytes were no text.
    encoding
        What the file was in.
    mended
        Places in `data` of what was not read as it stands: what was done, kind of note, places.
    """

    data: bytes
    encoding: str
    mended: list[tuple[str, Kind, Places]] = field(default_factory=list)


def decoded(data: bytes, encoding: str | None, file: str) -> Text:
    """Return the text of a file.

    Parameters
    ----------
    data
        Its bytes.
    encoding
        As declared. Where it is None, found from the bytes: by a mark, as valid UTF-8, else by where Windows-1252 and
        Mac Roman would put characters beyond ASCII in words.
    file
        Its name, for messages.

    Raises
    ------
    StudyError
        If it is not in the declared encoding, or its encoding cannot be told.

    Examples
    --------
    >>> text = decoded("très déçu".encode("mac_roman"), None, "answers.csv")
    >>> text.encoding, text.data.decode()
    ('mac_roman', 'très déçu')
    """
    encoding = encoding or next((name for mark, name in MARKS.items() if data.startswith(mark)), None)
    if encoding and lookup(encoding).name not in ("utf-8", "utf-8-sig"):
        return _declared(data, encoding, file)
    data = data.removeprefix(BOM_UTF8).replace(NO_TEXT.encode(), b"\0")
    _refuse_binary(data[:SAMPLE], file)
    if is_utf8(data):
        return _without_c1(data, "utf-8")
    return _by_line(data, file, () if encoding else ONE_BYTE)


def is_utf8(data: bytes) -> bool:
    """Return whether bytes are valid UTF-8, without a copy of them."""
    ends = pa.py_buffer(np.array([0, len(data)], np.int64))
    try:
        pa.Array.from_buffers(pa.large_string(), 1, [None, ends, pa.py_buffer(data)]).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def fit(text: str) -> float:
    """Return the share of a text's characters beyond ASCII that stand where their kind does in western languages.

    Examples
    --------
    >>> fit("Très déçu"), fit("TrËs dÈcidÈ")
    (1.0, 0.0)
    """
    beyond = sum(1 for letter in text if letter > "\x7f")
    return len(IN_PLACE.findall(text)) / beyond if beyond else 1.0


def _declared(data: bytes, encoding: str, file: str) -> Text:
    """Return a text in another encoding than UTF-8, as declared or marked."""
    unicode = lookup(encoding).name.startswith("utf-")
    if not unicode and not data.isascii() and is_utf8(data):
        raise StudyError(f"{file}: is UTF-8 and not {encoding}; take `encoding:` out of the study file.")
    try:
        text = data.decode(encoding, "surrogatepass" if unicode else "strict")
    except UnicodeError:
        raise StudyError(f"{file}: cannot be read as {encoding}; correct `encoding:` in the study file.") from None
    if not unicode and C1.search(text):
        raise StudyError(
            f"{file}: read as {encoding} it holds control characters where quotation marks or letters belong; correct"
            " `encoding:` in the study file, perhaps to cp1252."
        )
    text = text.removeprefix("\ufeff").replace(NO_TEXT, "\0")
    try:
        return _without_c1(text.encode(), encoding)
    except UnicodeEncodeError:
        text = re.sub("[\ud800-\udfff]+", NO_TEXT, text)
        return _without_c1(text.encode(), f"{encoding}, with invalid bytes")


def _refuse_binary(sample: bytes, file: str) -> None:
    """Raise if a file is UTF-16 without its mark, or no text at all."""
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if even + odd > MOST_NUL * len(sample) and min(even, odd) < ONE_SIDED * max(even, odd):
        raise StudyError(
            f"{file}: looks like UTF-16 without its mark; write `encoding: utf-16-{'le' if odd > even else 'be'}` in"
            " the study file."
        )
    if len(sample) - len(sample.translate(None, CONTROL)) > MOST_CONTROL * len(sample):
        raise StudyError(f"{file}: is no text by content; export the table as CSV.")


def _without_c1(data: bytes, encoding: str) -> Text:
    """Return UTF-8 with C1 control characters as what their bytes are in Windows-1252, as web browsers read them."""
    found = [] if data.isascii() else list(C1_BYTES.finditer(data))
    if not found:
        return Text(data, encoding)
    right = [match[1].decode("cp1252", "ignore").encode() for match in found]
    grown = accumulate((len(new) - 2 for new in right[:-1]), initial=0)
    places = np.array([match.start() + more for match, more in zip(found, grown, strict=True)])
    pieces = iter(right)
    what = "C1 control characters, left by a wrong encoding, read as Windows-1252"
    return Text(C1_BYTES.sub(lambda _: next(pieces), data), encoding, [(what, "flag", places)])


def _by_line(data: bytes, file: str, candidates: tuple[str, ...]) -> Text:
    """Return the text of a file that is not UTF-8 throughout: older as a whole, mixed, or damaged in single bytes."""
    lines = data.splitlines(keepends=True)
    beyond = [place for place, line in enumerate(lines) if not line.isascii()]
    damaged = [place for place in beyond if not _decodes(lines[place], "utf-8")]
    other = _one_byte(b"".join(lines[place] for place in damaged)[:TELLING], file, candidates)
    if other is None and candidates and (damaged[0] == 0 or len(damaged) > max(1, MOST_DAMAGED * len(lines))):
        raise StudyError(
            f"{file}: is not UTF-8, and neither Windows-1252 nor Mac Roman makes words of it; name its `encoding:` in"
            " the study file."
        )
    odd = set(damaged)
    if other:
        odd |= {place for place in beyond if place not in odd and _reads_better(lines[place], other)}
    older = odd == set(beyond)
    if older and other and _decodes(data, other):
        return Text(data.decode(other).encode(), other)
    texts = {place: _line(lines[place], other, sure=older) for place in odd}
    for place, (text, _) in texts.items():
        lines[place] = text
    text = b"".join(lines)
    mended = sorted(place for place, (_, as_other) in texts.items() if as_other)
    encoding = (other if older and mended else None) or "utf-8"
    encoding += ", with invalid bytes" if len(mended) < len(texts) else ""
    if older or not mended:
        return _without_c1(text, encoding)
    begins = np.array([0, *accumulate(map(len, lines))])[mended]
    found = _without_c1(text, encoding)
    what = f"a line in {other} within a file in utf-8, read as such"
    return Text(found.data, encoding, [(what, "flag", begins), *found.mended])


def _decodes(data: bytes, encoding: str) -> bool:
    """Return whether bytes are valid in an encoding."""
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _one_byte(sample: bytes, file: str, candidates: tuple[str, ...]) -> str | None:
    """Return the encoding that makes words of some lines, None where none does."""
    readings = {name: sample.decode(name, "replace") for name in candidates}
    fits = {name: fit(reading) for name, reading in readings.items()}
    convincing = sorted((name for name in fits if fits[name] >= CONVINCING), key=lambda name: -fits[name])
    if len(convincing) > 1 and fits[convincing[0]] - fits[convincing[1]] < CLEARLY:
        if len({readings[name] for name in convincing}) > 1:
            raise StudyError(
                f"{file}: is not UTF-8, and may be Windows-1252 or Mac Roman; write `encoding: cp1252` or"
                " `encoding: mac_roman` in the study file."
            )
        return candidates[0]
    return convincing[0] if convincing else None


def _reads_better(line: bytes, other: str) -> bool:
    """Return whether a line that happens to be valid UTF-8 makes words in another encoding only."""
    return fit(line.decode()) == 0 and fit(line.decode(other, "replace")) >= CONVINCING


def _line(line: bytes, other: str | None, *, sure: bool) -> tuple[bytes, bool]:
    """Return a line as UTF-8, and whether it was read in another encoding; what is no text becomes NO_TEXT."""
    if other:
        try:
            text = line.decode(other)
            if sure or fit(text) >= CONVINCING:
                return text.encode(), True
        except UnicodeDecodeError:
            pass
    text = line.decode(errors="surrogateescape")
    return re.sub("[\udc80-\udcff]+", NO_TEXT, text).encode(), False
