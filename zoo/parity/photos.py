"""Tiny pictures for pipeline/photo's tests, in the kinds that Go's libraries cannot write.

    pip install 'opencv-python-headless==4.6.0.66' 'numpy<2' pillow
    python zoo/parity/photos.py pipeline/photo/testdata

All show four flat quarters: red, green / blue, and a fourth colour that the name tells (grey when none).
"""
import io
import os
import sys

import cv2
import numpy as np
from PIL import Image

RED, GREEN, BLUE, GREY = (220, 30, 40), (20, 200, 60), (30, 40, 210), (128, 128, 128)


def quarters(size=(48, 32)):
    w, h = size
    im = np.empty((h, w, 3), np.uint8)
    im[: h // 2, : w // 2], im[: h // 2, w // 2:] = RED, GREEN
    im[h // 2:, : w // 2], im[h // 2:, w // 2:] = BLUE, GREY
    return im


def without_adobe(data):
    at = data.index(b"\xff\xee")
    return data[:at] + data[at + 2 + int.from_bytes(data[at + 2:at + 4], "big"):]


def jpeg(im, **kw):
    b = io.BytesIO()
    im.save(b, "JPEG", quality=95, **kw)
    return b.getvalue()


def main(out):
    rgb = quarters()
    bgr = np.ascontiguousarray(rgb[:, :, ::-1])
    cmyk = Image.fromarray(rgb).convert("CMYK")
    inverted = Image.frombytes("CMYK", cmyk.size, bytes(255 - v for v in cmyk.tobytes()))
    alpha = np.dstack([bgr, np.full(bgr.shape[:2], 255, np.uint8)])
    alpha[16:, 24:, 3] = 0
    frames = [Image.fromarray(rgb), Image.fromarray(255 - rgb)]
    animated = io.BytesIO()
    frames[0].save(animated, "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    tiff = {}
    for name, kw in {"jpeg": {"compression": "jpeg"}, "cmyk": {}}.items():
        b = io.BytesIO()
        (cmyk if name == "cmyk" else Image.fromarray(rgb)).save(b, "TIFF", **kw)
        tiff[name] = b.getvalue()
    fax = io.BytesIO()
    ink = np.zeros((32, 48), np.uint8)
    ink[:16, 24:] = 255
    Image.fromarray(ink).convert("1").save(fax, "TIFF", compression="group4")
    files = {
        "cmyk-adobe.jpg": jpeg(cmyk),
        "cmyk-plain.jpg": without_adobe(jpeg(inverted)),
        "progressive.jpg": jpeg(Image.fromarray(rgb), progressive=True),
        "lossless.webp": cv2.imencode(".webp", bgr, [cv2.IMWRITE_WEBP_QUALITY, 101])[1].tobytes(),
        "lossy.webp": cv2.imencode(".webp", bgr, [cv2.IMWRITE_WEBP_QUALITY, 90])[1].tobytes(),
        "alpha.webp": cv2.imencode(".webp", alpha, [cv2.IMWRITE_WEBP_QUALITY, 101])[1].tobytes(),
        "animated.webp": animated.getvalue(),
        "jpeg-inside.tif": tiff["jpeg"],
        "cmyk.tif": tiff["cmyk"],
        "fax.tif": fax.getvalue(),  # black, white / black, black
    }
    os.makedirs(out, exist_ok=True)
    for name, data in files.items():
        with open(os.path.join(out, name), "wb") as f:
            f.write(data)
        print(f"{name}: {len(data)} bytes")


if __name__ == "__main__":
    main(sys.argv[1])
