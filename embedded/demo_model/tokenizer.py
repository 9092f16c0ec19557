"""Builds the demo model's tokenizer: CLIP's byte-level BPE with merges learned from captions."""

# ruff: noqa: S311 - chance decides pictures and words here, no secrets

import json
from collections.abc import Iterable
from random import Random

from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer
from transformers import CLIPTokenizer

from embedded.demo_model.architecture import TEXT_POSITIONS
from embedded.scenes.captions import full_caption, short_caption, word_captions
from embedded.scenes.sampler import training_scene

WORD_END = "</w>"
BOS = "<|startoftext|>"
EOS = "<|endoftext|>"
CORPUS_SCENES = 20_000


def build_tokenizer() -> CLIPTokenizer:
    """A CLIPTokenizer in which every caption word is one token and every other text falls back to bytes.

    EOS has the largest id, so that both pooling rules of transformers find it and no byte shares its id.
    """
    alphabet = sorted(ByteLevel.alphabet())
    merges = _learn_merges(_corpus())
    pieces = [*alphabet, *(letter + WORD_END for letter in alphabet)]
    pieces += [piece for piece in ("".join(pair) for pair in merges) if piece not in set(pieces)]
    vocabulary = {piece: index for index, piece in enumerate([*dict.fromkeys(pieces), BOS, EOS])}
    return CLIPTokenizer(
        vocab=vocabulary,
        merges=merges,  # type: ignore[arg-type]  # annotated as strings, handed on to a BPE that takes pairs
        unk_token=EOS,
        bos_token=BOS,
        eos_token=EOS,
        pad_token=EOS,
        model_max_length=TEXT_POSITIONS,
    )


def _corpus() -> Iterable[str]:
    rng = Random(0)
    yield from (word.text for word in word_captions())
    for _ in range(CORPUS_SCENES):
        scene = training_scene(rng)
        yield full_caption(scene, rng).text
        yield short_caption(scene, rng).text


def _learn_merges(corpus: Iterable[str]) -> list[tuple[str, str]]:
    """The merges that turn every word of the corpus into one token, most frequent first."""
    model = CLIPTokenizer().backend_tokenizer
    learner = Tokenizer(BPE(end_of_word_suffix=WORD_END))
    learner.normalizer = model.normalizer
    learner.pre_tokenizer = model.pre_tokenizer
    trainer = BpeTrainer(
        vocab_size=8_000, min_frequency=2, end_of_word_suffix=WORD_END, initial_alphabet=ByteLevel.alphabet()
    )
    learner.train_from_iterator(corpus, trainer)
    merges = json.loads(learner.to_str())["model"]["merges"]
    return [(left, right) for left, right in merges]
