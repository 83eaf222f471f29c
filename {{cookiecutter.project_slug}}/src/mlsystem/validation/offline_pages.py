"""Data Docs that fetch nothing: Great Expectations writes them for a browser with an internet connection.

Its pages ask seven hosts for styles, scripts and a picture, and are unstyled without. What they say is all in the HTML,
so the references go and with them the buttons that only a script could press, a few rules of style come in, and the
page's own policy forbids the browser whatever is left.
"""

import re
from html import escape
from pathlib import Path
from urllib.parse import quote

from mlsystem import storage

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
GONE = re.compile(
    r"<script\b.*?</script>|<noscript\b.*?</noscript>|<link\b[^>]*>|<img\b[^>]*>|<footer\b.*?</footer>|@import[^;]*;",
    re.DOTALL | re.IGNORECASE,
)
OUTSIDE = re.compile(r"url\(\s*['\"]?(?!data:)[^)]*\)", re.IGNORECASE)
HANDLER = re.compile(r'\s+on[a-z]+="[^"]*"')
STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#222;max-width:1100px;margin:auto;padding:1rem}
a{color:#0b5394}.table-responsive,.show-scrollbars{overflow-x:auto;max-width:100%}
table{border-collapse:collapse;width:100%}
td,th{border:1px solid #ccc;padding:.3rem .5rem;text-align:left;vertical-align:top}td td,td th{overflow-wrap:anywhere}
@media(max-width:500px){td,th{padding:.15rem .25rem;overflow-wrap:anywhere}}
.alert,.card{border:1px solid #ccc;border-radius:4px;padding:.5rem;margin:.5rem 0}
.badge{background:#eee;border-radius:4px;padding:0 .3rem}ul,ol{padding-left:1.2rem}
.fa-check-circle::before{content:"\\2713";color:#18794e}.fa-times::before{content:"\\2717";color:#b3261e}
.fa-exclamation-triangle::before{content:"!";color:#9a6700}.d-none,.modal,.collapse:not(.show) .btn,button{display:none}
.card:has(input[type=radio]),a[data-toggle]{display:none}
"""


def make_offline(folder: Path) -> None:
    """Rewrite every page below `folder`; doing it again changes nothing."""
    for path in sorted(folder.rglob("*.html")):
        page = path.read_text(encoding="utf-8")
        if POLICY not in page:
            page = page.replace("</body>", f"{_contents(path)}</body>") if path.name == "index.html" else page
            storage.write_text(path, offline(page))


def _contents(index: Path) -> str:
    """Links to all pages below the index's folder: its own tables are made by the scripts that go."""
    pages = (page.relative_to(index.parent) for page in sorted(index.parent.rglob("*.html")) if page != index)
    named = {quote(page.as_posix()): escape(" / ".join(page.with_suffix("").parts)) for page in pages}
    links = (f'<li><a href="{address}">{name}</a></li>' for address, name in named.items())
    return f"<ul>{''.join(links)}</ul>"


def offline(page: str) -> str:
    """The page without anything that a browser would fetch."""
    page = HANDLER.sub("", OUTSIDE.sub("none", GONE.sub("", page)))
    head = f'<head>\n<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n<style>{STYLE}</style>'
    return page.replace("<head>", head, 1)
