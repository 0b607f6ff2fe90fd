#!/usr/bin/env python3
"""Which test proves which row of the integration API: tests name a row's id (U07, M03, …) on the line that
gives them their title. Prints each id with its tests, and fails where a row of ROWS has none, or one of PAGE_ROWS
none in a browser.
"""
import pathlib
import re
import sys

# The rows that stand on the server. A range is written with a dash, as in tests.
ROWS = (
    "P01–P05 U01 U03 U07 U10–U12 U15–U24 R01–R05 W01–W06 T01 T02 S01–S08 B01–B04 B06 B07 "
    "G01 G04 G08 G10 G11 G14")
# The rows that stand on the page or the bridge. U03 is here when there is a button to record with.
PAGE_ROWS = (
    "P01–P06 U01 U02 U04–U18 M01–M28 E01–E20 B01–B04 B06 B07 G01–G03 G06 G07 G12")

TESTS = pathlib.Path(__file__).parent
TITLES = {
    ".c": r"^static void \w+\(void \*\*\w*\).*$",
    ".py": r"^    def test_\w+\(.*$",
    ".mjs": r"^\s*(?:await )?(?:t\.)?test\(.*$",
}
ID = r"([A-Z]\d\d)(?:[–-](?:[A-Z])?(\d\d))?"


def ids(text):
    """{'U19', 'U20'} of 'U19–U20'; letters before an id end in no word, but '_' does."""
    found = set()
    for first, last in re.findall(rf"(?<![A-Za-z0-9]){ID}(?![0-9])", text):
        numbers = range(int(first[1:]), int(last or first[1:]) + 1)
        found |= {f"{first[0]}{n:02}" for n in numbers}
    return found


def tests():
    """(file, title) of each test."""
    for path in sorted(TESTS.rglob("*")):
        if path.suffix in TITLES and "node_modules" not in path.parts:
            for title in re.findall(TITLES[path.suffix], path.read_text(), re.M):
                yield path, title


def main():
    named = {}
    seen = set()
    for path, title in tests():
        short = re.search(r"test\((?:`|')(.*?)(?:`|'),|(?:void|def) (\w+)", title)
        for row in ids(title):
            name = f"{path.relative_to(TESTS)}: {short[1] or short[2] if short else title.strip()}"
            named.setdefault(row, []).append(name)
            if path.parent.name == "browser":
                seen.add(row)
    for row in sorted(named):
        print(row, *named[row], sep="\n    ")
    bad = [f"{row} is named by no test" for row in sorted(ids(ROWS) - named.keys())]
    bad += [f"{row} is named by no test in a browser" for row in sorted(ids(PAGE_ROWS) - seen)]
    for line in bad:
        print(f"rows: {line}", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
