"""The generated set: 5,000 photos with 36,000 boxes and predictions for them, the same as in generated_test.go.

Both programs draw from the same generator in the same order, so neither needs a file of the other.
"""


class Random:
    """Knuth's 64-bit linear congruential generator (MMIX); draws are multiples of 2^-53 in [0, 1)."""

    def __init__(self, seed):
        self.state = seed

    def draw(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 11) / 2**53


def cents(x):
    return int(x * 100 + 0.5) / 100


def box(r):
    w, h = r.draw(), r.draw()
    w, h = cents(4 + 300 * (w * w)), cents(4 + 300 * (h * h))
    return [cents(r.draw() * 300), cents(r.draw() * 150), w, h]


def generate(photos=5000, classes=80):
    r = Random(1)
    images, truth, predictions = [], [], []
    for image in range(1, photos + 1):
        images.append({"id": image, "width": 640, "height": 480, "file_name": f"{image}.jpg"})
        for _ in range(8 if image % 5 == 0 else 7):
            label = r.draw()
            label = int(classes * (label * label))
            b = box(r)
            crowd = int(r.draw() < 0.01)
            area = cents(b[2] * b[3] * 0.6)
            truth.append({"id": len(truth) + 1, "image_id": image, "category_id": label + 1, "bbox": b,
                          "area": area, "iscrowd": crowd})
            if r.draw() < 0.85:
                d = [cents(b[i] + (r.draw() - 0.5) * 0.3 * b[2 + i % 2]) for i in range(4)]
                if r.draw() < 0.05:
                    label = (label + 1) % classes
                score = int(1000 * r.draw()) / 1000
                predictions.append({"image_id": image, "category_id": label + 1, "bbox": d, "score": score})
        for _ in range(3):
            label = int(classes * r.draw())
            d = box(r)
            score = int(600 * r.draw()) / 1000
            predictions.append({"image_id": image, "category_id": label + 1, "bbox": d, "score": score})
    categories = [{"id": c + 1, "name": f"class {c}"} for c in range(classes)]
    return {"info": {}, "images": images, "categories": categories, "annotations": truth}, predictions
