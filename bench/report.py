#!/usr/bin/env python3
"""Makes a page from a benchmark's figures: report.py FIGURES.jsonl PAGE.html

Figures that have three or more values of viewers, workers, burst or payload become a curve, all others bars,
one plot for each unit and payload. The page is self-contained.
"""

import html
import json
import math
import sys

CASE = ("server", "load", "link", "port", "profile", "payload", "viewers", "tracks", "burst", "workers",
        "seconds", "speakers", "tls")
AXES = ("viewers", "workers", "burst", "payload")  # the variable of a curve, by preference
COLOURS = ("#2f6f9f", "#c0562f", "#3f8f4f", "#8a4f9f", "#9f7f1f", "#4f7f8f", "#af3f5f", "#5f5f5f")
STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #222; background: #fff; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .2rem .6rem; border-bottom: 1px solid #8884; }
td.n, th.n { text-align: right; }
svg { max-width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: currentColor; }
.note { color: #777; }
@media (prefers-color-scheme: dark) { body { color: #ddd; background: #181a1c; } .note { color: #999; } }
"""


def number(value):
    """Text of a value: three significant digits, thousands separated."""
    if not isinstance(value, (int, float)):
        return "" if value is None else str(value)
    if value == 0:
        return "0"
    digits = 0 if value == int(value) else max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}".replace(",", "\u2009")


def element(name, content="", **attributes):
    """One SVG or HTML element. Content is markup; attribute values are escaped."""
    text = "".join(
        f' {k.rstrip("_").replace("_", "-")}="{html.escape(str(v))}"' for k, v in attributes.items()
    )
    return f"<{name}{text}>{content}</{name}>"


def text(x, y, content, **attributes):
    return element("text", html.escape(str(content)), x=round(x, 1), y=round(y, 1), **attributes)


def line(x1, y1, x2, y2, **attributes):
    attributes.setdefault("stroke", "currentColor")
    return element("line", x1=round(x1, 1), y1=round(y1, 1), x2=round(x2, 1), y2=round(y2, 1), **attributes)


def svg(width, height, parts):
    return element("svg", "".join(parts), viewBox=f"0 0 {width} {height}", width=width, height=height, role="img")


def case_of(figure, keys):
    """Texts of these parts of a figure's case: names stand alone, numbers get a label."""
    return [f"{k} {figure[k]}" if isinstance(figure[k], int) else str(figure[k]) for k in keys if k in figure]


def label(figure, without=()):
    """What distinguishes a figure: its name and its case."""
    return " · ".join([figure["figure"], *case_of(figure, (k for k in CASE if k not in without))])


def scale_of(values):
    """Maps a value to 0…1: logarithmically if values differ by more than a factor of fifty."""
    least = min((v for v in values if v > 0), default=1)
    top = max(*values, least)
    if top / least <= 50:
        return (lambda v: v / top), "linear"
    low = math.log10(least) - 0.5
    return (lambda v: max(0.0, (math.log10(v) - low) / (math.log10(top) - low)) if v > 0 else 0.0), "logarithmic"


def bars(figures, without):
    """A bar for each figure: the value, with a thin line at the median or the baseline, a dashed one at floor or goal."""
    names = [label(f, without) for f in figures]
    left, width, row = 20 + 6.6 * max(map(len, names)), 900, 24
    kinds = list(dict.fromkeys(f["figure"] for f in figures))
    across = width - left - 150
    scale, kind = scale_of([f.get(k) or 0 for f in figures for k in ("value", "median", "floor", "goal", "baseline")])
    parts = []
    for i, (figure, name) in enumerate(zip(figures, names)):
        y = i * row + 4
        parts.append(text(left - 6, y + 13, name, text_anchor="end"))
        length = max(1, across * scale(figure["value"]))
        parts.append(element("rect", x=round(left, 1), y=y, width=round(length, 1), height=row - 8,
                             fill=COLOURS[kinds.index(figure["figure"]) % len(COLOURS)], fill_opacity=0.75))
        end = length
        for key, dash in (("median", "none"), ("floor", "3 2"), ("goal", "1 2"), ("baseline", "none")):
            if figure.get(key) is not None and (figure[key] or key == "baseline"):
                x = across * scale(figure[key])
                end = max(end, x)
                parts.append(line(left + x, y - 2, left + x, y + row - 6, stroke_width=2, stroke_dasharray=dash))
        ratio = f' · {figure["ratio"]:.2f} × floor' if "ratio" in figure else ""
        parts.append(text(left + end + 6, y + 13, number(figure["value"]) + ratio))
    marks = [text for key, text in (("median", "bar: least, line: median"), ("floor", "dashed: floor"), ("goal", "dotted: goal"), ("baseline", "line: baseline"))
             if any(f.get(key) is not None for f in figures)]
    note = "; ".join([f"{kind} scale", *marks])
    return svg(width, len(figures) * row + 8, parts), note


def curves(series, axis):
    """A curve for each series over an axis of the case, logarithmic along it."""
    width, height, left, bottom = 900, 320, 70, 40
    places = sorted({f[axis] for figures in series.values() for f in figures})
    low, high = math.log10(places[0]), math.log10(places[-1])
    scale, kind = scale_of([f.get(k) or 0 for s in series.values() for f in s for k in ("value", "floor")])

    def at(figure, key):
        return (left + (math.log10(figure[axis]) - low) / (high - low) * (width - left - 20),
                (height - bottom) - scale(figure[key]) * (height - bottom - 20))

    parts = [line(left, height - bottom, width - 20, height - bottom), line(left, 10, left, height - bottom)]
    for place in places:
        x, y = at({axis: place, "value": 0}, "value")[0], height - bottom
        parts += [line(x, y, x, y + 4), text(x, y + 18, number(place), text_anchor="middle")]
    parts.append(text(width - 20, height - 4, axis, text_anchor="end"))
    for i, (name, figures) in enumerate(series.items()):
        figures.sort(key=lambda f: f[axis])
        colour = COLOURS[i % len(COLOURS)]
        for key, dash in (("value", "none"), ("floor", "3 3")):
            points = [at(f, key) for f in figures if f.get(key)]
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            parts.append(element("polyline", points=path, fill="none", stroke=colour, stroke_width=2,
                                 stroke_dasharray=dash))
            if key == "value":
                parts += [element("circle", element("title", html.escape(f"{name}: {number(f[key])}")),
                                  cx=round(x, 1), cy=round(y, 1), r=3, fill=colour)
                          for f, (x, y) in zip(figures, points)]
        last_x, last_y = at(figures[-1], "value")
        parts.append(text(left - 6, at(figures[0], "value")[1] + 4, number(figures[0]["value"]), text_anchor="end"))
        parts.append(text(last_x, last_y - 7, name, text_anchor="end", style=f"fill:{colour}"))
    floor = any(f.get("floor") for figures in series.values() for f in figures)
    return svg(width, height, parts), f"{kind} scale" + ("; dashed: floor" if floor else "")


def curve_axis(figures):
    """The axis that these figures of one series run over, or None."""
    for axis in AXES:
        if len({f.get(axis) for f in figures}) >= 3 and all(f.get(axis, 0) > 0 for f in figures):
            return axis
    return None


def sections(figures):
    """(title, plot, note) of all figures: first the curves, then bars by unit and payload."""
    left = list(figures)
    for axis in AXES:
        groups = {}
        for figure in left:
            rest = tuple((k, figure.get(k)) for k in ("figure", "unit", *CASE) if k != axis)
            groups.setdefault(rest, []).append(figure)
        plots = {}
        for rest, group in groups.items():
            if curve_axis(group) == axis:
                name, unit = group[0]["figure"], group[0].get("unit", "")
                short = label(group[0], (axis,)).removeprefix(name + " · ")
                plots.setdefault((name, unit), {})[short] = group
        for (name, unit), series in plots.items():
            yield f"{name}, {unit}", *curves(series, axis)
            drawn = {id(f) for group in series.values() for f in group}
            left = [f for f in left if id(f) not in drawn]
    groups = {}
    for figure in left:
        kind = figure["figure"] if figure["figure"] == "transmit" or "link" in figure else ""
        groups.setdefault((figure.get("unit", ""), figure.get("payload"), kind), []).append(figure)
    for (unit, payload, kind), group in groups.items():
        same = [k for k in CASE if len({f.get(k) for f in group}) == 1]
        title = " · ".join(filter(None, (kind, unit, *case_of(group[0], same))))
        yield title, *bars(group, set(same))


def table(figures):
    columns = [k for k in ("figure", *CASE, "value", "baseline", "median", "floor", "goal", "ratio", "unit")
               if any(k in f for f in figures)]
    numeric = {k: any(isinstance(f.get(k), (int, float)) for f in figures) for k in columns}
    mark = {k: {"class_": "n"} if numeric[k] else {} for k in columns}
    rows = element("tr", "".join(element("th", k, **mark[k]) for k in columns))
    for figure in figures:
        cells = (number(figure.get(k)) if k not in ("payload", "viewers", "tracks", "burst", "workers") else str(figure.get(k, ""))
                 for k in columns)
        rows += element("tr", "".join(element("td", html.escape(c), **mark[k]) for c, k in zip(cells, columns)))
    return element("table", rows)


def page(lines):
    machine = next((f for f in lines if f["figure"] == "machine"), {})
    missing = [f for f in lines if f["figure"] == "not measured"]
    figures = [f for f in lines if f["figure"] not in ("machine", "not measured")]
    title = machine.get("command", "bench")
    parts = [element("h1", html.escape(title))]
    about = " · ".join(f"{k.replace('_', ' ')}: {v}" for k, v in machine.items() if k not in ("figure", "command"))
    parts.append(element("p", html.escape(about), class_="note"))
    for heading, plot, note in sections([f for f in figures if f.get("value", 0) > 0 or "link" in f]):
        parts += [element("h2", html.escape(heading)), plot, element("p", note, class_="note")]
    if missing:
        items = "".join(element("li", html.escape(f'{f["of"]} {f["port"]}: {f["reason"]}')) for f in missing)
        parts += [element("h2", "Not measured"), element("ul", items)]
    parts += [element("h2", "All figures"), table(figures)]
    head = element("title", html.escape(title)) + element("style", STYLE) + '<meta charset="utf-8">'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>\n'


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as source:
        lines = [json.loads(text_line) for text_line in source if text_line.strip()]
    with open(sys.argv[2], "w", encoding="utf-8") as target:
        target.write(page(lines))


main()
