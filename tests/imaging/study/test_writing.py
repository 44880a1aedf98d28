"""Files written whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from imaging.errors import NameTooLongError, OutputError, UsageError
from imaging.study.pictures import picture_path, remove_outdated
from imaging.study.writing import make_folder, whole_file, write_bytes


def test_a_file_takes_its_name_only_when_all_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.csv"
    write_bytes(path, b"old")
    with pytest.raises(ZeroDivisionError), whole_file(path) as file:
        file.write(b"half of the new")
        raise ZeroDivisionError
    assert path.read_bytes() == b"old"
    assert [p.name for p in path.parent.iterdir()] == ["b.csv"]


def test_a_folder_that_cannot_be_one_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OutputError, match="a file, not a folder"):
            make_folder(path)
    make_folder(tmp_path / "new" / "deep")
    assert list((tmp_path / "new" / "deep").iterdir()) == []


def test_the_trial_write_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("precious")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".dermetry-probe").symlink_to(tmp_path / "precious.txt")
    make_folder(tmp_path / "out")
    assert (tmp_path / "precious.txt").read_text() == "precious"


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EROFS, "the file system is read-only"),
        (errno.EACCES, "permission was denied"),
    ],
)
def test_why_a_file_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, sentence: str
) -> None:
    def refuse(*paths: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OutputError, match=sentence):
        write_bytes(tmp_path / "x.csv", b"x")
    assert list(tmp_path.iterdir()) == []


def test_a_name_too_long_spoils_a_photo_not_the_run(tmp_path: Path) -> None:
    with pytest.raises(NameTooLongError, match="too long"):
        write_bytes(tmp_path / ("x" * 300), b"")


@pytest.mark.parametrize(
    "photo_id", ["", "/etc/passwd", "../up.jpg", "a/../../up.jpg", "C:/x.jpg", "a\\..\\b", "a\0b"]
)
def test_no_picture_leaves_the_output_folder(photo_id: str) -> None:
    with pytest.raises(UsageError, match="lead out"):
        picture_path("overlays", photo_id, ".jpg")


def test_a_picture_is_named_by_the_whole_id() -> None:
    assert picture_path("overlays", "a/1.jpg", ".jpg") == "overlays/a/1.jpg.jpg"
    assert picture_path("masks", "..a/1.png", "_hairs.png") == "masks/..a/1.png_hairs.png"


def test_pictures_that_were_not_drawn_again_are_removed(tmp_path: Path) -> None:
    pictures = ("overlays/a.jpg", "masks/a_hairs.png", "comparisons/a b.jpg")
    for path in pictures:
        write_bytes(tmp_path / path, b"")
    remove_outdated(tmp_path, (*pictures, "masks/gone.png"), pictures[:1])
    assert [path.name for path in tmp_path.rglob("*.*")] == ["a.jpg"]


@pytest.mark.parametrize(
    "path",
    [
        "../precious.txt",
        "overlays/../../precious.txt",
        "overlays/link/precious.txt",
        "{}/precious.txt",
        "results.csv",
        "overlays",
        "",
        "overlays/a\0b",
    ],
)
def test_nothing_but_pictures_is_ever_removed(tmp_path: Path, path: str) -> None:
    kept = [
        tmp_path / "precious.txt",
        tmp_path / "out/results.csv",
        tmp_path / "out/overlays/a.jpg",
    ]
    for file in kept:
        write_bytes(file, b"")
    (tmp_path / "out/overlays/link").symlink_to(tmp_path)
    remove_outdated(tmp_path / "out", (path.format(tmp_path),), ())
    assert all(file.is_file() for file in kept)
