"""Train the reader of burnt-in text (``imaging/photo/bar_text.npz``) on text rendered here.

    python scripts/train_bar_text.py --fonts FOLDER [--fonts FOLDER ...] --minutes 20

Everything it learns from is made by this script: strings, drawn in freely licensed fonts over
noise, hair-like strokes and boxes.  Fonts are looked for by file name in the given folders and in
matplotlib's own; those that are not found are named and left out.  The Debian packages fonts-NAME
hold them, NAME one of: dejavu-extra, roboto-unhinted, open-sans, lato, inter, cantarell,
liberation2, noto-core, noto-mono, jetbrains-mono, firacode, inconsolata, courier-prime,
anonymous-pro, crosextra-caladea, sil-charis, ebgaramond, and for Chinese droid-fallback,
wqy-microhei, arphic-uming and noto-cjk.

STIX, Computer Modern, DejaVu Sans Mono, Pillow's Aileron and OpenCV's Hershey faces complex and
triplex are kept out: the tests read those.
"""

from __future__ import annotations

import argparse
import time
from functools import lru_cache
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import nn

from imaging.photo.bar_text import ALPHABET, CAP_SHARE, STRIP_HEIGHT_PX

#: Files (without their ending, spaces as underscores) by family; the last line are the faces that
#: devices use most, and the fixed-width ones that are hardest to read, once more.
FAMILIES = {
    "DejaVuSans": ("", "-Bold", "-Oblique"),
    "DejaVuSansCondensed": ("", "-Bold"),
    "DejaVuSerif": ("", "-Bold"),
    "Roboto": ("-Regular", "-Bold", "-Medium", "-Light"),
    "RobotoCondensed": ("-Regular",),
    "OpenSans": ("-Regular", "-Bold", "-Light", "-Semibold"),
    "Lato": ("-Regular", "-Bold", "-Light", "-Italic"),
    "Inter": ("-Regular", "-Bold", "-Medium"),
    "Cantarell": ("-Regular", "-Bold"),
    "Liberation": ("Sans-Regular", "Sans-Bold", "Sans-Italic", "Serif-Regular", "Serif-Bold"),
    "LiberationMono": ("-Regular", "-Bold"),
    "Noto": ("Sans-Regular", "Sans-Bold", "Serif-Regular", "Mono-Regular"),
    "JetBrainsMono": ("-Regular", "-Bold"),
    "FiraCode": ("-Regular", "-Bold"),
    "Courier_Prime": ("", "_Bold"),
    "": ("Inconsolata", "Anonymous_Pro", "EBGaramond12-Regular"),
    "Caladea": ("-Regular", "-Bold"),
    "CharisSIL": ("-Regular", "-Bold"),
}
AGAIN = ("LiberationSans-Regular", "LiberationMono-Bold", "JetBrainsMono-Bold", "Courier_Prime")
FONTS = [f"{family}{face}" for family, faces in FAMILIES.items() for face in faces] + list(AGAIN)
CJK_FONTS = (
    ("DroidSansFallbackFull", 0),
    ("wqy-microhei", 0),
    ("uming", 0),
    ("uming", 0),
    ("NotoSansCJK-Regular", 2),
    ("NotoSerifCJK-Regular", 2),
)
HERSHEY = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_PLAIN, cv2.FONT_HERSHEY_DUPLEX)
WIDTH_PX = 168
CJK = ALPHABET[ALPHABET.index("未") :]
CHINESE = ["未使用校正", "未校正", "未校准", "未標定", "未标定", "未校準", "未经校准"]
CHINESE += ["未經校正", "已校正", "已校准", "使用校正"]
ENGLISH = ["uncalibrated", "not calibrated", "no calibration", "calibrated", "calibration"]
ENGLISH += ["uncal."]


