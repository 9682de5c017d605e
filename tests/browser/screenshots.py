"""Takes the pictures of README from the published demo report; the same pages give the same files."""

import base64
import io
import sys
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from selenium import webdriver

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "reports" / "demo-2026q3" / "latest" / "team"
IMAGES = ROOT / "docs" / "images"
OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars",
           "--force-color-profile=srgb", "--host-resolver-rules=MAP * ~NOTFOUND")  # fmt: skip
COLOURS = 128
# A phone is as narrow as this or narrower.
PHONE = 500
# As wide as a page without its list of contents.
INNER = (960, 800)


@dataclass(frozen=True)
class Shot:
    """One picture: of which page, from which place on, how large, and in which colours."""

    name: str
    page: str
    start: str = ""
    size: tuple[int, int] = (1280, 800)
    scheme: str = "light"


SHOTS = (
    Shot("summary", "index.html"),
    Shot("scorecard", "02-scorecard.html", "section-who-feels-differently", INNER),
    Shot("tab-book", "06-segments.html", "section-how-did-each-group-answer-each-question", INNER),
    Shot("initiatives", "10-closed-loop.html", "initiative-effects", INNER, "dark"),
    Shot("phone", "02-scorecard.html", "segments", (390, 844)),
)


def take(driver: webdriver.Chrome, shot: Shot, pages: Path) -> bytes:
    """Return a picture as a small PNG."""
    width, height = shot.size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < PHONE}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": shot.scheme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    driver.get((pages / shot.page).resolve().as_uri())
    top = "return document.getElementById(arguments[0]).getBoundingClientRect().top + window.scrollY - 24"
    clip = {"x": 0, "y": driver.execute_script(top, shot.start) if shot.start else 0, "width": width, "height": height}
    asked = {"clip": {**clip, "scale": 1}, "captureBeyondViewport": True}
    taken = driver.execute_cdp_cmd("Page.captureScreenshot", asked)
    stream = io.BytesIO()
    picture = Image.open(io.BytesIO(base64.b64decode(taken["data"]))).convert("RGB")
    picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT).save(stream, format="PNG", optimize=True)
    return stream.getvalue()


def main(pages: Path) -> None:
    """Write all pictures."""
    if not (pages / "index.html").is_file():
        sys.exit(f"{pages} holds no report; call `make report` first.")
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for option in OPTIONS:
        options.add_argument(option)
    IMAGES.mkdir(parents=True, exist_ok=True)
    driver = webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))
    try:
        for shot in SHOTS:
            data = take(driver, shot, pages)
            (IMAGES / f"{shot.name}.png").write_bytes(data)
            print(f"docs/images/{shot.name}.png  {len(data) / 1000:.0f} kB")
    finally:
        driver.quit()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PAGES)
