"""Hard checks of finished pages: nothing that runs, loads or leads outside, and every picture described."""

import posixpath
import re
from collections import Counter
from collections.abc import Mapping
from html.parser import HTMLParser

from cxresearch.report.failure import ReportError

POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:; base-uri 'none'; form-action 'none'"
)
FORBIDDEN = frozenset({"script", "iframe", "object", "embed", "form", "base", "frame", "applet", "link", "portal"})
ADDRESSES = frozenset({"src", "href", "srcset", "xlink:href", "action", "formaction", "poster", "data", "background"})
STYLE_URL = re.compile(r"url\(\s*+['\"]?+\s*+(?!data:|#)|@import", re.IGNORECASE)
# The bytes of a picture, or for srcset several, each with its width or density.
PICTURES = re.compile(
    r"data:image/[a-z+]+;base64,[A-Za-z0-9+/=]+(?: [0-9.]+[wx])?(?:,\s*data:image/[a-z+]+;base64,"
    r"[A-Za-z0-9+/=]+(?: [0-9.]+[wx])?)*"
)
# What nbconvert writes where a picture has no description.
FILLER = "no description has been provided"
MAX_BYTES = 10_000_000


class _Page(HTMLParser):
    """Collects what is wrong with a page, and its ids and links."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.problems: list[str] = []
        self.ids: Counter[str] = Counter()
        self.links: list[str] = []
        self._path: list[str] = []
        self.begins_with_policy: bool | None = None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Look at an element."""
        values = {name: value or "" for name, value in attributes}
        if self._path[-1:] == ["head"]:
            self._look_at_head(tag, values)
        if tag in FORBIDDEN:
            self.problems.append(f"holds a <{tag}>")
        if tag == "meta" and values.get("http-equiv", "").lower() not in ("", "content-security-policy"):
            self.problems.append(f"holds a <meta http-equiv={values['http-equiv']}>")
        if tag == "img" and (FILLER in values.get("alt", FILLER).lower() or not values["alt"].strip()):
            self.problems.append("holds a picture without a description")
        for name, value in values.items():
            self._look_at_attribute(tag, name, value)
        self._path.append(tag) if tag in ("head", "style") else None

    def handle_endtag(self, tag: str) -> None:
        """Leave an element."""
        if self._path[-1:] == [tag]:
            self._path.pop()

    def handle_data(self, data: str) -> None:
        """Look at a style sheet."""
        if self._path[-1:] == ["style"] and STYLE_URL.search(data):
            self.problems.append("has a style sheet that loads something")

    def _look_at_head(self, tag: str, values: dict[str, str]) -> None:
        """See that the policy comes first: what stands before it is not covered by it."""
        if self.begins_with_policy is None:
            wanted = {"http-equiv": "Content-Security-Policy", "content": POLICY}
            self.begins_with_policy = tag == "meta" and values == wanted

    def _look_at_attribute(self, tag: str, name: str, value: str) -> None:
        """See that an attribute neither runs nor loads anything."""
        if name.startswith("on"):
            self.problems.append(f"holds the attribute {name}")
        if name == "style" and STYLE_URL.search(value):
            self.problems.append("has a style that loads something")
        if name == "id":
            self.ids[value] += 1
        if name in ADDRESSES:
            self._look_at_address(tag, value.strip())

    def _look_at_address(self, tag: str, value: str) -> None:
        """See that an address stays in the report: a picture's own bytes, another page or a place of this one."""
        if tag in ("img", "image", "source") and PICTURES.fullmatch(value):
            return
        if tag in ("img", "source") or re.match(r"^(?:[a-z][a-z0-9+.-]*:|//)", re.sub(r"\s", "", value), re.IGNORECASE):
            self.problems.append(f"has a <{tag}> that points outside the report")
        else:
            self.links.append(value)


def check_pages(pages: Mapping[str, str]) -> None:
    """Refuse pages with anything that runs, loads or leads outside.

    Parameters
    ----------
    pages
        All pages of a report by their path in it.

    Raises
    ------
    ReportError
        If there is any such thing, naming the page.
    """
    if problems := problems_of(pages):
        raise ReportError(f"the page {problems[0]}; nothing was published.")


def problems_of(pages: Mapping[str, str]) -> list[str]:
    """Return what is wrong with pages, each beginning with the page's path; [] if nothing is.

    Parameters
    ----------
    pages
        All pages of a report by their path in it: links must lead to one of these.

    Examples
    --------
    >>> head = f'<!doctype html><html><head><meta http-equiv="Content-Security-Policy" content="{POLICY}"></head>'
    >>> problems_of({"a.html": head + '<a href="b/c.html#x">c</a>', "b/c.html": head + '<p id="x">'})
    []
    >>> for problem in problems_of({"a.html": head + '<img src="x.png" onerror="f()">'}):
    ...     print(problem)
    a.html holds a picture without a description
    a.html has a <img> that points outside the report
    a.html holds the attribute onerror
    """
    seen = {path: _Page(html) for path, html in pages.items()}
    found = []
    for path, page in seen.items():
        problems = page.problems + [f"uses the id {name!r} twice" for name, count in page.ids.items() if count > 1]
        problems += [f"links to {link!r}, which is not there" for link in page.links if _is_broken(link, path, seen)]
        if not page.begins_with_policy:
            problems.append("does not begin with the content security policy")
        if len(pages[path].encode()) > MAX_BYTES:
            problems.append(f"is larger than {MAX_BYTES // 1_000_000} MB")
        found += [f"{path} {problem}" for problem in dict.fromkeys(problems)]
    return found


def _is_broken(link: str, path: str, pages: Mapping[str, _Page]) -> bool:
    """Return whether a link of a page leads to no page, or to no place in it."""
    file, _, place = link.partition("#")
    target = pages.get(posixpath.normpath(posixpath.join(posixpath.dirname(path), file)) if file else path)
    return target is None or bool(place and place not in target.ids)
