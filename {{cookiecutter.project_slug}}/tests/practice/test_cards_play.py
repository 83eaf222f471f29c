"""Dealing and checking cards: what goes on record, and how long it took is read from there."""

from datetime import timedelta
from pathlib import Path

import pytest

from mlsystem.practice import record
from mlsystem.practice.tradeoffs.cards import play
from mlsystem.practice.tradeoffs.cards.card import Card, Target
from mlsystem.practice.tradeoffs.cards.deck import CARDS
from mlsystem.practice.tradeoffs.cards.play import Hand
from mlsystem.settings import Settings


def test_a_card_is_dealt_with_its_page_and_a_check_of_an_empty_project_fails(own_settings: Settings, tmp_path: Path):
    page = play.deal(own_settings, "miss-costs", tmp_path / "record")

    assert not play.check(own_settings, tmp_path / "record")

    (hand,) = play.hands(tmp_path / "record")
    assert len(hand.checks) == 1
    assert not hand.is_met
    assert "1 try" in hand.standing()
    assert CARDS["miss-costs"].title in page.read_text()
    assert "fails" in page.read_text()


def test_the_next_card_comes_when_the_one_on_the_table_is_met(own_settings: Settings, tmp_path: Path):
    play.deal(own_settings, None, tmp_path)
    with pytest.raises(play.NoCard, match="is on the table"):
        play.deal(own_settings, None, tmp_path)
    record.add(play.CHECKED, {"hand": 0, "card": "miss-costs", "failing": []}, tmp_path)

    play.deal(own_settings, None, tmp_path)

    assert [hand.card.name for hand in play.hands(tmp_path)] == [*CARDS][:2]


def test_how_long_a_card_took_goes_to_its_first_green_check(own_settings: Settings, tmp_path: Path):
    play.deal(own_settings, "miss-costs", tmp_path)
    (dealt,) = play.hands(tmp_path)
    checks = [
        {"at": (dealt.dealt_at + timedelta(minutes=minutes)).isoformat(), "failing": failing}
        for minutes, failing in ((10, ["one"]), (50, []), (90, []))
    ]

    hand = Hand(0, dealt.card, dealt.dealt_at, dealt.terms, tuple(checks))

    assert hand.took == timedelta(minutes=50)
    assert hand.standing() == "met after 50 minutes and 3 tries, asked were 45"


def test_no_card_on_the_table_and_no_card_of_that_name_are_told(own_settings: Settings, tmp_path: Path):
    with pytest.raises(play.NoCard, match="ARGS=deal"):
        play.check(own_settings, tmp_path)
    with pytest.raises(play.NoCard, match="miss-costs"):
        play.deal(own_settings, "a joker", tmp_path)


def test_what_is_told_of_a_check_names_the_target_that_fails(capsys: pytest.CaptureFixture):
    play.tell([Target("one thing holds", True, "all of it"), Target("another holds", False, "3 of 4")])

    said = capsys.readouterr().out
    assert "FAILS  another holds (3 of 4)" in said
    assert "met    one thing holds" in said


def test_a_card_is_plain_data_and_two_functions():
    assert all(isinstance(card, Card) for card in CARDS.values())
