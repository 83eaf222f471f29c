"""No word of the domain stands outside its own folders: the list is made from its declarations."""

import builtins
import keyword
import re
from pathlib import Path

import pytest

from domain_words import ORDINARY, found_in, words
from mlsystem.domain import PROBLEM
from mlsystem.settings import ROOT

KINDS = {
    "src/mlsystem/serving/planted.py": "x = '{word}'",
    "src/mlsystem/features/sql/planted.sql": "SELECT {word} FROM facts",
    "src/mlsystem/reporting/planted.html.j2": "<p>{word}</p>",
    "ops/prometheus/planted.yml": "summary: {word} is late",
    "ops/grafana/planted.json": '{{"title": "{word}"}}',
    "docs/planted.md": "The {word} is what counts.",
    "Makefile": "planted: ## Ask about {word}",
}


def test_no_file_outside_the_domains_folders_has_a_word_of_it():
    found = found_in(ROOT, words(PROBLEM))

    assert not found, f"{len(found)} lines have one; a word that is everybody's goes into {ORDINARY}:\n" + "\n".join(
        found
    )


def test_the_list_is_long_and_has_tables_columns_keys_features_and_peoples_words():
    said = words(PROBLEM)

    assert len(said) > 30
    assert PROBLEM.words.questions in said
    assert {view.name for view in PROBLEM.views} & said
    assert set(PROBLEM.keys) & said
    assert not said & ({*keyword.kwlist} | set(dir(builtins)))


@pytest.mark.parametrize("file", KINDS)
def test_a_planted_word_is_found_in_every_kind_of_file(tmp_path: Path, file: str):
    word = sorted(words(PROBLEM), key=len)[-1]
    planted = tmp_path / file
    planted.parent.mkdir(parents=True, exist_ok=True)
    planted.write_text(KINDS[file].format(word=word))

    (found,) = found_in(tmp_path, words(PROBLEM))

    assert file in found
    assert word in found


def test_a_plural_a_capital_and_a_part_of_a_name_are_found_and_other_words_are_not(tmp_path: Path):
    word = PROBLEM.words.questions
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/page.md").write_text(f"{word.capitalize()} and number_of_{word} and un{word}ly\n")

    found = found_in(tmp_path, words(PROBLEM))

    assert len(found) == 1
    assert re.search(rf"docs/page\.md:1 .*{word}", found[0])
