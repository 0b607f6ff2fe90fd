"""skew.py FILE: how far sound and picture of a recording of the clip of marks are apart.

Prints in ms the 99th percentile of the amount and the median, then the number of beeps and of lines that ffmpeg
complains in.
"""

import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/marks"))
import marks  # noqa: E402

read = marks.all_of(sys.argv[1])
skews = sorted(1000 * skew for skew in read["skews"])
if not skews:
    sys.exit(f"{sys.argv[1]}: no beep is near its picture; {len(read['beeps'])} beeps, {len(read['pictures'])} pictures")
amounts = sorted(map(abs, skews))
p99 = amounts[min(len(amounts) - 1, int(0.99 * len(amounts)))]
print(f"{p99:.1f} {statistics.median(skews):.1f} {len(skews)} {len(read['errors'])}")
for line in read["errors"]:
    print(line)
