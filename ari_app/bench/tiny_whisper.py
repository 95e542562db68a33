"""Whisper models that are made on the spot, for tests and measurements on machines that have no real one.

``build_tiny_whisper``: a megabyte that says one sentence whatever it hears. ``build_random_whisper``: random weights of
a realistic size, which does the work of a real model and says gibberish.

The decoder of the first is a chain: the state of a token is a unit vector of its own, every layer adds nothing, and
the output projection points from each token to the one that has to follow. CTranslate2 (4.7 and later) calls a model
multilingual when its vocabulary has an empty token.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTH = 64
"""Of the model that says one sentence."""
MELS = 80
HEADS = 2
START, END = "<|startoftranscript|>", "<|endoftext|>"
TIMES = [f"<|{step * 0.02:.2f}|>" for step in range(1501)]


def build_tiny_whisper(folder: Path, sentence: str, language: str = "en") -> Path:
    """Write a model that transcribes every sound as ``sentence``; multilingual unless ``language`` is ``en``."""
    from ctranslate2.specs import whisper_spec

    folder.mkdir(parents=True, exist_ok=True)
    multilingual = language != "en"
    pieces = _pieces(sentence, multilingual)
    plain, special = _vocabulary(pieces, multilingual)
    vocabulary = plain + special + TIMES
    _write_tokenizer(folder / "tokenizer.json", plain, special)

    random = np.random.default_rng(5)
    spec = whisper_spec.WhisperSpec(1, HEADS, 1, HEADS)
    _fill_encoder(spec.encoder, random, WIDTH)
    _fill_decoder(spec.decoder, random)
    embeddings, projection = _chain(pieces, vocabulary, language, multilingual)
    spec.decoder.embeddings.weight = embeddings
    spec.decoder.projection.weight = projection
    spec.decoder.projection.bias = np.zeros(len(vocabulary), np.float32)
    _save(spec, folder, vocabulary, HEADS)
    return folder


def build_random_whisper(
    folder: Path, *, layers: int = 4, width: int = 384, heads: int = 6, words: int = 50_000, seed: int = 7
) -> Path:
    """Write a multilingual model with random weights; the defaults are the sizes of Whisper tiny (39 million weights).

    :param words: tokens besides bytes and controls; they decide the cost of each step of the decoder.
    """
    from ctranslate2.specs import whisper_spec

    folder.mkdir(parents=True, exist_ok=True)
    plain, special = _vocabulary([f"w{number}" for number in range(words)], True)
    vocabulary = plain + special + TIMES
    _write_tokenizer(folder / "tokenizer.json", plain, special)

    random = np.random.default_rng(seed)
    spec = whisper_spec.WhisperSpec(layers, heads, layers, heads)
    _fill_encoder(spec.encoder, random, width)
    _fill_random_decoder(spec.decoder, random, width)
    embeddings = random.normal(0.0, 0.05, (len(vocabulary), width)).astype(np.float32)
    spec.decoder.embeddings.weight = embeddings
    spec.decoder.projection.weight = embeddings  # as in Whisper, both are one
    bias = np.full(
        len(vocabulary), -1e3, np.float32
    )  # neither bytes nor controls: it says words, without end
    bias[len(plain) - 1 - words : len(plain) - 1] = 0.0
    spec.decoder.projection.bias = bias
    _save(spec, folder, vocabulary, heads)
    return folder


def _save(spec: Any, folder: Path, vocabulary: list[str], heads: int) -> None:
    place = {token: number for number, token in enumerate(vocabulary)}
    spec.register_vocabulary(vocabulary)
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = [place[END]]
    spec.config.lang_ids = [place[f"<|{code}|>"] for code in _languages()]
    spec.config.alignment_heads = [[0, head] for head in range(heads)]
    spec.validate()
    spec.optimize(quantization=None)
    spec.save(str(folder))
    features = {
        "feature_size": MELS,
        "sampling_rate": 16_000,
        "hop_length": 160,
        "chunk_length": 30,
        "n_fft": 400,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(features))


def _languages() -> list[str]:
    from faster_whisper.tokenizer import _LANGUAGE_CODES

    return [code for code in _LANGUAGE_CODES if code != "yue"]


def _as_symbols(text: str) -> str:
    from tokenizers import pre_tokenizers

    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return "".join(piece for piece, _ in byte_level.pre_tokenize_str(text))


def _pieces(sentence: str, multilingual: bool) -> list[str]:
    """One token for each English word (all different), one for a whole Chinese sentence."""
    words = [sentence] if multilingual else [f" {word}" for word in sentence.split()]
    assert len(set(words)) == len(words) < WIDTH - 8
    return [_as_symbols(word) for word in words]


def _vocabulary(pieces: list[str], multilingual: bool) -> tuple[list[str], list[str]]:
    from tokenizers import pre_tokenizers

    plain = sorted(pre_tokenizers.ByteLevel.alphabet())
    plain += [piece for piece in pieces if piece not in plain]
    plain += [""] if multilingual else []
    tasks = ["translate", "transcribe", "startoflm", "startofprev", "nospeech", "notimestamps"]
    return plain, [END, START] + [f"<|{word}|>" for word in _languages() + tasks]


def _write_tokenizer(path: Path, plain: list[str], special: list[str]) -> None:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    tokenizer = Tokenizer(models.BPE(vocab={token: number for number, token in enumerate(plain)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    tokenizer.add_tokens([AddedToken(token, special=False, normalized=False) for token in TIMES])
    tokenizer.save(str(path))


def _norm(layer: Any, width: int = WIDTH) -> None:
    layer.gamma = np.ones(width, np.float32)
    layer.beta = np.zeros(width, np.float32)


def _linear(layer: Any, outputs: int, inputs: int, random: np.random.Generator | None) -> None:
    """Random weights; none at all without ``random``."""
    weight = np.zeros((outputs, inputs)) if random is None else random.normal(0.0, 0.02, (outputs, inputs))
    layer.weight = weight.astype(np.float32)
    layer.bias = np.zeros(outputs, np.float32)


def _fill_encoder(encoder: Any, random: np.random.Generator, width: int) -> None:
    for convolution, inputs in ((encoder.conv1, MELS), (encoder.conv2, width)):
        convolution.weight = random.normal(0.0, 0.02, (width, inputs, 3)).astype(np.float32)
        convolution.bias = np.zeros(width, np.float32)
    encoder.position_encodings.encodings = random.normal(0.0, 0.02, (1500, width)).astype(np.float32)
    _norm(encoder.layer_norm, width)
    for layer in encoder.layer:
        _fill_self_attention(layer.self_attention, random, width)
        _fill_feed_forward(layer.ffn, random, width)


def _fill_self_attention(attention: Any, random: np.random.Generator, width: int) -> None:
    _norm(attention.layer_norm, width)
    _linear(attention.linear[0], 3 * width, width, random)
    _linear(attention.linear[1], width, width, random)


def _fill_feed_forward(ffn: Any, random: np.random.Generator, width: int) -> None:
    _norm(ffn.layer_norm, width)
    _linear(ffn.linear_0, 4 * width, width, random)
    _linear(ffn.linear_1, width, 4 * width, random)


def _fill_random_decoder(decoder: Any, random: np.random.Generator, width: int) -> None:
    decoder.position_encodings.encodings = random.normal(0.0, 0.02, (448, width)).astype(np.float32)
    _norm(decoder.layer_norm, width)
    for layer in decoder.layer:
        _fill_self_attention(layer.self_attention, random, width)
        _fill_feed_forward(layer.ffn, random, width)
        _norm(layer.attention.layer_norm, width)
        _linear(layer.attention.linear[0], width, width, random)
        _linear(layer.attention.linear[1], 2 * width, width, random)
        _linear(layer.attention.linear[2], width, width, random)
        # What is heard weighs more than the words before it, so that other sound gives other words.
        layer.attention.linear[2].weight *= 20.0


def _fill_decoder(decoder: Any, random: np.random.Generator) -> None:
    """Whatever a layer computes, its last step multiplies it by zero."""
    decoder.position_encodings.encodings = np.zeros((448, WIDTH), np.float32)
    _norm(decoder.layer_norm)
    for layer in decoder.layer:
        for part in (layer.self_attention, layer.attention, layer.ffn):
            _norm(part.layer_norm)
        _linear(layer.self_attention.linear[0], 3 * WIDTH, WIDTH, random)
        _linear(layer.self_attention.linear[1], WIDTH, WIDTH, None)
        _linear(layer.attention.linear[0], WIDTH, WIDTH, random)
        _linear(layer.attention.linear[1], 2 * WIDTH, WIDTH, random)
        _linear(layer.attention.linear[2], WIDTH, WIDTH, None)
        _linear(layer.ffn.linear_0, 4 * WIDTH, WIDTH, random)
        _linear(layer.ffn.linear_1, WIDTH, 4 * WIDTH, None)


def _chain(
    pieces: list[str], vocabulary: list[str], language: str, multilingual: bool
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Embeddings and projection: which token follows which. The layer norm lets a unit vector grow to about 8."""
    steps: list[tuple[str, str, float]] = []
    if multilingual:
        steps.append((START, f"<|{language}|>", 1.0))
    for task in ("<|transcribe|>", "<|translate|>") if multilingual else (START,):
        steps += [(task, TIMES[0], 1.0), (task, pieces[0], 0.75)]
    steps += [("<|notimestamps|>", pieces[0], 1.0), (TIMES[0], pieces[0], 1.0)]
    steps += [(one, other, 1.0) for one, other in pairwise(pieces)]
    steps += [(pieces[-1], TIMES[50], 1.0), (pieces[-1], END, 0.75), (TIMES[50], END, 1.0)]

    place = {token: number for number, token in enumerate(vocabulary)}
    states = {token: number for number, token in enumerate(dict.fromkeys(step[0] for step in steps))}
    embeddings = np.zeros((len(vocabulary), WIDTH), np.float32)
    projection = np.zeros((len(vocabulary), WIDTH), np.float32)
    for token, state in states.items():
        embeddings[place[token], state] = 1.0
    for token, following, weight in steps:
        projection[place[following], states[token]] = 5.0 * weight
    return embeddings, projection
