import stat
from pathlib import Path

import pytest

from cxresearch.cache import Store, digest, file_digest, write_atomic


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_everything_kept_is_its_owners_alone(tmp_path):
    store = Store(tmp_path / ".cache")
    store.write_json("tables", "abc", {"n": 1})
    assert [mode(tmp_path / ".cache"), mode(tmp_path / ".cache/tables")] == [0o700, 0o700]
    assert mode(tmp_path / ".cache/tables/abc.json") == 0o600


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "kept.json"
    path.write_text("old")

    def fails(new: Path) -> None:
        new.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomic(path, fails)
    assert [one.name for one in tmp_path.iterdir()] == ["kept.json"]
    assert path.read_text() == "old"


def test_keys_follow_content(tmp_path):
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "b").write_bytes(b"1")
    assert file_digest(tmp_path / "a") == file_digest(tmp_path / "b")
    assert digest([1, "2"]) != digest(["1", 2])


@pytest.mark.parametrize(
    "spoilt", [b"", b"x", b"\n", b"{}", None], ids=["emptied", "other", "line", "unsealed", "flipped"]
)
def test_what_a_disk_has_spoilt_is_not_there(tmp_path, spoilt):
    store = Store(tmp_path)
    store.write_json("payloads", "abc", [{"estimate": 1.5}])
    path = tmp_path / "payloads" / "abc.json"
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"1.5", b"1.6") if spoilt is None else spoilt)
    assert store.read_json("payloads", "abc") is None
    path.write_bytes(whole[:-1])
    assert store.read_json("payloads", "abc") is None
    path.write_bytes(whole)
    assert store.read_json("payloads", "abc") == [{"estimate": 1.5}]
