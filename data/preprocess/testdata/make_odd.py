"""Writes odd/*, files that break image pipelines, and odd.txt, what TestOdd wants of
each: the size and the sum of Pillow's pixels, or what the error says. With Pillow 13."""
import hashlib
import io
import os
import struct
import zlib

from PIL import Image

here = os.path.dirname(os.path.abspath(__file__))
photo = Image.open(os.path.join(here, "inputs/portrait_upright.jpg")).convert("RGB").resize((24, 18), Image.BICUBIC, box=(30, 10, 126, 82))


def saved(image, format, **options):
    b = io.BytesIO()
    image.save(b, format, **options)
    return b.getvalue()


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(w, h, depth, color, body, before=b""):
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, depth, color, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + before + chunk(b"IDAT", body) + chunk(b"IEND", b"")


jpeg = saved(photo, "JPEG", quality=85)
progressive = saved(photo, "JPEG", quality=85, progressive=True)
plain = saved(photo, "PNG")
crc = bytearray(plain)
crc[40] ^= 1
alpha = photo.convert("RGBA")
alpha.putalpha(Image.linear_gradient("L").resize(photo.size))
gray16 = b"".join(b"\0" + bytes(range(16)) * 2 for _ in range(8))
small = photo.resize((11, 7))
bits = photo.resize((19, 6)).convert("1")


def tiff(image, compression=None, **tags):
    """Saves tags by number: 262 color of 0, 266 FillOrder, 274 Orientation."""
    return saved(image, "TIFF", compression=compression, tiffinfo={int(k[1:]): v for k, v in tags.items()})


def framed(gif, left, top, w, h):
    """Moves the first frame of a GIF on a larger screen."""
    at = gif.index(b"\x2c\0\0\0\0")
    return gif[:6] + struct.pack("<HH", w, h) + gif[10 : at + 1] + struct.pack("<HH", left, top) + gif[at + 5 :]


def without(jpeg, marker):
    at = jpeg.index(marker)
    return jpeg[:at] + jpeg[at + 2 + struct.unpack(">H", jpeg[at + 2 : at + 4])[0] :]


