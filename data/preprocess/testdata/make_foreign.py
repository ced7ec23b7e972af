"""Writes foreign/: of the folders of ../../../../shared/parity/foreign, which hold what
open_clip and transformers make of pictures before they normalize, the few that differ
between makers; and pillow.txt, what Pillow makes of files beside it, a line of the file, the
size, resize, resize_size, interpolation, crop_offset, alpha, convert, pillow_version and the sum of
the pixels. With Pillow 13, whose one-sided resizes make Pillow 12's as well."""
import hashlib
import os
import shutil
import sys

from PIL import Image

here = os.path.dirname(os.path.abspath(__file__))
shared = os.path.join(here, "../../../../shared/parity/foreign")
picked = {
    "hf-clip": ["4-p-12x14", "hard-6-rgba-134x75", "hard-7-tall-57x152"],
    "hf-clip-old": ["3-rgb-132x37", "hard-6-rgba-116x74"],
    "hf-siglip2": ["1-rgb-54x75"],
    "oc-vit": ["hard-6-p-162x75", "hard-7-rgba-49x78", "hard-8-tall-51x136"],
    "oc-vit-custom-text": ["0-rgb-118x64"],
}
fill = (9, 8, 7)


def passes(im, w, h, method, pillow):
    """Resizes one side after the other, in the order of a version."""
    if (w, h) == im.size:
        return im
    if im.mode in ("1", "P"):
        return im.resize((w, h), Image.NEAREST)
    if im.mode in ("RGBA", "LA"):
        return passes(im.convert({"RGBA": "RGBa", "LA": "La"}[im.mode]), w, h, method, pillow).convert(im.mode)
    vertical = pillow == 13 and im.height > h and im.height - h > 2 * (im.width - w)
    middle = im.resize((im.width, h) if vertical else (w, im.height), method)
    out = middle.resize((w, h), method)
    if pillow == 13:
        assert out.tobytes() == im.resize((w, h), method).tobytes()
    return out


def rgb(im, alpha):
    if alpha == "white" and ("A" in im.getbands() or im.info.get("transparency") is not None):
        im = Image.alpha_composite(Image.new("RGBA", im.size, "white"), im.convert("RGBA"))
    return im.convert("RGB")


def prepare(file, size, resize, resize_size, interpolation, crop_offset, alpha, convert, pillow):
    im = Image.open(file)
    im.load()
    if convert == "before":
        im = rgb(im, alpha)
    s = resize_size or size
    w = h = s
    if resize == "shortest":
        w, h = (s, s * im.height // im.width) if im.width < im.height else (s * im.width // im.height, s)
    method = {"bicubic": Image.BICUBIC, "bilinear": Image.BILINEAR}[interpolation]
    im = rgb(passes(im, w, h, method, pillow), alpha)
    if w < size or h < size:  # torchvision's center_crop pads down, transformers' up
        up = crop_offset == "floor"
        left, top = (max(size - side + up, 0) // 2 for side in (w, h))
        padded = Image.new("RGB", (max(w, size), max(h, size)), fill)
        padded.paste(im, (left, top))
        im, w, h = padded, *padded.size
    left, top = ((side - size) // 2 if crop_offset == "floor" else round((side - size) / 2) for side in (w, h))
    return im.crop((left, top, left + size, top + size))


for name, files in picked.items():
    for kind in ("inputs", "pixels"):
        os.makedirs(os.path.join(here, "foreign", name, kind), exist_ok=True)
        for file in files:
            part = os.path.join(name, kind, file + ".png")
            shutil.copyfile(os.path.join(shared, part), os.path.join(here, "foreign", part))

plain = [
    (32, "shortest", 0, "bicubic", "round", "drop", "before", 12),
    (32, "shortest", 0, "bilinear", "floor", "white", "before", 12),
    (23, "shortest", 0, "bicubic", "floor", "white", "before", 13),
    (20, "shortest", 29, "bicubic", "round", "drop", "after", 12),
    (20, "squash", 27, "bilinear", "floor", "drop", "after", 13),
    (33, "shortest", 20, "bicubic", "round", "drop", "before", 13),
    (33, "squash", 20, "bicubic", "floor", "drop", "after", 12),
    (9, "shortest", 0, "bilinear", "round", "drop", "after", 13),
]
sources = ["inputs/cmyk_adobe.jpg", "inputs/portrait_upright.jpg", "inputs/png_palette_alpha.png", "inputs/wide_2x2000.jpg"]
sources += ["odd/" + name for name in ("alpha.png gray_alpha.png palette_transparent.png rgb_transparent.png one_bit.png "
                                       "one_bit_transparent.png lossless_alpha.webp transparent.gif tall.png alpha.bmp").split()]
with open(os.path.join(here, "foreign/pillow.txt"), "w") as lines:
    for source in sources:
        for case in plain:
            pixels = prepare(os.path.join(here, source), *case).tobytes()
            print(source, *case, hashlib.sha256(pixels).hexdigest()[:16], file=lines)
