"""Make the bundled fonts from the published ones.

    pip install fonttools==4.68.0 brotli==1.2.1
    npm pack inter-ui@4.1.1 && tar xzf inter-ui-4.1.1.tgz        # Inter
    apt-get install fonts-noto-cjk                                # Noto Sans CJK
    python subset.py --inter package/web --noto NotoSansCJK-Regular.ttc --out ../../assets/fonts

Inter keeps Latin, Greek, Cyrillic, punctuation, arrows and mathematical signs. Its digits are swapped for
the tabular ones (feature tnum), because neither Fyne's labels nor golang.org/x/image switch features on,
and a number that changes must not make its row dance. Noto Sans SC keeps every character of GB 2312, which
is all of everyday Chinese, kana, and the full-width forms; and Latin letters and the space, since Fyne sets a
line from one font. Its lines are made as high as Inter's, so that both stand alike.
"""

import argparse
import pathlib

from fontTools import subset
from fontTools.ttLib import TTFont

# Unicode blocks, first and last, of the Latin font.
LATIN = [
    (0x20, 0x7E), (0xA0, 0x24F), (0x250, 0x2AF), (0x2B0, 0x36F),  # Latin, phonetics, combining marks
    (0x370, 0x3FF), (0x400, 0x52F), (0x1E00, 0x1FFF),  # Greek, Cyrillic, Vietnamese
    (0x2000, 0x206F), (0x2070, 0x209F), (0x20A0, 0x20CF), (0x2100, 0x215F),  # punctuation, currency
    (0x2190, 0x21FF), (0x2200, 0x22FF), (0x2300, 0x23FF), (0x25A0, 0x25FF), (0x2700, 0x27BF), (0xFFFD, 0xFFFD),
]


# What stands between Chinese characters on the same line.
BESIDE = [(0x20, 0x7E), (0xA0, 0xFF), (0x2010, 0x2027), (0x2030, 0x203B), (0x2190, 0x2193), (0x2212, 0x2212), (0x2248, 0x2248)]


def gb2312():
    """Every character of GB 2312: two bytes, each of 94 values."""
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            try:
                yield ord(bytes((row, cell)).decode("gb2312"))
            except UnicodeDecodeError:
                continue


def freeze_tabular_digits(font):
    """Map the digits that feature tnum replaces straight to their tabular glyphs."""
    gsub = font["GSUB"].table
    swap = {}
    for record in gsub.FeatureList.FeatureRecord:
        if record.FeatureTag != "tnum":
            continue
        for index in record.Feature.LookupListIndex:
            for table in gsub.LookupList.Lookup[index].SubTable:
                table = getattr(table, "ExtSubTable", table)
                swap.update(getattr(table, "mapping", {}))
    for table in font["cmap"].tables:
        for code, glyph in table.cmap.items():
            if glyph in swap and chr(code).isdigit():
                table.cmap[code] = swap[glyph]


def stand_as(font, like):
    """Give a font the ascent and descent of another."""
    scale = font["head"].unitsPerEm / like["head"].unitsPerEm
    for table, names in (
        ("hhea", ("ascent", "descent", "lineGap")),
        ("OS/2", ("sTypoAscender", "sTypoDescender", "sTypoLineGap", "usWinAscent", "usWinDescent")),
    ):
        for name in names:
            setattr(font[table], name, round(getattr(like[table], name) * scale))


def write(font, unicodes, features, out):
    options = subset.Options()
    options.layout_features = features
    options.hinting = False
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14, 16, 17]
    options.notdef_outline = True
    options.glyph_names = False
    options.drop_tables += ["DSIG", "STAT", "BASE", "VORG", "vhea", "vmtx", "meta"]
    cut = subset.Subsetter(options)
    cut.populate(unicodes=unicodes)
    cut.subset(font)
    font.flavor = None
    font["head"].modified = font["head"].created  # the same input makes the same bytes
    font.recalcTimestamp = False
    font.save(out)
    print(f"{out}: {out.stat().st_size:,} bytes, {len(font.getGlyphOrder())} glyphs")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--inter", type=pathlib.Path, required=True, help="folder of Inter-Regular.woff2 and Inter-SemiBold.woff2")
    p.add_argument("--noto", type=pathlib.Path, required=True, help="NotoSansCJK-Regular.ttc")
    p.add_argument("--noto-index", type=int, default=2, help="the SC face in the collection")
    p.add_argument("--out", type=pathlib.Path, required=True)
    a = p.parse_args()

    latin = [c for first, last in LATIN for c in range(first, last + 1)]
    for weight in ("Regular", "SemiBold"):
        font = TTFont(a.inter / f"Inter-{weight}.woff2")
        freeze_tabular_digits(font)
        write(font, latin, ["kern", "mark", "mkmk", "ccmp", "locl"], a.out / f"Inter-{weight}.ttf")

    font = TTFont(a.noto, fontNumber=a.noto_index)
    stand_as(font, TTFont(a.out / "Inter-Regular.ttf"))
    beside = {c for first, last in BESIDE for c in range(first, last + 1)}
    write(font, sorted(beside.union(gb2312())), [], a.out / "NotoSansSC-Regular.otf")


if __name__ == "__main__":
    main()
