"""A real browser's look at a page: how wide it lays it out, and what it complains of."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]
BROWSERS_OWN = {  # whom the browser asks for itself, whatever it shows, about:blank too
    "accounts.google.com",
    "clients2.google.com",
    "content-autofill.googleapis.com",
    "edgedl.me.gvt1.com",
    "redirector.gvt1.com",
    "update.googleapis.com",
}
RAW = re.compile(r"\b\d+\.\d{6,}|[\d.]+[eE][+-]\d+|\bnan\b|\binf(?:inity)?\b", re.IGNORECASE)
WIDTHS = [390, 1280]  # a telephone and a laptop


@dataclass(frozen=True)
class Shown:
    """`needs` is how wide the content is laid out: more than the window's width scrolls sideways."""

    needs: int
    complaints: list[str]
    text: str  # of the page as it was laid out
    hidden: int  # pixels of what a frame hides at its side until it is scrolled; of the page's worst frame
    hollow: int  # rows and cells of tables that take the height of two lines and say nothing

    @property
    def raw_numbers(self) -> list[str]:
        """What no person writes: 0.30000000000000004, 1.036e+04, NaN, infinity."""
        return RAW.findall(self.text)

    def faults(self, width: int) -> list[str]:
        """All that is wrong with a page in a window of that width."""
        said = {"beyond the edge": max(0, self.needs - width), "hidden by a frame": self.hidden, "hollow": self.hollow}
        return [f"{what}: {found}" for what, found in said.items() if found] + self.complaints + self.raw_numbers


def show(page: Path, width: int, folder: Path) -> Shown:
    """The page in a window of that width; `folder` is the browser's own. Skips the test where there is no browser."""
    if CHROMIUM is None:
        pytest.skip("this test needs a browser: install chromium (Debian's package has that name)")
    frame = folder / "frame.html"
    frame.write_text(
        f'<iframe id="f" src="{page.as_uri()}" style="width:{width}px;height:800px;border:0"></iframe>'
        '<p id="w"></p><pre id="t"></pre><script>'
        'f.onload = () => { w.textContent = "wide:" + f.contentDocument.documentElement.scrollWidth;'
        "const all = css => [...f.contentDocument.querySelectorAll(css)];"
        'const framed = all("body *:not(svg, svg *)").filter(one => one.clientWidth);'
        "const hidden = framed.map(one => one.scrollWidth - one.clientWidth);"
        'const silent = all("tr, td").filter(one => !one.innerText.trim() && !one.children.length);'
        "const hollow = silent.filter(one => one.offsetHeight > 60);"
        'w.textContent += " hidden:" + Math.max(0, ...hidden) + " hollow:" + hollow.length;'
        "t.textContent = f.contentDocument.body.innerText }"
        "</script>"
    )
    flags = ["--allow-file-access-from-files", "--virtual-time-budget=5000", f"--user-data-dir={folder / 'profile'}"]
    command = [CHROMIUM, "--headless", "--no-sandbox", *QUIET, *flags, "--enable-logging=stderr", "--dump-dom"]
    shown = subprocess.run([*command, frame.as_uri()], capture_output=True, text=True, check=True)
    measured = re.search(r"wide:(\d+) hidden:(\d+) hollow:(\d+)", shown.stdout)
    assert measured, shown.stdout[-500:]
    complaints = [line for line in shown.stderr.splitlines() if ":CONSOLE" in line]
    text = shown.stdout.split('<pre id="t">')[-1].split("</pre>")[0]
    return Shown(int(measured[1]), complaints, text, int(measured[2]), int(measured[3]))


def text_of(url: str, folder: Path) -> str:
    """What the page of a server that runs says, once its scripts have written it."""
    if CHROMIUM is None:
        pytest.skip("this test needs a browser: install chromium (Debian's package has that name)")
    flags = ["--virtual-time-budget=20000", f"--user-data-dir={folder / 'profile'}", "--window-size=1280,900"]
    command = [CHROMIUM, "--headless", "--no-sandbox", *QUIET, *flags, "--dump-dom", url]
    page = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    spoken = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", spoken)).split())


def fetched(url: str, folder: Path) -> set[str]:
    """Every address that the browser asked for while it showed this one, by its own network log."""
    if CHROMIUM is None:
        pytest.skip("this test needs a browser: install chromium (Debian's package has that name)")
    log = folder / "net.json"
    flags = [f"--log-net-log={log}", f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=5000"]
    command = [CHROMIUM, "--headless", "--no-sandbox", *QUIET, "--disable-component-update", *flags, "--dump-dom", url]
    subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    asked = re.findall(r'"url":"((?:https?|wss?|ftp)://[^"]+)"', log.read_text(errors="replace"))
    return {one for one in asked if urlsplit(one).hostname not in BROWSERS_OWN}
