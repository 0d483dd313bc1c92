"""Pictures of text with RapidOCR, the optional extra `ocr`; it alone imports it.

Its wheel carries the models (PP-OCRv6 small: Latin letters, Chinese, Japanese), so
nothing is fetched. It runs in a child with limits of its own, on one thread.
"""

import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice
from statistics import median
from typing import Any

from PIL import Image

from worker.adapters import pdf, pictures
from worker.adapters.reading.texts import clean

MODULES = ("rapidocr", "onnxruntime")
MAX_VIEWS = 8
"""Looked at of one mail: 2 to 4 s of CPU each. Source: measured 2026-11-22 on a few
drawn screens and receipts."""
PDF_PAGES = 2
PAGE_SIDE = 2_000
NARROW_SIDE = 1_080
"""Pixels of the shorter side: a phone's width, and print on a sheet is ten high."""
LONGEST_RATIO = 2.2
"""A longer picture, a page that was scrolled, is read in pieces."""
OVERLAP = 0.1
DETECT_SIDE = 1_280
"""Longer side on which lines are found; they are read at full size. Source: measured
2026-11-22 on one long screen: 1.9 s of CPU, where 2,000 took 4.6, and no line less."""
MAX_TEXT_CHARS = 20_000
MIN_SCORE = 0.5

_PARAMETERS: dict[str, Any] = {
    "Global.log_level": "critical",
    "Global.use_cls": False,
    "Global.max_side_len": 2_400,
    "Global.text_score": MIN_SCORE,
    "Det.limit_side_len": DETECT_SIDE,
    "Det.limit_type": "max",
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}


@dataclass(frozen=True, slots=True)
class Words:
    """One run of words: its text, its middle, its height and its slope."""

    text: str
    x: float
    y: float
    height: float
    slope: float


def is_installed() -> bool:
    """Return whether the extra `ocr` is there, without loading it."""
    return all(importlib.util.find_spec(name) is not None for name in MODULES)


def read(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return what each file shows as text, by its path; without text it is absent.

    At most eight views in all: a picture is one, a scrolled one several, a PDF two.
    """
    texts: dict[str, list[str]] = {}
    views = ((path, view) for path, data in files.items() for view in _views(data))
    for path, view in islice(views, MAX_VIEWS):
        texts.setdefault(path, []).append(in_lines(_recognised(view)))
    joined = {path: clean("\n".join(t), MAX_TEXT_CHARS) for path, t in texts.items()}
    return {path: text for path, text in joined.items() if text.strip()}


def in_lines(found: list[Words]) -> str:
    """Return runs of words as lines: what stands side by side is one line.

    The paper may be askew: heights are compared along its own slope.
    """
    if not found:
        return ""
    slope = median(words.slope for words in found)
    straight = sorted(found, key=lambda words: words.y - slope * words.x)
    lines: list[list[Words]] = []
    at = float("-inf")
    for words in straight:
        level = words.y - slope * words.x
        if level - at > words.height / 2:
            lines.append([])
            at = level
        lines[-1].append(words)
    in_order = (sorted(line, key=lambda words: words.x) for line in lines)
    return "\n".join("  ".join(words.text for words in line) for line in in_order)


def _views(data: bytes) -> Iterator[Image.Image]:
    """Yield what is to be read of a file: the picture, or the first pages drawn."""
    is_pdf = b"%PDF-" in data[:1024]
    pages = (
        pdf.page_images(data, max_pages=PDF_PAGES, side=PAGE_SIDE) if is_pdf else [data]
    )
    for page in pages:
        image = pictures.decoded(page, narrow=NARROW_SIDE)
        if image is not None:
            yield from pictures.pieces(image, ratio=LONGEST_RATIO, overlap=OVERLAP)


@cache
def _engine() -> Any:  # noqa: ANN401 - the library has no types to speak of
    # Loaded late: a reader without the extra, or without pictures, does without.
    import cv2  # noqa: PLC0415
    from rapidocr import RapidOCR  # noqa: PLC0415

    cv2.setNumThreads(1)
    return RapidOCR(params=_PARAMETERS)


def _recognised(view: Image.Image) -> list[Words]:
    import numpy as np  # noqa: PLC0415

    result = _engine()(np.asarray(view)[:, :, ::-1])
    if result.boxes is None or result.txts is None:
        return []
    return [
        _words(text, box.tolist())
        for text, box in zip(result.txts, result.boxes, strict=True)
    ]


def _words(text: str, box: list[list[float]]) -> Words:
    (x1, y1), (x2, y2), (x3, y3), (x4, y4) = box
    across = max(1.0, (x2 + x3 - x1 - x4) / 2)
    return Words(
        text=text,
        x=(x1 + x2 + x3 + x4) / 4,
        y=(y1 + y2 + y3 + y4) / 4,
        height=max(1.0, (y4 + y3 - y1 - y2) / 2),
        slope=(y2 + y3 - y1 - y4) / 2 / across,
    )
