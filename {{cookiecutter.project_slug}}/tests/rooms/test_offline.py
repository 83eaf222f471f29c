"""Nothing that this project serves or writes fetches anything from elsewhere: a real browser's network log says so."""

from itertools import product
from pathlib import Path

import pytest

import browser
from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.reporting.status import render
from mlsystem.serving.run import Running
from mlsystem.settings import Project, Settings
from mlsystem.source.deliver import deliver
from mlsystem.validation.offline_pages import offline
from mlsystem.validation.validate import validate
from planted_rows import NO_SUCH_VALUE, rule_of, with_values
from questions import DAY
from system_states import NOW, WELL

ASKED = PROBLEM.asked_of
LOOPBACK = "http://127.0.0.1:"
KINDS = ("expectations", "validations")


def test_every_page_of_the_data_docs_is_read_without_a_network(validated, tmp_path: Path):  # type: ignore[no-untyped-def]
    site = next((validated.settings.validated_dir / "docs").rglob("local_site"))
    pages = sorted(site.rglob("*.html"))
    suite, result = (next(p for p in pages if {kind, ASKED} & {*p.parts, p.stem} == {kind, ASKED}) for kind in KINDS)
    kinds = {site / "index.html": ASKED, suite: PROBLEM.id_column, result: PROBLEM.id_column}

    assert len(pages) > 10
    for page in pages:
        assert "<script" not in page.read_text()
    for number, (page, said) in enumerate(kinds.items()):
        (folder := tmp_path / str(number)).mkdir()
        assert browser.fetched(page.as_uri(), folder) == set()
        assert said in browser.show(page, 1280, folder).text


def test_the_data_docs_are_styled_fit_their_screen_and_offer_no_button_that_does_nothing(
    own_settings: Settings, tmp_path: Path
):
    table, rule = rule_of("in_set")
    deliver([DAY], own_settings.source_dir)
    delivered = storage.Partitions(own_settings.source_dir / table.name)
    spoilt = with_values(rule.columns[0], {0: NO_SUCH_VALUE})(delivered.read([DAY]))  # so that a page has a failure
    delivered.write(DAY, spoilt, "spoilt")
    validate([DAY], own_settings.source_dir, own_settings.validated_dir)
    site = next((own_settings.validated_dir / "docs").rglob("local_site"))
    pages = [site / "index.html", *site.rglob(f"{ASKED}.html"), *site.rglob(f"{table.name}-{table.name}.html")]

    for number, (page, width) in enumerate(product(pages, browser.WIDTHS)):
        (folder := tmp_path / str(number)).mkdir()
        shown = browser.show(page, width, folder)
        assert shown.faults(width) == [], (page, width)
        assert "Failed Only" not in shown.text
        assert "Show more info" not in shown.text
    assert len(pages) == 3
    assert "border-collapse" in pages[2].read_text()


@pytest.mark.parametrize("host", ["fonts.googleapis.com", "www.googletagmanager.com", "cdn.example"])
def test_a_page_that_fetches_from_elsewhere_would_be_found(tmp_path: Path, host: str):
    page = tmp_path / "page.html"
    page.write_text(f'<img src="https://{host}/one.png">')

    assert browser.fetched(page.as_uri(), tmp_path) == {f"https://{host}/one.png"}


def test_the_reports_are_read_without_a_network(system, tmp_path: Path):  # type: ignore[no-untyped-def]
    (tmp_path / "status.html").write_text(render(WELL, Project(), NOW))
    for page in (system.settings.reports_dir / "report.html", tmp_path / "status.html"):
        assert browser.fetched(page.as_uri(), tmp_path) == set()


@pytest.mark.parametrize("page", ["/", "/model", "/docs.json", "/metrics"])
def test_the_services_pages_ask_nobody_but_the_service(service: Running, page: str, tmp_path: Path):
    asked = browser.fetched(f"{service.url}{page}", tmp_path)

    assert asked
    assert {one for one in asked if not one.startswith(LOOPBACK)} == set()


def test_a_page_that_asks_somebody_else_is_seen_and_is_mended(tmp_path: Path):
    page = tmp_path / "page.html"
    page.write_text("""<html><head></head><style>body{background:url(http://b.invalid/x.png)}</style>
        <script src="http://a.invalid/a.js"></script><img src="http://c.invalid/c.png">so it is</html>""")

    before = browser.fetched(page.as_uri(), tmp_path)
    page.write_text(offline(page.read_text()))

    assert {one.split("/")[2] for one in before} == {"a.invalid", "b.invalid", "c.invalid"}
    assert browser.fetched(page.as_uri(), tmp_path) == set()
    assert "so it is" in page.read_text()