rgb_jpeg = saved(small, "JPEG", keep_rgb=True, quality=85)
deep = Image.frombytes("I;16", (8, 8), bytes((37 * i + i // 7) % 256 for i in range(128)))
frames = [photo.quantize(16), photo.transpose(Image.FLIP_LEFT_RIGHT).quantize(16)]

good = {
    "trailing_garbage.jpg": jpeg + bytes(range(256)),
    "png_named.jpg": plain,
    "one_pixel.jpg": saved(photo.resize((1, 1)), "JPEG"),
    "subsampling_420_odd.jpg": saved(photo.resize((17, 9)), "JPEG", subsampling=2),
    "restarts.jpg": saved(photo, "JPEG", restart_marker_blocks=1),
    "comment.jpg": saved(photo, "JPEG", comment=b"x" * 500),
    "exif.jpg": saved(photo, "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"),
    "exif_damaged.jpg": saved(photo, "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff" + b"\x01" * 30),
    "icc.jpg": saved(photo, "JPEG", icc_profile=b"not a profile" * 20),
    "alpha.png": saved(alpha, "PNG"),
    "gray_alpha.png": saved(alpha.convert("LA"), "PNG"),
    "palette_transparent.png": saved(photo.quantize(16), "PNG", transparency=3),
    "rgb_transparent.png": saved(photo, "PNG", transparency=photo.getpixel((0, 0))),
    "one_bit.png": saved(photo.convert("1"), "PNG"),
    "one_bit_transparent.png": saved(photo.convert("1"), "PNG", transparency=0),
    "text.png": saved(photo, "PNG"),
    "tall.png": saved(photo.resize((1, 300)), "PNG"),
    "animated.gif": saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100),
    "transparent.gif": saved(frames[0], "GIF", transparency=2),
    "lossless_alpha.webp": saved(alpha, "WEBP", lossless=True),
    "rgb.bmp": saved(photo, "BMP"),
    "alpha.bmp": saved(alpha, "BMP"),
    "lzw.tiff": saved(photo, "TIFF", compression="tiff_lzw"),
    "animated.png": saved(photo, "PNG", save_all=True, append_images=[photo.transpose(Image.ROTATE_180)]),
    "fax3.tiff": tiff(bits, "group3", _262=0),
    "fax3_black.tiff": tiff(bits, "group3", _262=1),
    "fax4.tiff": tiff(bits, "group4", _262=0),
    "fax4_black.tiff": tiff(bits, "group4", _262=1),
    "fax4_low_first.tiff": tiff(bits, "group4", _262=0, _266=2),
    "low_first.tiff": tiff(bits, _266=2),
    "low_first_rgb.tiff": tiff(small, _266=2),
    "low_first_lzw.tiff": tiff(small, "tiff_lzw", _266=2),
    "turned_2.tiff": tiff(small, _274=2),
    "turned_6.tiff": tiff(small, _274=6),
    "turned_7.tiff": tiff(small, "tiff_lzw", _274=7),
    "small_frame.gif": framed(saved(small.quantize(8), "GIF"), 3, 2, 17, 12),
    "small_frame_transparent.gif": framed(saved(small.quantize(8), "GIF", transparency=5), 3, 2, 17, 12),
    "gray_ramp.gif": saved(small.convert("L"), "GIF"),
    "rgb_adobe.jpg": rgb_jpeg,
    "rgb_ids.jpg": without(rgb_jpeg, b"\xff\xee"),
    "rgb_progressive.jpg": saved(small, "JPEG", keep_rgb=True, quality=85, progressive=True),
    "no_end.png": saved(small, "PNG")[:-12],
    "half_end.png": saved(small, "PNG")[:-7],
}
# Here Pillow's pixels, which are 255 from 256 on, are not wanted, but the upper bytes.
deep_files = {"gray16.png": saved(deep, "PNG"), "gray16.tiff": saved(deep, "TIFF")}
bad = {
    "picture.avif": (saved(small, "AVIF", quality=30), "have an AVIF image; want JPEG, PNG, GIF, BMP, TIFF or WebP"),
    "picture.heic": (struct.pack(">I", 24) + b"ftypmif1\0\0\0\0mif1heic" + bytes(40), "have a HEIC image; want JPEG"),
    "picture.jxl": (b"\xff\x0a\x7a\x1f" + bytes(40), "have a JPEG XL image; want JPEG"),
    "boxed.jxl": (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(40), "have a JPEG XL image; want JPEG"),
    "half_text.png": (saved(small, "PNG")[:-12] + chunk(b"tEXt", b"name\0value")[:-9], "EOF"),
    "no_pixels.png": (plain[:33], "EOF"),

    "empty.jpg": (b"", "0 bytes"),
    "html.jpg": (b"<!DOCTYPE html><html><body>404 Not Found</body></html>", "unknown format"),
    "vector.svg": (b'<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9"/></svg>', "unknown format"),
    "bytes.jpg": (hashlib.shake_128(b"none").digest(500), "unknown format"),
    "soi.jpg": (b"\xff\xd8", "EOF"),
    "truncated.jpg": (jpeg[: len(jpeg) * 3 // 4], "short Huffman data"),
    "truncated.png": (plain[: len(plain) * 3 // 4], "not enough pixel data"),
    "truncated.gif": (saved(frames[0], "GIF")[:-60], "not enough image data"),
    "truncated.webp": (good["lossless_alpha.webp"][:-60], "EOF"),
    "bad_crc.png": (bytes(crc), "checksum"),
    "bad_zlib.png": (png(8, 8, 8, 2, zlib.compress(bytes(200))[:-1] + b"\0"), "checksum"),
    "too_few_pixels.png": (png(8, 8, 8, 2, zlib.compress(bytes(25))), "pixel data"),
    "lying_header.png": (png(100_000, 100_000, 8, 6, b"\x78\x9c\x63\x00"), "100000 x 100000"),
    "bomb.png": (png(30_000, 30_000, 1, 0, b""), "30000 x 30000"),
    "zero_width.png": (png(0, 8, 8, 2, b""), "dimension"),
    "zero_width.gif": (b"GIF89a\0\0\x20\0\0\0\0,\0\0\0\0\0\0\x20\0\0\x02\0\0;", "0 x 32"),
    "no_palette.gif": (b"GIF89a\x01\0\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;", "no color table"),
    "frame_beyond.gif": (b"GIF89a\x20\0\x20\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\xff\xff\xff\xff\0\x02\x02D\x01\0;", "larger than image"),
    "animated.webp": (saved(photo, "WEBP", save_all=True, append_images=[photo.transpose(Image.ROTATE_180)], lossless=True)[:200], "short chunk data"),
    "icon.ico": (saved(photo, "ICO"), "unknown format"),
    "huge.bmp": (saved(photo, "BMP")[:18] + struct.pack("<ii", 3_000_000, 2_000_000) + saved(photo, "BMP")[26:], "3000000 x 2000000"),
}
os.makedirs(os.path.join(here, "odd"), exist_ok=True)
with open(os.path.join(here, "odd.txt"), "w") as lines:
    for name, file in good.items():
        m = Image.open(io.BytesIO(file)).convert("RGB")
        lines.write(f"{name} {m.width} {m.height} {hashlib.sha256(m.tobytes()).hexdigest()[:16]}\n")
    for name, file in deep_files.items():
        upper = Image.frombytes("L", deep.size, deep.tobytes()[1::2]).convert("RGB")
        lines.write(f"{name} {deep.width} {deep.height} {hashlib.sha256(upper.tobytes()).hexdigest()[:16]}\n")
    for name, (file, error) in bad.items():
        lines.write(f"{name} error: {error}\n")
for name, file in {**good, **deep_files, **{name: file for name, (file, _) in bad.items()}}.items():
    with open(os.path.join(here, "odd", name), "wb") as f:
        f.write(file)
