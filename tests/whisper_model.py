"""The tiny Whisper of the tests, in the forms that both engines load. bench/whisper/train.py made its weights.

Its tokenizer is Whisper's own, rebuilt from the assets of openai-whisper; its keys are renamed as Hugging Face names
them, and CTranslate2's own converter makes faster-whisper's folder of that.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parent / "data" / "whisper"


@dataclass(frozen=True)
class TinyWhisper:
    """Where its two forms lie."""

    faster: Path  # a folder for faster-whisper
    openai: Path  # a file of weights for openai-whisper


def tiny_whisper(cache: Path, source: Path = SOURCE) -> TinyWhisper:
    """Both forms, made once a checkout."""
    dims: dict[str, int] = json.loads((source / "dims.json").read_text())
    packed = (source / "weights.safetensors.gz").read_bytes()
    folder = cache / "whisper-tests" / hashlib.sha256(packed + Path(__file__).read_bytes()).hexdigest()[:12]
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".tiny-", dir=folder.parent))
        as_both(_weights(gzip.decompress(packed), dims), dims, draft)
        try:
            draft.replace(folder)
        except OSError:
            shutil.rmtree(draft)  # another process was quicker
    return TinyWhisper(folder / "faster-whisper", folder / "tiny.pt")


def _weights(packed: bytes, dims: dict[str, int]) -> dict[str, Any]:
    """The learned weights, and the sines that are the encoder's positions."""
    from safetensors.torch import load
    from whisper.model import sinusoids

    state = {name: value.float() for name, value in load(packed).items()}
    state["encoder.positional_embedding"] = sinusoids(dims["n_audio_ctx"], dims["n_audio_state"])
    return state


def as_both(state: dict[str, Any], dims: dict[str, int], folder: Path) -> TinyWhisper:
    """Weights by openai-whisper's names, written as each engine loads them."""
    import torch
    from ctranslate2.converters import TransformersConverter

    folder.mkdir(parents=True, exist_ok=True)
    torch.save({"dims": dims, "model_state_dict": state}, folder / "tiny.pt")
    transformers_form = folder / "transformers"
    transformers_form.mkdir()
    _as_transformers(state, dims, transformers_form)
    os.environ["HF_HUB_OFFLINE"] = "1"
    copied = ["tokenizer.json", "preprocessor_config.json"]
    TransformersConverter(str(transformers_form), copy_files=copied).convert(str(folder / "faster-whisper"))
    return TinyWhisper(folder / "faster-whisper", folder / "tiny.pt")


_RENAMED = (
    ("encoder.blocks", "model.encoder.layers"),
    ("decoder.blocks", "model.decoder.layers"),
    ("encoder.", "model.encoder."),
    ("decoder.", "model.decoder."),
    ("mlp.0", "fc1"),
    ("mlp.2", "fc2"),
    ("mlp_ln", "final_layer_norm"),
    ("cross_attn_ln", "encoder_attn_layer_norm"),
    ("cross_attn", "encoder_attn"),
    ("attn_ln", "self_attn_layer_norm"),
    (".attn.", ".self_attn."),
    (".query.", ".q_proj."),
    (".key.", ".k_proj."),
    (".value.", ".v_proj."),
    (".out.", ".out_proj."),
    ("token_embedding", "embed_tokens"),
    ("encoder.positional_embedding", "encoder.embed_positions.weight"),
    ("decoder.positional_embedding", "decoder.embed_positions.weight"),
    ("ln_post", "layer_norm"),
    ("decoder.ln.", "decoder.layer_norm."),
)


def _renamed(name: str) -> str:
    for old, new in _RENAMED:
        if old in name and new not in name:
            name = name.replace(old, new)
    return name


def _as_transformers(state: dict[str, Any], dims: dict[str, int], folder: Path) -> None:
    from safetensors.torch import save_file
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    config = WhisperConfig(
        vocab_size=dims["n_vocab"],
        num_mel_bins=dims["n_mels"],
        d_model=dims["n_audio_state"],
        encoder_layers=dims["n_audio_layer"],
        decoder_layers=dims["n_text_layer"],
        encoder_attention_heads=dims["n_audio_head"],
        decoder_attention_heads=dims["n_text_head"],
        encoder_ffn_dim=4 * dims["n_audio_state"],
        decoder_ffn_dim=4 * dims["n_text_state"],
        max_source_positions=dims["n_audio_ctx"],
        max_target_positions=dims["n_text_ctx"],
        **_special_ids(),
    )
    model = WhisperForConditionalGeneration(config)
    named = {_renamed(name): value for name, value in state.items()}
    missing, unknown = model.load_state_dict(named, strict=False)
    assert (set(missing) - {"proj_out.weight"}, list(unknown)) == (set(), [])
    config.architectures = ["WhisperForConditionalGeneration"]
    config.save_pretrained(folder)
    save_file({name: value.contiguous() for name, value in named.items()}, folder / "model.safetensors")
    _write_tokenizer(folder)
    features = {"feature_size": 80, "hop_length": 160, "n_fft": 400, "chunk_length": 30, "sampling_rate": 16000}
    (folder / "preprocessor_config.json").write_text(json.dumps(features))


def _special_ids() -> dict[str, Any]:
    from whisper.tokenizer import get_tokenizer

    tokenizer = get_tokenizer(multilingual=False)
    return {
        "bos_token_id": tokenizer.eot,
        "eos_token_id": tokenizer.eot,
        "pad_token_id": tokenizer.eot,
        "decoder_start_token_id": tokenizer.sot,
        "suppress_tokens": [],
        "begin_suppress_tokens": [tokenizer.encode(" ")[0], tokenizer.eot],
    }


def _write_tokenizer(folder: Path) -> None:
    """Whisper's tokenizer as Hugging Face's library has it: the merges are found from the order of the tokens."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers.convert_slow_tokenizer import bytes_to_unicode
    from whisper.tokenizer import get_encoding

    encoding = get_encoding("gpt2", 99)
    ranks = encoding._mergeable_ranks
    shown = bytes_to_unicode()

    def text(token: bytes) -> str:
        return "".join(shown[byte] for byte in token)

    merges = []
    for token, rank in sorted(ranks.items(), key=lambda item: item[1]):
        if len(token) > 1:
            merges.append(tuple(text(part) for part in _parts(ranks, token, rank)))
    vocabulary = {text(token): rank for token, rank in ranks.items()}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = sorted(encoding._special_tokens.items(), key=lambda item: item[1])
    # As Hugging Face's files of Whisper name it.
    names = [{"<|nospeech|>": "<|nocaptions|>"}.get(name, name) for name, _ in special]
    tokenizer.add_tokens([AddedToken(name, special=True, normalized=False) for name in names])
    tokenizer.save(str(folder / "tokenizer.json"))
    ids = tokenizer.get_vocab()
    assert all(ids[name] == rank for name, (_, rank) in zip(names, special, strict=True))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": "<|endoftext|>",
        "bos_token": "<|endoftext|>",
        "eos_token": "<|endoftext|>",
        "pad_token": "<|endoftext|>",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def _parts(ranks: dict[bytes, int], token: bytes, rank: int) -> list[bytes]:
    """The two tokens that were merged to this one: byte pairs joined in their order, as long as it was not there."""
    parts = [bytes([byte]) for byte in token]
    while len(parts) > 2:
        pairs = [(ranks.get(a + b, rank), n) for n, (a, b) in enumerate(pairwise(parts))]
        best, n = min(pairs)
        assert best < rank
        parts[n : n + 2] = [parts[n] + parts[n + 1]]
    return parts
