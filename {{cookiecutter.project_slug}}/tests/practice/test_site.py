"""The site: every link leads to a file of it, nothing is fetched from elsewhere, and it can be published."""

import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml

import browser
from mlsystem.practice import record
from mlsystem.practice.defence import brief, markdown, site, stories
from mlsystem.practice.defence.brief_check import BriefBroken
from mlsystem.practice.defence.figures import Sources
from mlsystem.practice.defence.site import NothingToShow
from mlsystem.settings import ROOT

FETCHED = {"img": "src", "script": "src", "link": "href", "iframe": "src", "source": "src", "object": "data"}


class Page(HTMLParser):
    """What a page links to and fetches, and the places in it that can be linked to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links, self.fetched, self.ids = list[str](), list[str](), set[str]()
        text = path.read_text(encoding="utf-8")
        self.feed(text)
        self.fetched += re.findall(r"(?:@import|url\()\s*['\"]?(?!#)([^'\")]+)", text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if found.get("id"):
            self.ids.add(str(found["id"]))
        if tag == "a" and found.get("href"):
            self.links.append(str(found["href"]))
        if found.get(FETCHED.get(tag, "")):
            self.fetched.append(str(found[FETCHED[tag]]))


def broken(folder: Path) -> list[str]:
    """Every link from page to page, beginning with the first, that leads nowhere or out; and all that is fetched."""
    faults, left, seen = list[str](), [folder / "index.html"], set[Path]()
    while left:
        path = left.pop()
        if path in seen:
            continue
        seen.add(path)
        page = Page(path)
        faults += [f"{path.name} fetches {one}" for one in page.fetched]
        for link in page.links:
            parts = urlsplit(unescape(link))
            target = path if not parts.path else (path.parent / unquote(parts.path)).resolve()
            if parts.scheme or parts.netloc or not target.is_file() or not target.is_relative_to(folder):
                faults.append(f"{path.name} links to {link}")
            elif target.suffix == ".html":
                left += [target] if target not in seen else []
                if parts.fragment and parts.fragment not in Page(target).ids:
                    faults.append(f"{path.name} links to {link}, which is no place there")
    lost = set(folder.rglob("*.html")) - seen
    return faults + [f"no page leads to {path.name}" for path in lost]


@pytest.fixture
def written(sources: Sources) -> Path:
    """A site with a drill and its post-mortem."""
    record.add("drill", {"drill": "silent_feed", "seed": 1, "minutes": 8.0}, sources.record_folder)
    folder = sources.record_folder / stories.POST_MORTEMS
    folder.mkdir()
    (folder / "silent_feed.md").write_text(
        "# A silent feed\n\nIt [was](../../docs/decisions/0025-freshness-is-of-source-tables.md) silent; see "
        "[this](https://example.org) and [that](gone.md).\n\n<script>alert(1)</script>\n\n## What I learned\nTo look.\n"
    )
    return site.write_site(sources).parent.resolve()


def test_every_link_works_offline_and_no_page_is_lost(written: Path):
    assert broken(written) == []
    assert len(list(written.rglob("*.html"))) > 30


def test_it_has_the_brief_the_evidence_the_run_decisions_and_incidents(written: Path):
    index = (written / "index.html").read_text()

    assert {"report.html", "brief.html", "evidence.html", "drills.html"} <= {path.name for path in written.iterdir()}
    assert "post-mortems/silent_feed.html" in index
    assert re.search(r"A year in the life: not measured.*<code>(make )?year</code>", index)
    assert "8.0 minutes" in (written / "drills.html").read_text()
    assert "To look." in (written / "drills.html").read_text()
    assert (written / "files/practice/record.jsonl").exists()


def test_a_post_mortem_links_within_the_site_alone_and_runs_no_script(written: Path):
    page = (written / "practice/post-mortems/silent_feed.html").read_text()

    assert 'href="../../decisions/0025-freshness-is-of-source-tables.html"' in page
    assert "example.org" not in page
    assert "gone.md" not in page
    assert "&lt;script&gt;" in page
    assert "<script>" not in page


@pytest.mark.parametrize(
    ("planted", "fault"),
    [
        ('<a href="gone.html">x</a>', "links to gone.html"),
        ('<a href="https://example.org">x</a>', "links to https://example.org"),
        ('<a href="../../secret.txt">x</a>', "links to ../../secret.txt"),
        ('<a href="#gone">x</a>', "links to #gone, which is no place there"),
        ('<img src="https://example.org/x.png">', "fetches https://example.org/x.png"),
        ("<style>@import 'https://example.org/x.css'</style>", "fetches https://example.org/x.css"),
    ],
)
def test_a_link_that_leads_nowhere_or_out_would_be_found(tmp_path: Path, planted: str, fault: str):
    (tmp_path / "index.html").write_text(f'<p id="there">{planted}<a href="#there">y</a></p>')

    assert broken(tmp_path.resolve()) == [f"index.html {fault}"]


def test_a_page_that_nothing_leads_to_would_be_found(tmp_path: Path):
    (tmp_path / "index.html").write_text("")
    (tmp_path / "lost.html").write_text("")

    assert broken(tmp_path.resolve()) == ["no page leads to lost.html"]


def test_a_site_written_again_has_nothing_of_the_one_before(written: Path, sources: Sources):
    (written / "old.html").write_text("old")

    site.write_site(sources)

    assert not (written / "old.html").exists()


def test_without_a_run_it_says_what_to_run(sources: Sources):
    (sources.settings.reports_dir / "run.json").unlink()

    with pytest.raises(NothingToShow, match="`make demo`"):
        site.write_site(sources)


def test_a_brief_that_does_not_hold_is_not_published(sources: Sources):
    sources.record_folder.mkdir()
    (sources.record_folder / "claims.toml").write_text(
        "[[claim]]\nid = 'mine'\nstep = 'next'\nminutes = 2\ntopic = 'Mine'\nsay = 'It is good.'\n"
    )

    with pytest.raises(BriefBroken, match="'mine' cites nothing"):
        site.write_site(sources)
    assert not (sources.settings.reports_dir / site.FOLDER).exists()


def test_a_link_in_markdown_leads_where_it_is_told_or_becomes_text():
    text = "[a](x.md) **[b](https://e.org)** [c](y.md)"

    told = markdown.as_html(text, {"x.md": "x.html"}.get)

    assert str(told) == '<p><a href="x.html">a</a> <strong>b</strong> c</p>\n'


def test_the_workflow_publishes_the_folder_that_the_task_writes():
    text = (ROOT / ".github/workflows/practice.yml").read_text(encoding="utf-8")
    (job,) = yaml.safe_load(text)["jobs"].values()

    paths = [step["with"]["path"] for step in job["steps"] if "upload-pages-artifact" in step.get("uses", "")]

    assert paths == [f"reports/{site.FOLDER}"]
    assert "make site" in [step.get("run") for step in job["steps"]]
    assert all("@v" in step["uses"] for step in job["steps"] if "uses" in step)


@pytest.mark.slow
@pytest.mark.parametrize("width", browser.WIDTHS)
@pytest.mark.parametrize("page", ["index.html", "drills.html", "decisions/0008-bentoml-behind-a-guard.html"])
def test_the_pages_fit_their_screen(written: Path, tmp_path: Path, page: str, width: int):
    assert browser.show(written / page, width, tmp_path).faults(width) == []


@pytest.mark.slow
def test_the_browser_asks_nobody_for_the_sites_pages(written: Path, tmp_path: Path):
    for name in ("index.html", "brief.html"):
        assert browser.fetched((written / name).as_uri(), tmp_path) == set()


def test_the_brief_of_the_site_is_the_one_that_was_checked(written: Path, sources: Sources):
    assert (written / "brief.html").read_text() == (sources.settings.reports_dir / f"{brief.NAME}.html").read_text()
