"""Synthetic flat-icon scenes with captions and boxes: the data the demo model is trained on.

A scene is one to six icons of different colours on a plain background. Its caption names colours,
icons and background but never positions, so where each icon goes is free for layout control to decide.
"""
import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

COLORS = {
    "red": (214, 40, 40), "orange": (247, 127, 0), "yellow": (252, 211, 45), "green": (46, 160, 67),
    "blue": (37, 99, 235), "purple": (126, 34, 206), "pink": (244, 114, 182), "brown": (133, 77, 14),
}
BACKGROUNDS = {
    "white": (245, 245, 245), "black": (22, 22, 26), "gray": (128, 132, 138),
    "navy": (24, 36, 84), "cream": (250, 236, 205), "teal": (20, 110, 110),
}
ICONS = ["circle", "square", "triangle", "star", "heart", "moon", "house", "tree", "fish", "flower"]
FINE = ["star", "house", "tree", "fish"]   # icons with detail that an autoencoder is slow to learn
SUPERSAMPLE = 2
MOST_ASPECT = 1.55   # of a box: its width to its height, or the inverse


def _shade(c, f):
    return tuple(int(max(0, min(255, v * f))) for v in c)


def draw_icon(d, name, box, c, bg):
    """Draw icon `name` in colour `c` filling `box` = (x0, y0, x1, y1) pixels on ImageDraw `d`."""
    x0, y0, x1, y1 = box
    w, h = x1 - x0, y1 - y0
    P = lambda pts: [(x0 + px * w, y0 + py * h) for px, py in pts]
    R = lambda a, b, e, f: [x0 + a * w, y0 + b * h, x0 + e * w, y0 + f * h]
    if name == "circle":
        d.ellipse(R(0, 0, 1, 1), fill=c)
    elif name == "square":
        d.rectangle(R(0, 0, 1, 1), fill=c)
    elif name == "triangle":
        d.polygon(P([(0.5, 0), (1, 1), (0, 1)]), fill=c)
    elif name == "star":
        pts = []
        for k in range(10):
            r = 0.5 if k % 2 == 0 else 0.2
            a = -math.pi / 2 + k * math.pi / 5
            pts.append((0.5 + r * math.cos(a), 0.525 + 1.05 * r * math.sin(a)))
        d.polygon(P(pts), fill=c)
    elif name == "heart":
        pts = []
        for k in range(40):
            t = 2 * math.pi * k / 40
            pts.append((0.5 + 16 * math.sin(t) ** 3 / 32,
                        0.42 - (13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)) / 29))
        d.polygon(P(pts), fill=c)
    elif name == "moon":
        d.ellipse(R(0, 0, 1, 1), fill=c)
        d.ellipse(R(0.34, -0.06, 1.22, 0.82), fill=bg)
    elif name == "house":
        d.rectangle(R(0.12, 0.42, 0.88, 1), fill=c)
        d.polygon(P([(0.5, 0), (1, 0.46), (0, 0.46)]), fill=_shade(c, 0.62))
        d.rectangle(R(0.4, 0.66, 0.6, 1), fill=_shade(c, 0.4))
    elif name == "tree":
        d.rectangle(R(0.42, 0.6, 0.58, 1), fill=(96, 60, 30))
        d.polygon(P([(0.5, 0), (0.85, 0.42), (0.15, 0.42)]), fill=c)
        d.polygon(P([(0.5, 0.2), (1, 0.78), (0, 0.78)]), fill=c)
    elif name == "fish":
        d.polygon(P([(0.55, 0.5), (1, 0.15), (1, 0.85)]), fill=_shade(c, 0.75))
        d.ellipse(R(0, 0.12, 0.78, 0.88), fill=c)
        d.ellipse(R(0.16, 0.34, 0.26, 0.44), fill=(255, 255, 255))
    elif name == "flower":
        for k in range(6):
            a = k * math.pi / 3
            cx, cy = 0.5 + 0.29 * math.cos(a), 0.5 + 0.29 * math.sin(a)
            d.ellipse(R(cx - 0.2, cy - 0.2, cx + 0.2, cy + 0.2), fill=c)
        d.ellipse(R(0.35, 0.35, 0.65, 0.65), fill=(255, 240, 170))
    else:
        raise ValueError(name)


def _iou(a, b):
    ix = max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))
    area = lambda q: (q[2] - q[0]) * (q[3] - q[1])
    return ix / (area(a) + area(b) - ix)


def _apart(a, b, gap):
    return a[2] + gap < b[0] or b[2] + gap < a[0] or a[3] + gap < b[1] or b[3] + gap < a[1]


def sample_layout(rng, n):
    """n boxes (x0, y0, x1, y1) in [0, 1]: mostly apart, in one scene of five free to overlap a little."""
    lo, hi = {1: (0.31, 0.79), 2: (0.25, 0.56), 3: (0.22, 0.47), 4: (0.2, 0.41), 5: (0.18, 0.36), 6: (0.17, 0.32)}[n]
    overlaps = rng.random() < 1 / 5
    while True:
        boxes = []
        for _ in range(60):
            s = rng.uniform(lo, hi)
            stretch = MOST_ASPECT ** rng.uniform(-0.5, 0.5)
            w, h = s * stretch, s / stretch
            if max(w, h) > 0.96:
                continue
            x, y = rng.uniform(0.02, 0.98 - w), rng.uniform(0.02, 0.98 - h)
            b = (x, y, x + w, y + h)
            if all(_iou(b, o) < 0.08 if overlaps else _apart(b, o, 0.02) for o in boxes):
                boxes.append(b)
                if len(boxes) == n:
                    return boxes


def caption(rng, items, bg):
    names = [f"a {c} {s}" if rng.random() < 0.9 else f"one {c} {s}" for c, s in items]
    text = names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
    return f"{text} on a {bg} background" if rng.random() < 0.85 else f"{bg} background with {text}"


def render(items, boxes, bg, size):
    """RGB uint8 [size, size, 3] picture of icons `items` = [(colour, icon)] at `boxes`."""
    s = size * SUPERSAMPLE
    back = BACKGROUNDS[bg]
    im = Image.new("RGB", (s, s), back)
    d = ImageDraw.Draw(im)
    for (c, name), b in zip(items, boxes):
        draw_icon(d, name, [v * s for v in b], COLORS[c], back)
    return np.asarray(im.resize((size, size), Image.BOX))


@dataclass
class Scene:
    image: np.ndarray   # uint8 [size, size, 3]
    caption: str
    items: list         # (colour, icon)
    boxes: list         # (x0, y0, x1, y1) of each item, in [0, 1]
    background: str


def sample_scene(rng, size, fine=False):
    """A random scene; a `fine` one has smaller things and more detail than most."""
    n = rng.choices([1, 2, 3, 4, 5, 6], weights=[1, 3, 5, 5, 5, 5] if fine else [2, 3, 4, 4, 3, 3])[0]
    weights = [3 if fine and icon in FINE else 1 for icon in ICONS]
    items = [(c, rng.choices(ICONS, weights)[0]) for c in rng.sample(list(COLORS), n)]
    bg = rng.choice(list(BACKGROUNDS))
    boxes = sample_layout(rng, n)
    return Scene(render(items, boxes, bg, size), caption(rng, items, bg), items, boxes, bg)


def vocabulary_words():
    return (list(COLORS) + list(BACKGROUNDS) + ICONS + [i + "s" for i in ICONS] +
            "a an and the on with in of one two three four background picture photo left right top bottom".split() + [",", "."])
