"""What other programs export is read as references; what is broken or hostile is refused."""

from __future__ import annotations

import contextlib
import io
import json
import struct
import unicodedata
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from imaging.errors import ReferenceMismatchError, TableError
from imaging.records import Photo
from imaging.study.annotations import Shape, filled
from imaging.study.annotations_imagej import read_selections
from imaging.study.annotations_json import read_drawings
from imaging.study.references import read_references
from imaging.study.references_masks import read_mask

PHOTOS = ["a/x.jpg", "a/y.jpg"]


def written(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def roi(kind: int, points: list[tuple[float, float]], *, is_fine: bool = False) -> bytes:
    """An ImageJ selection as its encoder writes it."""
    head = bytearray(64)
    head[:4] = b"Iout"
    struct.pack_into(">hB", head, 4, 227, kind)
    if kind == 3:
        struct.pack_into(">4f", head, 18, *(v for point in points for v in point))
        return bytes(head)
    left, top = min(int(p[0]) for p in points), min(int(p[1]) for p in points)
    struct.pack_into(">4hH", head, 8, top, left, top + 9, left + 9, len(points))
    struct.pack_into(">h", head, 50, 128 if is_fine else 0)
    whole = [int(p[0]) - left for p in points] + [int(p[1]) - top for p in points]
    body = struct.pack(f">{len(whole)}h", *whole)
    if is_fine:
        exact = [p[0] for p in points] + [p[1] for p in points]
        body += struct.pack(f">{len(exact)}f", *exact)
    return bytes(head) + body


def archive(entries: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return stream.getvalue()


def coco(annotations: list[dict]) -> dict:
    return {
        "images": [{"id": 7, "file_name": "x.jpg", "width": 40, "height": 30}],
        "categories": [{"id": 1, "name": "hair"}, {"id": 2, "name": "debris"}],
        "annotations": [
            {"id": n, "image_id": 7, "category_id": 1} | a for n, a in enumerate(annotations)
        ],
    }


def test_coco_key_points_are_hairs_and_labels_are_left_out(tmp_path: Path) -> None:
    document = coco(
        [
            {"keypoints": [1, 2, 2, 5, 6, 2]},
            {"keypoints": [9, 9, 2, 8, 8, 1], "category_id": 2},
            {"keypoints": [0, 0, 0, 0, 0, 0]},
        ]
    )
    found = read_references(
        [written(tmp_path / "c.json", document)], PHOTOS, not_counted=["Debris"]
    )
    assert found.kind == "hairs"
    assert found.by_photo["a/x.jpg"].ends.tolist() == [[1, 2, 5, 6]]
    assert found.by_photo["a/x.jpg"].size_px == (40, 30)


def test_coco_outlines_and_run_lengths_are_masks(tmp_path: Path) -> None:
    truth = np.zeros((30, 40), bool)
    truth[5:9, 10:20] = True
    runs = [10 * 30 + 5, *([4, 26] * 9), 4, 20 * 30 + 21]
    square = [10.0, 5.0, 20.0, 5.0, 20.0, 9.0, 10.0, 9.0]
    for segmentation in ({"size": [30, 40], "counts": runs}, [square]):
        path = written(tmp_path / "c.json", coco([{"segmentation": segmentation}]))
        reference = read_references([path], PHOTOS).by_photo["a/x.jpg"]
        assert np.array_equal(reference.mask((30, 40)), truth)


def test_coco_packed_run_lengths_unpack_as_the_plain_ones(tmp_path: Path) -> None:
    # 6, 1, 40, 4, 13 of a mask of 8 by 8, packed by the rule of COCO's own tools.
    counts, text = [6, 1, 40, 4, 13], ""
    for n, count in enumerate(counts):
        value = count - (counts[n - 2] if n > 2 else 0)
        while True:
            bits = value & 0x1F
            value >>= 5
            more = value != -1 if bits & 0x10 else value != 0
            text += chr((bits | (0x20 if more else 0)) + 48)
            if not more:
                break
    document = coco([{"segmentation": {"size": [8, 8], "counts": text}}])
    (drawing,) = read_drawings(written(tmp_path / "c.json", document))
    assert np.flatnonzero(drawing.masks[0][1].T.ravel()).tolist() == [6, 47, 48, 49, 50]


def test_labelme_lines_are_hairs(tmp_path: Path) -> None:
    document = {
        "imagePath": "..\\photos\\y.jpg",
        "imageWidth": 40,
        "imageHeight": 30,
        "shapes": [
            {"label": "hair", "points": [[1, 2], [3, 3], [5, 6]], "shape_type": "linestrip"},
            {"label": "hair", "points": [[9, 9], [7, 8]], "shape_type": "line"},
        ],
    }
    found = read_references([written(tmp_path / "l.json", document)], PHOTOS)
    assert found.by_photo["a/y.jpg"].ends.tolist() == [[1, 2, 5, 6], [9, 9, 7, 8]]


@pytest.mark.parametrize("is_fine", [False, True])
def test_imagej_points_are_places_in_the_photo(tmp_path: Path, is_fine: bool) -> None:
    points = [(3.0, 4.0), (20.0, 11.0)]
    path = written(tmp_path / "x.roi", roi(10, points, is_fine=is_fine))
    found = read_references([path], PHOTOS).by_photo["a/x.jpg"]
    # A whole number names a pixel, whose middle lies half a pixel on.
    shift = 0.0 if is_fine else 0.5
    assert found.points.tolist() == [[x + shift, y + shift] for x, y in points]


def test_imagej_archives_are_read_without_unpacking(tmp_path: Path) -> None:
    lines = {"../../up.roi": roi(3, [(1, 2), (5, 6)]), "b.roi": roi(3, [(7, 7), (9, 9)])}
    path = written(tmp_path / "in" / "x.zip", archive(lines))
    found = read_references([path], PHOTOS).by_photo["a/x.jpg"]
    assert found.ends.tolist() == [[1, 2, 5, 6], [7, 7, 9, 9]]
    assert [p.name for p in tmp_path.rglob("*.roi")] == []


def test_napari_and_imagej_tables_are_points(tmp_path: Path) -> None:
    napari = written(tmp_path / "n" / "x.csv", "index,axis-0,axis-1\n0,4.0,3.0\n")
    found = read_references([napari.parent], PHOTOS)
    assert found.by_photo["a/x.jpg"].points.tolist() == [[3.5, 4.5]]
    results = written(tmp_path / "r.csv", " ,Label,X,Y\n1,y.jpg,3.5,4.5\n")
    assert read_references([results], PHOTOS).by_photo["a/y.jpg"].points.tolist() == [[3.5, 4.5]]


def test_napari_shapes_are_hairs(tmp_path: Path) -> None:
    text = "index,shape-type,vertex-index,axis-0,axis-1\n0,path,0,1,2\n0,path,1,3,4\n"
    found = read_references([written(tmp_path / "x.csv", text)], PHOTOS)
    assert found.by_photo["a/x.jpg"].ends.tolist() == [[2.5, 1.5, 4.5, 3.5]]


def test_a_hole_of_an_area_is_not_inside() -> None:
    ring = np.array([(0, 0), (10, 0), (10, 10), (0, 10)], float)
    mask = filled([Shape("", ring, (ring / 3 + 3,))], (12, 12))
    assert mask[1, 1]
    assert not mask[5, 5]


def test_one_photo_needs_one_reference(tmp_path: Path) -> None:
    rows = "photo,x_px,y_px\nx.jpg,1,1\n"
    paths = [written(tmp_path / name, rows) for name in ("p.csv", "q.csv")]
    with pytest.raises(TableError, match=r"Two references are of the photo 'a/x\.jpg'"):
        read_references(paths, PHOTOS)


def test_kinds_are_not_mixed(tmp_path: Path) -> None:
    points = written(tmp_path / "p.csv", "photo,x_px,y_px\nx.jpg,1,1\n")
    counts = written(tmp_path / "c.csv", "photo,hairs\ny.jpg,4\n")
    with pytest.raises(TableError, match="several kinds: count, points"):
        read_references([points, counts], PHOTOS)


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("x.json", "[" * 100_000, "not valid JSON"),
        ("x.json", "[1]", "no JSON object"),
        ("x.json", {"a": 1}, "neither COCO nor LabelMe nor GeoJSON"),
        ("x.json", coco([{"bbox": [1, 1, 2, 2]}]), "has a box and no outline"),
        ("x.json", coco([{"image_id": 9}]), "image 9, which is not there"),
        ("x.json", coco([{"keypoints": [1, 2, 2, float("inf"), 1, 2]}]), "lie in no photo"),
        ("x.json", coco([{"keypoints": [10**400, 2, 2]}]), "lie in no photo"),
        ("x.json", {"images": [{"id": [1]}], "annotations": []}, r"id is \[1\], neither"),
        ("x.json", coco([{"image_id": {}}]), "image_id is {}, neither"),
        ("x.json", coco([{"category_id": [], "keypoints": [1, 2, 2]}]), r"category_id is \[\]"),
        (
            "x.json",
            {"images": [], "annotations": [], "categories": [{"id": {}, "name": "hair"}]},
            "id is {}, neither",
        ),
        (
            "x.json",
            {
                "type": "FeatureCollection",
                "features": [{"geometry": {"type": "Point", "coordinates": [10**400, 2]}}],
            },
            "lie in no photo",
        ),
        (
            "x.json",
            coco([{"segmentation": {"size": [30000, 30000], "counts": [900_000_000]}}]),
            "cannot be read",
        ),
        ("x.json", coco([{"segmentation": {"size": [3, 3], "counts": [4]}}]), "do not fill"),
        ("x.roi", b"Iout", "no ImageJ selection"),
        ("x.roi", roi(10, [(1, 1), (2, 2)])[:-3], "ends before its last point"),
        ("x.zip", b"PK\x03\x04rubbish", "cannot be unpacked"),
        ("x.zip", archive({"readme.txt": b"x"}), "holds no .roi file"),
        ("x.csv", "photo,root_x_px,root_y_px,tip_x_px,tip_y_px\nx.jpg,1,,2,3\n", "root_y_px is ''"),
        ("x.csv", "photo,colour\nx.jpg,red\n", "no reference is among them"),
        (
            "x.csv",
            "index,vertex-index,axis-0,axis-1,shape-type\n0,0,1,1\n",
            "a shape '' cannot be read",
        ),
        ("x.csv", "photo,hairs\nx.jpg,many\n", "'many', not a number"),
        ("x.csv", "photo,hairs\ny.jpg,0\nx.jpg,-3\n", "line 3: hairs is -3; a count is 0 or more"),
        ("x.csv", "photo,hairs\nx.jpg,3\ny.jpg,4\nx.jpg,5\n", "lines 2 and 4 both give hairs of"),
        (
            "x.csv",
            "photo,reader,region,darkness\nx.jpg,ann,chin,1\nx.jpg,ben,chin,1\nx.jpg,ann,chin,2\n",
            "lines 2 and 4 both give darkness of 'x.jpg', chin by ann",
        ),
        ("x.doc", "?", "of no kind that can be read"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path: Path, name: str, content: object, part: str) -> None:
    with pytest.raises(TableError, match=part):
        read_references([written(tmp_path / name, content)], PHOTOS)


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_random_damage_to_an_archive_ends_in_selections_or_is_told(
    tmp_path: Path, method: int
) -> None:
    content = archive({"a.roi": roi(10, [(1, 1), (2, 2)]), "é.roi": bytes(500)}, method)
    rng = np.random.default_rng(13)
    for _ in range(150):
        damaged = bytearray(content)
        for at in rng.integers(30, len(content), 2):
            damaged[at] = int(rng.integers(256))
        with contextlib.suppress(TableError):
            read_selections(written(tmp_path / "x.zip", bytes(damaged)))


def test_a_mask_of_another_size_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    photo = Photo("x.jpg", np.zeros((30, 40, 3), np.uint8), "")
    good = np.zeros((30, 40), np.uint16)
    good[3, 4] = 1
    path = written(tmp_path / "x.png", cv2.imencode(".png", good)[1].tobytes())
    assert read_mask(path, photo).sum() == 1
    huge = bytearray(path.read_bytes())
    struct.pack_into(">II", huge, 16, 60_000, 60_000)
    with pytest.raises(ReferenceMismatchError, match="is 60000 by 60000 px, the photo"):
        read_mask(written(tmp_path / "h.png", bytes(huge)), photo)
    with pytest.raises(ReferenceMismatchError, match="no PNG"):
        read_mask(written(tmp_path / "n.png", b"GIF89a"), photo)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_name_with_accents_is_found_however_they_are_written(tmp_path: Path, form: str) -> None:
    png = cv2.imencode(".png", np.ones((3, 4), np.uint8))[1].tobytes()
    name = unicodedata.normalize(form, "M\u00f6ller_mask.png")
    for folder in ("masks", "ignored"):
        written(tmp_path / folder / name, png)
    photos = ["a/m\u00f6ller.jpg"]
    found = read_references([tmp_path / "masks"], photos, ignored=tmp_path / "ignored")
    assert found.by_photo[photos[0]].ignored_path is not None


def test_the_digest_tells_a_hole_from_none_and_from_an_area(tmp_path: Path) -> None:
    outer = [[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]]
    inner = [[3, 3], [6, 3], [6, 6], [3, 6], [3, 3]]
    digests = set()
    for polygons in ([[outer]], [[outer, inner]], [[outer], [inner]]):
        shapes = [
            {
                "type": "Feature",
                "properties": {},
                "geometry": {"type": "Polygon", "coordinates": rings},
            }
            for rings in polygons
        ]
        path = written(tmp_path / "x.json", {"type": "FeatureCollection", "features": shapes})
        digests.add(read_references([path], PHOTOS).by_photo["a/x.jpg"].digest)
    assert len(digests) == 3
