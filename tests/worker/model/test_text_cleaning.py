"""Texts that people mean to be the same have the same tokens."""

import pytest

from tests.tiny_kin import save_tiny_siglip
from tests.tiny_model import save_tiny_model
from worker.model.loader import load_model
from worker.model.text_cleaning import compatible, plain


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("you\u2019re", "you're"),
        ("you\u00b4re", "you're"),
        ("\u201cdog\u201d \u201edog\u201c \u00abdog\u00bb", '"dog" "dog" "dog"'),
        ("black\u2013white \u2014 dog \u2212 5", "black-white - dog - 5"),
        ("5\u2032 6\u2033", "5' 6\""),
        ("wait\u2026", "wait..."),
        ("salt &amp; pepper &amp;amp; oil", "salt & pepper & oil"),
        ("&lt;3 you&#39;re &quot;dog&quot;", '<3 you\'re "dog"'),
        ("  a\u00a0dog\u2003on\nthe\tbeach ", "a dog on the beach"),
        ("be\u00adach\u200b \ufeffdog\u200f", "beach dog"),
        ("cafe\u0301", "caf\u00e9"),
        ("AT&T, R&D; 50% <b>", "AT&T, R&D; 50% <b>"),
        (
            "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f",
            "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f",
        ),
        ("日本\uff0c東京", "日本\uff0c東京"),
        ("", ""),
    ],
)
def test_typography_is_that_of_a_keyboard(written, meant):
    assert plain(written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("\ufb01sh \uff24\uff2f\uff27\uff01", "fish DOG!"),
        ("m\u00b2 \u00bd \u2460", "m2 1/2 1"),
        ("you\uff07re", "you're"),
        ("you\u2019re", "you're"),
    ],
)
def test_compatibility_forms_are_resolved_for_clip(written, meant):
    assert compatible(written) == meant
    assert compatible(meant) == meant


@pytest.mark.parametrize("save", [save_tiny_model, save_tiny_siglip])
def test_both_spellings_have_the_same_tokens(tmp_path, save):
    tokenizer = load_model(str(save(tmp_path / "model") or tmp_path / "model")).tokenizer
    typographic, typewriter, other = (
        tokenizer.tokenize([text])["input_ids"].tolist() for text in ("a\u2019b \u2014 c", "a'b - c", "abc")
    )
    assert typographic == typewriter
    # Control: other characters have other tokens.
    assert typewriter != other
    assert tokenizer.count("a\u2019b &amp; c") == tokenizer.count("a'b & c")