def main() -> None:
    """Train for the given time and write the weights."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--fonts", action="append", type=Path, default=[])
    arguments.add_argument("--minutes", type=float, default=20.0)
    arguments.add_argument("--seed", type=int, default=20)
    arguments.add_argument("--threads", type=int, default=1)
    arguments.add_argument("--batch", type=int, default=48)
    arguments.add_argument("--rate", type=float, default=3e-3)
    arguments.add_argument("--start", type=Path, help="weights to go on from")
    arguments.add_argument("--out", type=Path, default=Path("imaging/photo/bar_text.npz"))
    given = arguments.parse_args()
    torch.set_num_threads(given.threads)
    cv2.setNumThreads(1)
    torch.manual_seed(given.seed)
    rng = np.random.default_rng(given.seed)
    folders = [*given.fonts, Path(matplotlib.get_data_path()) / "fonts" / "ttf"]
    maker = StripMaker(folders, rng)
    network = Network()
    if given.start is not None:
        load(network, given.start)
    optimiser = torch.optim.AdamW(network.parameters(), lr=given.rate, weight_decay=1e-4)
    loss_of = nn.CTCLoss(blank=0, zero_infinity=True)
    start, step, running = time.monotonic(), 0, 0.0
    while (share := (time.monotonic() - start) / (60 * given.minutes)) < 1:
        for group in optimiser.param_groups:
            # Linear warm-up, then a cosine down to nothing.
            warm = min(1.0, (step + 1) / 200)
            group["lr"] = given.rate * warm * (0.5 + 0.5 * np.cos(np.pi * share)) + 1e-5
        strips, targets, lengths = maker.batch(given.batch)
        logits = network(strips)
        columns = torch.full((given.batch,), logits.shape[0], dtype=torch.long)
        loss = loss_of(logits.log_softmax(2), targets, columns, lengths)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step()
        running = 0.98 * running + 0.02 * float(loss.detach()) if step else float(loss.detach())
        step += 1
        if step % 200 == 0:
            print(f"{share:6.1%}  step {step}  loss {running:.4f}", flush=True)
            save(network, given.out)
    save(network, given.out)


class Network(nn.Module):
    """The network of `imaging.photo.bar_text.probabilities`, with batch norm for training."""

    channels = (1, 16, 32, 48, 64)

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, 3, padding=1, bias=False)
            for a, b in zip(self.channels[:-1], self.channels[1:], strict=True)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(count) for count in self.channels[1:])
        self.line = nn.Conv1d(64 * STRIP_HEIGHT_PX // 8, 96, 5, padding=2)
        self.out = nn.Linear(96, 1 + len(ALPHABET))

    def forward(self, strips: torch.Tensor) -> torch.Tensor:
        maps = strips
        pools = ((2, 2), (2, 1), (2, 1), None)
        for convolution, norm, pool in zip(self.convolutions, self.norms, pools, strict=True):
            maps = torch.relu(norm(convolution(maps)))
            if pool:
                maps = nn.functional.max_pool2d(maps, pool)
        rows = maps.permute(0, 2, 1, 3).flatten(1, 2)
        return self.out(torch.relu(self.line(rows)).permute(2, 0, 1))


def load(network: Network, path: Path) -> None:
    """Set the weights to stored ones; batch norm is folded into them and starts anew."""
    stored = {
        name: torch.from_numpy(value.astype(np.float32)) for name, value in np.load(path).items()
    }
    with torch.no_grad():
        for index, (layer, norm) in enumerate(
            zip(network.convolutions, network.norms, strict=True)
        ):
            out, inner = layer.weight.shape[:2]
            layer.weight.copy_(stored[f"w{index}"].reshape(3, 3, inner, out).permute(3, 2, 0, 1))
            norm.bias.copy_(stored[f"b{index}"])
        line = network.line.weight
        line.copy_(stored["w4"].reshape(5, line.shape[1], 96).permute(2, 1, 0))
        network.line.bias.copy_(stored["b4"])
        network.out.weight.copy_(stored["wo"].T)
        network.out.bias.copy_(stored["bo"])


def save(network: Network, path: Path) -> None:
    """Write the weights as half floats, batch norm folded in, in the reader's layout."""
    stored = {}
    for index, (layer, norm) in enumerate(zip(network.convolutions, network.norms, strict=True)):
        gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        kernel = (layer.weight * gain[:, None, None, None]).permute(2, 3, 1, 0)
        stored[f"w{index}"] = kernel.reshape(-1, kernel.shape[-1])
        stored[f"b{index}"] = norm.bias - norm.running_mean * gain
    stored["w4"] = network.line.weight.permute(2, 1, 0).reshape(-1, 96)
    stored["b4"] = network.line.bias
    stored["wo"], stored["bo"] = network.out.weight.T, network.out.bias
    arrays = {name: value.detach().numpy().astype(np.float16) for name, value in stored.items()}
    np.savez_compressed(path, **arrays)


