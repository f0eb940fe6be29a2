"""Paths of a hostile manifest: each kind is refused, and the message names the path."""

from __future__ import annotations

import pytest

from oracle.domain.document import DocumentError
from oracle.pact.paths import PathError, check_distinct, check_path, check_path_or_folder, covers
from tests.unit.pact.builders import delivery


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "is empty"),
        ("/etc/passwd", "is absolute"),
        ("../secret", "points elsewhere"),
        ("a/../../b", "points elsewhere"),
        ("a/./b", "points elsewhere"),
        ("a//b", "empty part"),
        ("a/", "empty part"),
        ("a\\..\\b", "treat specially"),
        ("C:evil", "treat specially"),
        ("a*", "treat specially"),
        ("a\x00b", "U\\+0000"),
        ("a\nb", "U\\+000A"),
        ("a\x1b[2Kb", "U\\+001B"),
        ("a\u200bb", "U\\+200B"),
        ("a\u202egpj.exe", "U\\+202E"),
        ("a\ufeffb", "U\\+FEFF"),
        ("a\u00a0b", "U\\+00A0"),
        ("a\u3164b", "U\\+3164"),
        ("a\ue000b", "U\\+E000"),
        ("a\ud800b", "U\\+D800"),
        ("e\u0301.txt", "NFC"),
        ("x" * 121, "a part longer than 120"),
        ("/".join(["x"] * 13), "more than 12 parts"),
        ("ü" * 121, "longer than 240 bytes"),
        (" a", "begins or ends with a space"),
        ("a. /b", "begins or ends with a space"),
        ("a./b", "ends with a dot"),
    ],
)
def test_check_path__unsafe__is_refused_and_named(path: str, reason: str) -> None:
    with pytest.raises(PathError, match=reason) as caught:
        check_path(path)
    assert str(caught.value).isprintable()
    assert ascii(path[:20])[1:-1] in str(caught.value)


@pytest.mark.parametrize("path", ["a", "a/b.txt", "Größe/日本.md", ".hidden", "a b/c-d_e.tar.gz", "x" * 120])
def test_check_path__plain__is_kept(path: str) -> None:
    assert check_path(path) == path


def test_check_path_or_folder__one_trailing_slash__is_a_folder() -> None:
    assert check_path_or_folder("a/b/") == "a/b/"
    with pytest.raises(PathError):
        check_path_or_folder("a//")
    with pytest.raises(PathError):
        check_path_or_folder("/")


@pytest.mark.parametrize(
    ("paths", "reason"),
    [
        (["a", "a"], "given twice"),
        (["README.md", "readme.MD"], "given twice"),
        (["straße", "STRASSE"], "given twice"),
        (["ﬁle", "file"], "given twice"),
        (["ａ①", "a1"], "given twice"),
        (["a", "a/b"], "which is a file"),
        (["x/A/b", "X/a"], "which is a file"),
    ],
)
def test_check_distinct__one_file_on_some_system__is_refused(paths: list[str], reason: str) -> None:
    with pytest.raises(PathError, match=reason):
        check_distinct(paths)
    with pytest.raises(DocumentError, match=reason):
        delivery(*paths)


def test_delivery__hostile_path__names_field_and_path() -> None:
    with pytest.raises(DocumentError, match=r"'\.\./\.\./etc/passwd'") as caught:
        delivery("ok.txt", "../../etc/passwd")
    assert caught.value.field == "files.1.path"


def test_covers__folder_and_file() -> None:
    assert covers("src/", "src/a.py")
    assert not covers("src/", "src2/a.py")
    assert not covers("src", "src/a.py")
