"""README's pictures are there, small, as large as the script says, described, and nothing else lies beside them."""

import re

from browser.screenshots import IMAGES, SHOTS
from conftest import ROOT
from PIL import Image

README = (ROOT / "README.md").read_text(encoding="utf-8")
SHOWN = re.compile(r"!\[([^\]]+)\]\(docs/images/([a-z-]+)\.png\)")
MOST_BYTES = 300_000


def test_readme_shows_every_picture_of_the_script_and_no_other():
    assert [name for _, name in SHOWN.findall(README)] == [shot.name for shot in SHOTS]
    assert {path.name for path in IMAGES.iterdir()} == {f"{shot.name}.png" for shot in SHOTS}
    assert all(len(alt) > 20 for alt, _ in SHOWN.findall(README))


def test_pictures_are_small_and_whole():
    for shot in SHOTS:
        path = IMAGES / f"{shot.name}.png"
        assert path.stat().st_size < MOST_BYTES, shot.name
        with Image.open(path) as image:
            image.load()
            assert image.size == shot.size, shot.name
            assert len(image.getcolors(256) or []) > 20, shot.name