class StripMaker:
    """Draws strips of text with their truth."""

    def __init__(self, folders: list[Path], rng: np.random.Generator) -> None:
        self.rng = rng
        found = {
            path.stem.replace(" ", "_"): path
            for folder in folders
            for path in sorted(folder.rglob("*.[to]t*"))
        }
        self.latin = [(found[name], 0) for name in FONTS if name in found]
        self.cjk = [(found[name], index) for name, index in CJK_FONTS if name in found]
        missing = sorted({*FONTS, *(name for name, _ in CJK_FONTS)} - set(found))
        print(f"{len(self.latin)} Latin fonts, {len(self.cjk)} CJK fonts; not found: {missing}")

    def batch(self, count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        strips = np.empty((count, 1, STRIP_HEIGHT_PX, WIDTH_PX), np.float32)
        targets: list[int] = []
        lengths = []
        for index in range(count):
            strip, text = self.strip()
            strips[index, 0] = (strip - strip.mean()) / (strip.std() + 1e-3)
            targets.extend(1 + ALPHABET.index(character) for character in text)
            lengths.append(len(text))
        return torch.from_numpy(strips), torch.tensor(targets), torch.tensor(lengths)

    def text(self) -> tuple[str, str]:
        """Return the text to draw and the kind of font (latin or cjk)."""
        rng, kind = self.rng, self.rng.random()
        if kind < 0.62:
            return self.measure(), "latin"
        if kind < 0.68:
            return str(rng.choice(ENGLISH)), "latin"
        if kind < 0.77:
            statement = str(rng.choice(CHINESE))
            others = [chr(int(code)) for code in rng.integers(0x4E00, 0x9FA5, 3)]
            parts = [*statement, *others] if rng.random() < 0.4 else list(statement)
            if rng.random() < 0.4:
                rng.shuffle(parts)
            return "".join(parts[: rng.integers(2, 7)]), "cjk"
        if kind < 0.88:
            return self.stamp(), "latin"
        if kind < 0.93:
            characters = list("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:/-")
            return "".join(rng.choice(characters, rng.integers(2, 10))), "latin"
        return "", "latin"

    def measure(self) -> str:
        """A length, an area or the like: digits in every combination, not only the usual ones."""
        rng = self.rng
        point = "," if rng.random() < 0.25 else "."
        unit = str(
            rng.choice(["mm", "mm", "mm", "µm", "µm", "um", "cm", "m", "nm", "mm^2", "x", ""])
        )
        style = rng.random()
        if style < 0.3:
            number = str(rng.choice([1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000]))
        elif style < 0.5:
            number = f"{rng.choice([0.1, 0.2, 0.25, 0.5, 1, 2, 2.5, 5, 10]):.{rng.integers(1, 3)}f}"
        elif style < 0.75:
            number = str(rng.integers(0, 10 ** rng.integers(1, 5)))
        else:
            number = f"{rng.random() * 10 ** rng.integers(0, 4):.{rng.integers(1, 4)}f}"
        gap = " " if rng.random() < 0.6 else ""
        prefix = str(rng.choice(["", "", "", "", "", "A=", "r=", "C=", "D: ", "x"]))
        return prefix + number.replace(".", point) + gap + unit

    def stamp(self) -> str:
        rng = self.rng
        a, b, c = (int(value) for value in rng.integers(0, 60, 3))
        year = int(rng.integers(1998, 2032))
        return str(
            rng.choice(
                [
                    f"{year}/{a % 12 + 1:02d}/{b % 28 + 1:02d}",
                    f"{a % 28 + 1:02d}.{b % 12 + 1:02d}.{year}",
                    f"{year}-{a % 12 + 1:02d}-{b:02d}",
                    f"{a % 24:02d}:{b:02d}:{c:02d}",
                    f"{year}x{a * 17 + 100}",
                    f"MAG: {a}x",
                    f"{a}x",
                    f"{chr(65 + a % 26)}{b * 10 + c}",
                    f"Patient {a}",
                    f"ID {year}{c}",
                    str(
                        rng.choice(["FotoFinder", "Dino-Lite", "Dermlite", "Visiomed", "Canfield"])
                    ),
                    str(rng.choice(["Magnification", "Scale", "Unit", "Date", "Name", "baseline"])),
                ]
            )
        )

    def strip(self) -> tuple[np.ndarray, str]:
        """One grey strip, float32 0 to 255, and the text in the reader's alphabet."""
        rng = self.rng
        text, kind = self.text()
        cap_px = int(rng.choice([rng.integers(7, 14), rng.integers(9, 22), rng.integers(14, 40)]))
        share = float(np.clip(rng.normal(CAP_SHARE, 0.09), 0.4, 0.82))
        height = max(10, round(cap_px / share))
        width = round(height * WIDTH_PX / STRIP_HEIGHT_PX)
        ground = self.ground(height, width)
        if text:
            text = self.draw(ground, text, kind, cap_px)
        self.distract(ground)
        image = np.clip(ground, 0, 255).astype(np.uint8)
        if rng.random() < 0.3:
            image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.3, 0.07 * cap_px)))
        if rng.random() < 0.8:
            quality = int(rng.integers(50, 98))
            coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
            image = cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)
        shrinks = height > STRIP_HEIGHT_PX
        way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        scaled = cv2.resize(image, (WIDTH_PX, STRIP_HEIGHT_PX), interpolation=way)
        text = text.lower().replace("μ", "µ").replace(" ", "")
        return scaled.astype(np.float32), "".join(c if c in ALPHABET else "□" for c in text)

    def ground(self, height: int, width: int) -> np.ndarray:
        """Skin-like texture of several scales, with hair-like strokes now and then."""
        rng = self.rng
        ground = np.full((height, width), rng.uniform(30, 225), np.float32)
        for scale in (1, 3, 8):
            coarse = rng.normal(0, 1, (height // scale + 2, width // scale + 2)).astype(np.float32)
            noise = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
            ground += noise * float(rng.exponential(5.0))
        for _ in range(rng.poisson(1.2) if rng.random() < 0.6 else 0):
            a, b = rng.uniform(-0.3, 1.3, 2) * (width, height), rng.normal(0, height, 2)
            ends = np.rint(np.stack([a - 2 * b, a + 2 * b])).astype(int)
            thick = int(rng.integers(1, max(2, height // 3) + 1))
            level = float(rng.uniform(0, 255)) if rng.random() < 0.3 else float(rng.uniform(5, 70))
            first, last = tuple(map(int, ends[0])), tuple(map(int, ends[1]))
            cv2.line(ground, first, last, level, thick, cv2.LINE_AA)
        return ground

    def draw(self, ground: np.ndarray, text: str, kind: str, cap_px: int) -> str:
        """Draw the text into the ground, in place; return what was drawn (cut to fit)."""
        rng = self.rng
        height, width = ground.shape
        while True:
            mask = self.render(text, kind, cap_px)
            if mask.shape[1] < width - 4 or len(text) == 1:
                break
            text = text[:-1]
        mask = mask[:, : width - 2]
        rows, columns = mask.shape
        if rows > height + 2:
            top_cut = int(rng.integers(0, rows - height + 1))
            mask = mask[top_cut : top_cut + height]
            rows = mask.shape[0]
        room = max(0, height - rows)
        top = int(np.clip(rng.normal(room / 2, 0.08 * height), 0, room)) if room else 0
        left = int(rng.integers(1, max(2, width - columns)))
        mask = mask[: height - top]
        area = ground[top : top + mask.shape[0], left : left + columns]
        local = float(np.median(ground[:, max(0, left - 3) : left + columns + 3]))
        if rng.random() < 0.4:
            local = self.box(ground, left, columns)
            area = ground[top : top + mask.shape[0], left : left + columns]
        gap = float(rng.uniform(45, 200)) if rng.random() < 0.85 else float(rng.uniform(28, 60))
        ink = local + gap if rng.random() < (255 - local) / 255 else local - gap
        ink = float(np.clip(ink, 0, 255))
        if abs(ink - local) < 40:
            ink = 255.0 if local < 128 else 0.0
        if rng.random() < 0.15:
            reach = 1 + cap_px // 18
            halo = cv2.dilate(mask, np.ones((2 * reach + 1,) * 2))
            area += halo * ((255.0 if ink < 128 else 0.0) - area)
        area += mask * float(rng.uniform(0.75, 1.0)) * (ink - area)
        return text

    def box(self, ground: np.ndarray, left: int, columns: int) -> float:
        """Lay an opaque or half transparent box under the text; return its level."""
        rng = self.rng
        height = ground.shape[0]
        level, strength = float(rng.uniform(0, 255)), float(rng.uniform(0.5, 1.0))
        pad = int(rng.integers(1, max(2, height // 3)))
        edge = int(rng.integers(0, max(1, height // 8) + 1)) if rng.random() < 0.5 else 0
        below = height - (
            int(rng.integers(0, max(1, height // 8) + 1)) if rng.random() < 0.5 else 0
        )
        inside = ground[edge:below, max(0, left - pad) : left + columns + pad]
        inside += strength * (level - inside)
        return float(np.median(inside))

    def distract(self, ground: np.ndarray) -> None:
        """Now and then the bar, or the edge of a box, at the rim of the strip."""
        rng = self.rng
        height, width = ground.shape
        if rng.random() < 0.25:
            row = int(rng.choice([0, height - 1]))
            thick = int(rng.integers(1, max(2, height // 7)))
            a, b = np.sort(rng.integers(0, width, 2))
            top = row if row == 0 else height - thick
            ground[top : top + thick, a:b] = float(rng.choice([0, 255, rng.uniform(0, 255)]))
        if rng.random() < 0.15:
            column = int(rng.integers(0, width))
            if column < 3 or column > width - 4:
                ground[:, column] = float(rng.choice([0.0, 255.0]))

    def render(self, text: str, kind: str, cap_px: int) -> np.ndarray:
        """Return the coverage of the text, float32 0 to 1, cropped to its ink columns."""
        rng = self.rng
        if kind == "latin" and rng.random() < 0.12 and text.isascii():
            return _render_hershey(text, int(rng.choice(HERSHEY)), cap_px, rng)
        pool = self.cjk if kind == "cjk" and self.cjk else self.latin
        path, index = pool[rng.integers(len(pool))]
        font = _font_of_cap(str(path), index, cap_px if kind == "latin" else round(0.93 * cap_px))
        ascent, descent = font.getmetrics()
        drawn = text.replace("µ", "μ") if rng.random() < 0.3 else text
        size = (int(font.getlength(drawn)) + 8, ascent + descent + 4)
        canvas = Image.new("L", size, 0)
        pen = ImageDraw.Draw(canvas)
        # Many overlays are drawn without anti-aliasing, pixel by pixel.
        pen.fontmode = "1" if rng.random() < 0.3 else "L"
        pen.text((4, 2), drawn, fill=255, font=font)
        mask = np.asarray(canvas, np.float32) / 255
        if rng.random() < 0.06:
            mask = cv2.dilate(mask, np.ones((1, 2), np.float32))
        return _cropped(mask, ascent + 2, cap_px)


def _cropped(mask: np.ndarray, baseline: int, cap_px: int) -> np.ndarray:
    """Crop columns to the ink, rows to capitals and descenders' place around the baseline."""
    columns = np.flatnonzero(mask.any(axis=0))
    if columns.size == 0:
        return mask[:, :1]
    top = max(0, baseline - cap_px - 1)
    below = baseline + max(2, round(0.3 * cap_px))
    return mask[top:below, columns[0] : columns[-1] + 1].copy()


def _render_hershey(text: str, face: int, cap_px: int, rng: np.random.Generator) -> np.ndarray:
    scale = cap_px / (21.0 if face != cv2.FONT_HERSHEY_PLAIN else 9.5)
    thick = int(rng.integers(1, max(2, round(cap_px / 8)) + 1))
    (width, height), below = cv2.getTextSize(text, face, scale, thick)
    canvas = np.zeros((height + below + 2 * thick + 4, width + 8), np.uint8)
    kind = cv2.LINE_AA if rng.random() < 0.6 else cv2.LINE_8
    cv2.putText(canvas, text, (4, height + thick), face, scale, 255, thick, kind)
    return _cropped(canvas.astype(np.float32) / 255, height + thick + 1, cap_px)


@lru_cache(maxsize=4096)
def _font_of_cap(path: str, index: int, cap_px: int) -> ImageFont.FreeTypeFont:
    """The font at the size whose capital H (or the square of a CJK sign) is `cap_px` high."""
    trial = ImageFont.truetype(path, 100, index=index)
    box = trial.getbbox("H")
    return ImageFont.truetype(path, max(6, round(100 * cap_px / (box[3] - box[1]))), index=index)


if __name__ == "__main__":
    main()
