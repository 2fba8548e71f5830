"""A simple judge: is each thing of the caption in the picture, by colour and by icon, and is the background right?

`ceiling` in its report is what it says of true scenes after a trip through the autoencoder, so the most that the
denoiser could reach.
"""
import functools

import numpy as np

import scenes

EDGE = 128            # pixels to which larger pictures are made smaller first
FOUND_SHARE = 0.005   # of the picture's pixels, joined, that make a colour present: about 9 x 9 of 128 x 128
STRAY_SHARE = 0.012   # and one that nobody asked for: more, because roofs and trunks have other colours
NAMES = list(scenes.COLORS) + list(scenes.BACKGROUNDS)
PALETTE = np.array([scenes.COLORS.get(n) or scenes.BACKGROUNDS[n] for n in NAMES], float)


def nearest_names(picture):
    """[H, W] indices into NAMES of uint8 [H, W, 3]; distance in luma and, counted double, chroma."""
    to_ycc = np.array([[0.299, 0.587, 0.114], [-0.337, -0.663, 1.0], [1.403, -1.175, -0.228]])
    a, b = picture.astype(float) @ to_ycc.T, PALETTE @ to_ycc.T
    return ((a[:, :, None] - b) ** 2).sum(-1).argmin(-1)


def largest_region(mask):
    """The largest 4-connected region of `mask` as a mask, and its pixels."""
    left, best = mask.copy(), []
    h, w = mask.shape
    for y0, x0 in zip(*np.nonzero(mask)):
        if not left[y0, x0]:
            continue
        left[y0, x0] = False
        found = [(y0, x0)]
        for y, x in found:
            for v, u in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
                if 0 <= v < h and 0 <= u < w and left[v, u]:
                    left[v, u] = False
                    found.append((v, u))
        best = max(best, found, key=len)
    region = np.zeros_like(mask)
    if best:
        region[tuple(zip(*best))] = True
    return region, len(best)


def colors_present(names, want):
    """The colours of `want` that are there, and whether another one is."""
    sizes = {c: largest_region(names == i)[1] / names.size for i, c in enumerate(NAMES) if c in scenes.COLORS}
    return ({c for c in want if sizes[c] >= FOUND_SHARE},
            any(size >= STRAY_SHARE for c, size in sizes.items() if c not in want))


def bounds(mask):
    ys, xs = np.nonzero(mask)
    return xs.min(), ys.min(), xs.max() + 1, ys.max() + 1


@functools.cache
def drawn_part(icon):
    """The part (x0, y0, x1, y1) of its box that an icon fills."""
    picture = scenes.render([("red", icon)], [(0, 0, 1, 1)], "white", 256)
    return tuple(v / 256 for v in bounds(np.abs(picture.astype(int) - scenes.BACKGROUNDS["white"]).sum(-1) > 60))


def icon_of(picture, names, color, background, others):
    """The icon that the thing of `color` looks most like: each is drawn where the thing is and compared."""
    n = len(names)
    seed, count = largest_region(names == NAMES.index(color))
    if count == 0:
        return None
    other = np.isin(names, [NAMES.index(o) for o in others])
    ground = np.abs(picture.astype(int) - scenes.BACKGROUNDS[background]).sum(-1) < 70
    thing, _ = largest_region(seed | ~(other | ground))
    if not (thing & seed).any():
        thing = seed
    x0, y0, x1, y1 = bounds(thing)
    errors = {}
    for icon in scenes.ICONS:
        a0, b0, a1, b1 = drawn_part(icon)
        w, h = (x1 - x0) / (a1 - a0), (y1 - y0) / (b1 - b0)
        left, top = x0 - a0 * w, y0 - b0 * h
        box = [v / n for v in (left, top, left + w, top + h)]
        at = slice(max(0, y0 - 2), y1 + 2), slice(max(0, x0 - 2), x1 + 2)
        drawn = scenes.render([(color, icon)], [box], background, n)[at].astype(int)
        errors[icon] = np.abs(drawn - picture[at])[~other[at]].mean()
    return min(errors, key=errors.get)


def background_of(names):
    """The background colour that most of the frame, two pixels wide, is nearest to."""
    frame = np.concatenate([names[:2].ravel(), names[-2:].ravel(), names[:, :2].ravel(), names[:, -2:].ravel()])
    return NAMES[np.bincount(frame, minlength=len(NAMES)).argmax()]


def look(picture, scene):
    """(right colours, things right in colour and icon as a list of bools, is there a stray colour, is the background right)"""
    picture = smaller(picture)
    names = nearest_names(picture)
    want = {c for c, _ in scene.items}
    have, stray = colors_present(names, want)
    ground = background_of(names)
    right = [c in have and icon_of(picture, names, c, ground, want - {c}) == icon for c, icon in scene.items]
    return len(have), right, stray, ground == scene.background


def smaller(picture):
    """The picture with an edge of at most EDGE pixels, by averaging."""
    times = max(1, len(picture) // EDGE)
    n = len(picture) // times
    return picture.reshape(n, times, n, times, 3).mean((1, 3)).round().astype(np.uint8)


def judge(pictures, wanted):
    """Shares over uint8 [N, H, W, 3] pictures of the scenes `wanted`.

    things: asked for and found by colour; icons: and with the right shape; of_1 to of_4: the same, of scenes of that many
    things; all: pictures with every thing right; stray: pictures with a colour nobody asked for; background: with the right one.
    `wrong` counts the icons that were not drawn as asked.
    """
    seen = [look(p, s) for p, s in zip(pictures, wanted)]
    share = lambda values: sum(values) / max(1, len(values))
    things = [r for _, right, _, _ in seen for r in right]
    result = {"things": sum(s[0] for s in seen) / len(things), "icons": share(things), "all": share([all(s[1]) for s in seen]),
              "stray": share([s[2] for s in seen]), "background": share([s[3] for s in seen]), "pictures": len(seen)}
    for n in range(1, 5):
        result[f"of_{n}"] = share([r for _, right, _, _ in seen if len(right) == n for r in right])
    wrong = [icon for s, scene in zip(seen, wanted) for r, (_, icon) in zip(s[1], scene.items) if not r]
    result["wrong"] = {icon: wrong.count(icon) for icon in scenes.ICONS if icon in wrong}
    return result


def describe(result):
    by_count = ", ".join(f"of {n} {result[f'of_{n}']:.1%}" for n in range(1, 5))
    return (f"things found by colour {result['things']:.1%}, by colour and icon {result['icons']:.1%} ({by_count}), pictures with "
            f"all of them {result['all']:.1%}, with a stray colour {result['stray']:.1%}, right background {result['background']:.1%} "
            f"({result['pictures']} pictures); not drawn as asked: {result['wrong']}")
