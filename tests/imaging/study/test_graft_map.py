"""Graft maps are read as hostile files."""

from __future__ import annotations

import pytest

from imaging.errors import ManifestError
from imaging.study.graft_map import MAX_BYTES, read_graft_map, read_graft_maps


@pytest.fixture
def write(tmp_path):
    def write(text: str | bytes, name: str = "map.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_points_are_read_whatever_stands_beside_them(write) -> None:
    assert read_graft_map(write("graft;x_px; y_px\n1;10.5;20\n2;30;40\n")) == (
        (10.5, 20.0),
        (30.0, 40.0),
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x,y\n1,2\n", "needs the columns"),
        ("x_px,y_px\n", "no point"),
        ("x_px,y_px\n1,nan\n", "no place"),
        ("x_px,y_px\n1,two\n", "not a number"),
        ("x_px,y_px\n1\n", "not a number"),
        (b"x_px,y_px\n\xff,1\n", "UTF-8"),
        ("x_px,y_px\n1,\0\n", "zero bytes"),
        ("x_px,y_px\n" + "1,1\n" * (MAX_BYTES // 4), "more than"),
    ],
)
def test_a_file_that_is_no_map_is_refused_with_its_reason(write, text, told) -> None:
    with pytest.raises(ManifestError, match=told):
        read_graft_map(write(text))


@pytest.mark.parametrize("name", ["../map.csv", "/map.csv", "a/../../map.csv", "C:\\map.csv"])
def test_a_map_outside_the_manifests_folder_is_refused(tmp_path, name) -> None:
    with pytest.raises(ManifestError, match="outside"):
        read_graft_maps({"a.jpg": {"graft_map": name}}, folder=tmp_path)


def test_a_link_that_leads_out_is_refused(tmp_path, write) -> None:
    write("x_px,y_px\n1,2\n")
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "link.csv").symlink_to(tmp_path / "map.csv")
    with pytest.raises(ManifestError, match="leads out"):
        read_graft_maps({"a.jpg": {"graft_map": "link.csv"}}, folder=folder)


def test_maps_are_told_by_the_photo_that_names_them(tmp_path, write) -> None:
    write("x_px,y_px\n1,2\n")
    listed = {"a.jpg": {"graft_map": "map.csv"}, "b.jpg": {}}
    assert read_graft_maps(listed, folder=tmp_path) == {"a.jpg": ((1.0, 2.0),)}
