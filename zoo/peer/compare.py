"""Prints bench reports side by side: python compare.py "Saysee=saysee.json" "Python, tuned=tuned.json" …

Each report is the JSON of `saysee bench --json` or of peer.py; the first column is what the others are compared with."""

import json
import pathlib
import sys

ROWS = (
    ("photos a second, folder", ("photos_per_second",), "{:.2f}"),
    ("one photo, median ms", ("end_to_end_ms", "median"), "{:.1f}"),
    ("one photo, p95 ms", ("end_to_end_ms", "p95"), "{:.1f}"),
    ("bare sessions, median ms", ("sessions_ms", "median"), "{:.1f}"),
    ("end to end over bare sessions", ("ratio",), "{:.3f}"),
)


def look_up(report, keys):
    for key in keys:
        report = report.get(key) if isinstance(report, dict) else None
    return report


def main():
    columns = []
    for argument in sys.argv[1:]:
        title, _, path = argument.partition("=")
        columns.append((title, json.loads(pathlib.Path(path).read_text(encoding="utf-8"))))
    if not columns:
        raise SystemExit(__doc__)
    width = max(18, *(len(t) + 2 for t, _ in columns))
    print(" " * 32 + "".join(f"{t:>{width}}" for t, _ in columns))
    for name, keys, form in ROWS:
        values = [look_up(report, keys) for _, report in columns]
        print(f"{name:32}" + "".join(f"{form.format(v) if v is not None else '-':>{width}}" for v in values))
    rates = [report.get("photos_per_second") for _, report in columns]
    if all(rates) and len(rates) > 1:
        print(f"{'first column is faster by':32}" + "".join(f"{f'{rates[0] / r:.2f} ×':>{width}}" for r in rates))


if __name__ == "__main__":
    main()
