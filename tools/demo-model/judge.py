"""A simple judge: is each thing of the caption in the picture, by colour, and is the background right?

It knows nothing of shapes. `ceiling` in its report is what it says of true scenes after a trip through
the autoencoder, so the most that the denoiser could reach.
"""
import numpy as np

import scenes

FOUND_SHARE = 0.012   # of the picture's pixels, joined: about 7 x 7 of 64 x 64
NAMES = list(scenes.COLORS) + list(scenes.BACKGROUNDS)
PALETTE = np.array([scenes.COLORS.get(n) or scenes.BACKGROUNDS[n] for n in NAMES], float)


def nearest_names(picture):
    """[H, W] indices into NAMES of uint8 [H, W, 3]; distance in luma and, counted double, chroma."""
    to_ycc = np.array([[0.299, 0.587, 0.114], [-0.337, -0.663, 1.0], [1.403, -1.175, -0.228]])
    a, b = picture.astype(float) @ to_ycc.T, PALETTE @ to_ycc.T
    return ((a[:, :, None] - b) ** 2).sum(-1).argmin(-1)


def largest_region(mask):
    """Pixels in the largest 4-connected region."""
    left, best = mask.copy(), 0
    h, w = mask.shape
    for y0, x0 in zip(*np.nonzero(mask)):
        if not left[y0, x0]:
            continue
        left[y0, x0] = False
        stack, count = [(y0, x0)], 0
        while stack:
            y, x = stack.pop()
            count += 1
            for v, u in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
                if 0 <= v < h and 0 <= u < w and left[v, u]:
                    left[v, u] = False
                    stack.append((v, u))
        best = max(best, count)
    return best


def colors_present(picture):
    names, need = nearest_names(picture), FOUND_SHARE * picture.shape[0] * picture.shape[1]
    return {c for i, c in enumerate(NAMES) if c in scenes.COLORS
            and (names == i).sum() >= need and largest_region(names == i) >= need}


def background_of(picture):
    """The background colour that most of the frame, two pixels wide, is nearest to."""
    names = nearest_names(picture)
    frame = np.concatenate([names[:2].ravel(), names[-2:].ravel(), names[:, :2].ravel(), names[:, -2:].ravel()])
    return NAMES[np.bincount(frame, minlength=len(NAMES)).argmax()]


def judge(pictures, wanted):
    """Shares over uint8 [N, H, W, 3] pictures of the scenes `wanted`.

    things: asked for and found; all: pictures with every thing found; stray: pictures with a colour nobody
    asked for; background: pictures with the right one.
    """
    asked = found = complete = stray = background = 0
    for picture, scene in zip(pictures, wanted):
        want, have = {c for c, _ in scene.items}, colors_present(picture)
        asked += len(want)
        found += len(want & have)
        complete += want <= have
        stray += bool(have - want)
        background += background_of(picture) == scene.background
    n = len(wanted)
    return {"things": found / asked, "all": complete / n, "stray": stray / n, "background": background / n, "pictures": n}


def describe(result):
    return (f"things found by colour {result['things']:.1%}, pictures with all of them {result['all']:.1%}, "
            f"with a stray colour {result['stray']:.1%}, right background {result['background']:.1%} "
            f"({result['pictures']} pictures)")
