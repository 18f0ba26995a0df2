"""Sentences in two languages, and the errors that carry them."""

from __future__ import annotations

from codes.errors import YimaError
from codes.words import Words


def test_both_languages_on_one_line_chinese_first():
    words = Words("端口被占用。", "The port is in use.")

    assert str(words) == "端口被占用。 / The port is in use."
    assert (words.of("zh"), words.of("en")) == ("端口被占用。", "The port is in use.")


def test_an_error_carries_its_words_code_and_next_step():
    words = Words("端口被占用。", "The port is in use.")
    error = YimaError(words)

    assert str(error) == str(words)
    assert error.words is words
    assert error.code == "yima.error"
    assert error.next_step.en
