#!/usr/bin/env python3
"""Takes the picture of the demonstration that README.md shows, docs/demo.svg.

  make demo CYCLES=1                          (builds what is needed)
  scripts/demo-picture.py [SECONDS] [OUTPUT]  (default: 330 docs/demo.svg)

Runs `regie-sim demo` in a terminal of 120 by 34 (tmux) for so many seconds of real time, a minute
of site time each, and draws what the terminal shows. Needs Python 3 and tmux.
"""

import html
import re
import subprocess
import sys
import time

COLUMNS, ROWS = 120, 34
WIDTH, HEIGHT, MARGIN, SIZE = 8.4, 18, 12, 14
INK, PAPER, FRAME = "#d8dee9", "#1b1f27", "#6b7689"
COLOURS = ["#3b4252", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d8dee9"]
FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
DEMO = "target/release/regie-sim demo --site examples/sites/val-clair/site.yaml"
# The path of each character of a frame: left, right, centre, top, bottom, middle of its cell.
FRAMES = {
    "─": "M{l} {m}H{r}", "│": "M{c} {t}V{b}", "┌": "M{r} {m}H{c}V{b}",
    "┐": "M{l} {m}H{c}V{b}", "└": "M{r} {m}H{c}V{t}", "┘": "M{l} {m}H{c}V{t}",
}


def capture(seconds):
    """What the terminal shows after so many seconds, with its colours."""
    tmux = ["tmux", "-u", "-L", "demo-picture"]
    size = ["-x", str(COLUMNS), "-y", str(ROWS)]
    subprocess.run([*tmux, "new-session", "-d", *size, DEMO], check=True)
    try:
        time.sleep(seconds)
        shown = subprocess.run([*tmux, "capture-pane", "-p", "-e"], check=True, capture_output=True)
        return shown.stdout.decode()
    finally:
        subprocess.run([*tmux, "send-keys", "q"], check=False)
        time.sleep(3)
        subprocess.run([*tmux, "kill-server"], check=False, stderr=subprocess.DEVNULL)


def change(style, codes):
    """The style after a colour sequence: ink, paper, bold, reversed."""
    codes = [int(code or 0) for code in codes.split(";")]
    while codes:
        code = codes.pop(0)
        if code == 0:
            style = {}
        elif code in (1, 7):
            style = {**style, {1: "bold", 7: "reversed"}[code]: True}
        elif code in (22, 27):
            style = {**style, {22: "bold", 27: "reversed"}[code]: False}
        elif code in (38, 48):
            key = "ink" if code == 38 else "paper"
            if codes.pop(0) == 5:
                colour = COLOURS[codes.pop(0) % 8]
            else:
                colour = "#%02x%02x%02x" % (codes.pop(0), codes.pop(0), codes.pop(0))
            style = {**style, key: colour}
        elif code in (39, 49):
            style = {**style, {39: "ink", 49: "paper"}[code]: None}
        elif 30 <= code % 60 <= 37:
            style = {**style, "ink": COLOURS[code % 10]}
        elif 40 <= code % 60 <= 47:
            style = {**style, "paper": COLOURS[code % 10]}
    return style


def draw(part, column, row, style):
    """One stretch of text in one style. Blocks and frames are shapes, so that no font matters."""
    ink, paper = style.get("ink") or INK, style.get("paper")
    if style.get("reversed"):
        ink, paper = paper or PAPER, ink
    left, top = MARGIN + column * WIDTH, MARGIN + row * HEIGHT
    if paper:
        yield rectangle(left, top, len(part), paper)
    bold = ' font-weight="bold"' if style.get("bold") else ""
    fill = f' fill="{ink}"' if ink != INK else ""
    for piece in re.finditer(r"█+|─+|[│┌┐└┘]|[^█─│┌┐└┘\s]+(?: [^█─│┌┐└┘\s]+)*", part):
        text, x = piece.group(), left + piece.start() * WIDTH
        if text[0] == "█":
            yield rectangle(x, top, len(text), ink)
        elif text[0] in FRAMES:
            right, middle = x + len(text) * WIDTH, top + HEIGHT / 2
            cell = dict(l=x, r=right, c=x + WIDTH / 2, t=top, b=top + HEIGHT, m=middle)
            path = FRAMES[text[0]].format(**{key: f"{at:.1f}" for key, at in cell.items()})
            yield f'<path d="{path}" fill="none" stroke="{FRAME}"/>'
        else:
            yield (
                f'<text x="{x:.1f}" y="{top + 13.5:.1f}" textLength="{len(text) * WIDTH:.1f}" '
                f'lengthAdjust="spacingAndGlyphs"{fill}{bold}>{html.escape(text)}</text>'
            )


def rectangle(x, y, cells, colour):
    return f'<rect x="{x:.1f}" y="{y}" width="{cells * WIDTH:.1f}" height="{HEIGHT}" fill="{colour}"/>'


def picture(shown):
    width, height = COLUMNS * WIDTH + 2 * MARGIN, ROWS * HEIGHT + 2 * MARGIN
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" '
        f'width="{width:.0f}" height="{height}" role="img" aria-label="regie-sim demo in a terminal">'
    )
    yield f'<rect width="100%" height="100%" rx="6" fill="{PAPER}"/>'
    yield f'<g font-family="{FONT}" font-size="{SIZE}" fill="{INK}">'
    style = {}
    for row, line in enumerate(shown.split("\n")[:ROWS]):
        column = 0
        for part in re.split(r"(\x1b\[[0-9;]*m|[\x0e\x0f])", line):
            if part.startswith("\x1b"):
                style = change(style, part[2:-1])
            elif part and part not in "\x0e\x0f":
                yield from draw(part, column, row, style)
                column += len(part)
    yield "</g>"
    yield "</svg>"


if __name__ == "__main__":
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 330
    output = sys.argv[2] if len(sys.argv) > 2 else "docs/demo.svg"
    lines = list(picture(capture(seconds)))
    with open(output, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
