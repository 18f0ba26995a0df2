"""What is known of a settlement, cell by cell."""

from __future__ import annotations

import itertools

import pytest

from rules.settling import TABLE, News, NotNowError, Standing, after, is_open_question, told

S, N = Standing, News
EVERY_CELL = list(itertools.product(Standing, News))


@pytest.mark.parametrize(("standing", "news"), EVERY_CELL)
def test_each_cell_leads_on_or_is_refused_in_words(standing, news):
    if (standing, news) in TABLE:
        assert after(standing, news) is TABLE[standing, news]
    else:
        with pytest.raises(NotNowError) as caught:
            after(standing, news)
        assert told(standing).zh in caught.value.words.zh


@pytest.mark.parametrize("standing", [one for one in Standing if one is not S.NONE])
def test_nothing_is_asked_for_twice(standing):
    with pytest.raises(NotNowError):
        after(standing, N.ASKED)


@pytest.mark.parametrize("standing", [S.NONE, S.ASKED, S.UNKNOWN, S.UNDOING, S.UNDOING_UNKNOWN, S.UNDONE])
def test_only_what_is_settled_is_cancelled(standing):
    with pytest.raises(NotNowError):
        after(standing, N.UNDO)


def test_what_is_unknown_never_becomes_settled_or_nothing_without_being_told():
    for standing in (S.UNKNOWN, S.UNDOING_UNKNOWN):
        assert after(standing, N.UNANSWERED) is standing
        with pytest.raises(NotNowError):
            after(standing, N.NOT_SENT)


def test_every_open_question_can_be_answered_and_nothing_else_is_open():
    for standing in Standing:
        answers = {after(standing, news) for news in (N.AGREED, N.REFUSED) if (standing, news) in TABLE}
        assert bool(answers) == is_open_question(standing)
        assert not any(is_open_question(one) for one in answers)


def test_a_reversed_cancellation_leaves_the_settlement_standing():
    assert after(S.UNDOING_UNKNOWN, N.REVERSED) is S.SETTLED
    assert after(S.UNKNOWN, N.REVERSED) is S.NONE


def test_every_standing_can_be_reached():
    reached, todo = {S.NONE}, [S.NONE]
    while todo:
        here = todo.pop()
        for to in {to for (standing, _), to in TABLE.items() if standing is here} - reached:
            reached.add(to)
            todo.append(to)
    assert reached == set(Standing)
