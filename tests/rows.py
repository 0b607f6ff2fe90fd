#!/usr/bin/env python3
"""Holds the tables of tests/README.md and the tests together. A test says what it proves in the line above it:

    // proves U18, B01–B04

rows.py [ID…] lists the tests of these rows, or of all; --write brings the tables' last column up to date; --check
fails where that is out of date, a row has no test, a test names an unknown row, or an id stands anywhere else.
"""
import argparse
import pathlib
import re
import subprocess
import sys

TESTS = pathlib.Path(__file__).resolve().parent
ROOT = TESTS.parent
KEY = TESTS / "README.md"

# What a browser must show, whatever else proves it.
BROWSER_ROWS = "P01–P06, U01–U18, M01–M28, E01–E20, B01–B07, X01, X02, G01–G03, G06, G07, G12"

TEXT = (".c", ".h", ".py", ".mjs", ".js", ".ts", ".tsx", ".css", ".html", ".md", ".json", ".conf", ".txt", ".sh", "")
TABLE = re.compile(r"^\| ([A-Z]\d\d) \| (.+?) \|(.*)\|$", re.M)
NO_TEST = ("not built yet", "not tested")
ONE = r"[A-Z]\d\d(?:–[A-Z]\d\d)?"
PROVES = re.compile(rf"^[ \t]*(?://|#) proves ({ONE}(?:, {ONE})*)\n", re.M)
ID = re.compile(r"(?<![A-Za-z0-9/.%])[A-Z]\d\d(?![A-Za-z0-9]|\.\d)")
QUOTED = r"(['\"`])(?P<title>.*?)(?<!\\)\1"
# The beginning of a test, by the ending of its file.
TITLES = {
    ".c": r"static void (?P<title>\w+)\(void \*\*",
    ".py": r"\s*def (?P<title>test_\w+)\(",
    ".mjs": rf"\s*(?:await )?(?:t\.)?test\({QUOTED}",
    ".ts": rf"\s*test(?:\.each\(.*?\))?\(\s*{QUOTED}",
}


def ids(text):
    """['U19', 'U20'] of 'U19–U20'."""
    for first, last in re.findall(r"([A-Z]\d\d)(?:–[A-Z](\d\d))?", text):
        yield from (f"{first[0]}{n:02}" for n in range(int(first[1:]), int(last or first[1:]) + 1))


def sources():
    """Each text file that git knows of, but for the key."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.suffix in TEXT and path.name != "package-lock.json" and path.is_file():
            if path not in (KEY, TESTS / "rows.py"):
                yield path


def kind(path):
    """'browser/access' of tests/browser/access.test.mjs, 'page/layout' of a unit test of the page."""
    inside = path.relative_to(ROOT).parts
    return f"{inside[1] if inside[0] == 'tests' else 'page'}/{re.sub(r'[._]test$', '', path.stem)}"


class Rows:
    def __init__(self):
        self.key = KEY.read_text()
        self.rows = {row: column.strip() for row, _, column in TABLE.findall(self.key)}
        self.tests = {row: [] for row in self.rows}  # (path, title)
        self.bad = []
        for path in sources():
            text = path.read_text(errors="replace")
            if path.suffix in TITLES:
                for proof in PROVES.finditer(text):
                    self.add(path, proof[1], text, proof.end())
                text = PROVES.sub("\n", text)
            for stray in ID.finditer(text):
                if stray[0] in self.rows:
                    self.say(path, text, stray.start(), f"say it in words instead of {stray[0]}")

    def say(self, path, text, at, advice):
        line = text.count("\n", 0, at) + 1
        self.bad.append(f"{path.relative_to(ROOT)}:{line}: {advice}")

    def add(self, path, proved, text, at):
        title = re.compile(TITLES[path.suffix], re.S).match(text, at)
        if not title:
            self.say(path, text, at, "a test begins in the line after what it proves")
            return
        for row in ids(proved):
            if row in self.rows:
                self.tests[row].append((path, title["title"]))
            else:
                self.say(path, text, at, f"{row} is no row of tests/README.md")

    def column(self, row):
        """The last column: the files with tests of this row."""
        files = sorted({path for path, _ in self.tests[row]}, key=kind)
        up = {path: path.relative_to(TESTS) if TESTS in path.parents else f"../{path.relative_to(ROOT)}" for path in files}
        return ", ".join(f"[{kind(path)}]({up[path]})" for path in files)

    def written(self):
        return TABLE.sub(lambda m: f"| {m[1]} | {m[2]} | {self.column(m[1]) or m[3].strip()} |", self.key)

    def check(self):
        for row, column in self.rows.items():
            if not self.tests[row] and column not in NO_TEST:
                self.bad.append(f"tests/README.md: no test proves {row}")
        for row in ids(BROWSER_ROWS):
            if not any(path.parent.name == "browser" for path, _ in self.tests.get(row, [])):
                self.bad.append(f"tests/README.md: no test in a browser proves {row}")
        if not self.bad and self.written() != self.key:
            self.bad.append("tests/README.md: the last column is out of date: run tests/rows.py --write")
        return self.bad


def main():
    parser = argparse.ArgumentParser(description="Which tests prove which row of tests/README.md.")
    parser.add_argument("id", nargs="*", help="lists the tests of these rows; of all without an id")
    parser.add_argument("--write", action="store_true", help="brings the tables' last column up to date")
    parser.add_argument("--check", action="store_true", help="fails where tables and tests disagree")
    asked = parser.parse_args()
    rows = Rows()
    if asked.write:
        KEY.write_text(rows.written())
        rows = Rows()
    if asked.write or asked.check:
        for line in rows.check():
            print(f"rows: {line}", file=sys.stderr)
        return 1 if rows.bad else 0
    for row in asked.id or rows.rows:
        if row not in rows.rows:
            parser.error(f"unknown row {row}")
        print(row, *(f"{path.relative_to(ROOT)}: {title}" for path, title in rows.tests[row]), sep="\n    ")
    return 0


if __name__ == "__main__":
    sys.exit(main())
