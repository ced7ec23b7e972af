"""Writes inputs/jpeg_*.jpg and their lines of pixels.txt, by Pillow."""
import hashlib
import os

from PIL import Image

here = os.path.dirname(os.path.abspath(__file__))
portrait = Image.open(os.path.join(here, "inputs/portrait_upright.jpg")).convert("RGB")
kinds = {
    "baseline_420": dict(size=(37, 29), quality=80, subsampling=2),
    "baseline_422": dict(size=(35, 18), quality=90, subsampling=1),
    "baseline_444": dict(size=(23, 33), quality=100, subsampling=0),
    "coarse": dict(size=(40, 40), quality=3, subsampling=2),
    "optimized": dict(size=(33, 31), quality=70, subsampling=2, optimize=True),
    "restarts": dict(size=(50, 35), quality=60, subsampling=2, restart_marker_blocks=2),
    "progressive_420": dict(size=(45, 39), quality=85, subsampling=2, progressive=True),
    "progressive_422": dict(size=(31, 17), quality=95, subsampling=1, progressive=True),
    "progressive_444": dict(size=(26, 25), quality=50, subsampling=0, progressive=True, restart_marker_blocks=3),
    "cmyk": dict(size=(28, 31), quality=85, mode="CMYK"),
    "cmyk_progressive": dict(size=(29, 15), quality=70, mode="CMYK", progressive=True),
    "progressive_gray": dict(size=(30, 41), quality=75, progressive=True, mode="L"),
}
for name, options in kinds.items():
    mode = options.pop("mode", "RGB")
    file = os.path.join(here, f"inputs/jpeg_{name}.jpg")
    portrait.resize(options.pop("size"), Image.BICUBIC, box=(30, 10, 110, 90)).convert(mode).save(file, **options)
    m = Image.open(file).convert("RGB")
    print(os.path.basename(file), m.width, m.height, hashlib.sha256(m.tobytes()).hexdigest()[:16])
