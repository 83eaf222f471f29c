"""A real browser's look at a page: how wide it lays it out, and what it complains of."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]
BROWSERS_OWN = ("googleapis.com", "google.com", "gvt1.com")  # what the browser asks for itself, whatever it shows
WIDTHS = [390, 1280]  # a telephone and a laptop


@dataclass(frozen=True)
class Shown:
    """`needs` is how wide the content is laid out: more than the window's width scrolls sideways."""

    needs: int
    complaints: list[str]
    text: str  # of the page as it was laid out
    widest_table: int  # with what its frame hides until it is scrolled


def show(page: Path, width: int, folder: Path) -> Shown:
    """The page in a window of that width; `folder` is the browser's own. Skips the test where there is no browser."""
    if CHROMIUM is None:
        pytest.skip("this test needs a browser: install chromium (Debian's package has that name)")
    frame = folder / "frame.html"
    frame.write_text(
        f'<iframe id="f" src="{page.as_uri()}" style="width:{width}px;height:800px;border:0"></iframe>'
        '<p id="w"></p><pre id="t"></pre><script>'
        'f.onload = () => { w.textContent = "wide:" + f.contentDocument.documentElement.scrollWidth;'
        'const tables = [...f.contentDocument.querySelectorAll("table")].map(one => one.scrollWidth);'
        'w.textContent += " table:" + Math.max(0, ...tables);'
        "t.textContent = f.contentDocument.body.innerText }"
        "</script>"
    )
    flags = ["--allow-file-access-from-files", "--virtual-time-budget=5000", f"--user-data-dir={folder / 'profile'}"]
    command = [CHROMIUM, "--headless", "--no-sandbox", *QUIET, *flags, "--enable-logging=stderr", "--dump-dom"]
    shown = subprocess.run([*command, frame.as_uri()], capture_output=True, text=True, check=True)
    measured = re.search(r"wide:(\d+) table:(\d+)", shown.stdout)
    assert measured, shown.stdout[-500:]
    complaints = [line for line in shown.stderr.splitlines() if ":CONSOLE" in line]
    text = shown.stdout.split('<pre id="t">')[-1].split("</pre>")[0]
    return Shown(int(measured[1]), complaints, text, int(measured[2]))


def fetched(url: str, folder: Path) -> set[str]:
    """Every address that the browser asked for while it showed this one, by its own network log."""
    if CHROMIUM is None:
        pytest.skip("this test needs a browser: install chromium (Debian's package has that name)")
    log = folder / "net.json"
    flags = [f"--log-net-log={log}", f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=5000"]
    command = [CHROMIUM, "--headless", "--no-sandbox", *QUIET, "--disable-component-update", *flags, "--dump-dom", url]
    subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    asked = re.findall(r'"url":"((?:https?|wss?|ftp)://[^"]+)"', log.read_text(errors="replace"))
    return {one for one in asked if not any(host in one for host in BROWSERS_OWN)}
