"""Train the tiny Whisper of the tests: the real architecture and tokenizer, on sentences that espeak-ng speaks.

    python bench/whisper/train.py --out build/first
    python bench/whisper/train.py --from build/first/weights.safetensors.gz --short 0 --middle 0 --long 450 \\
        --best 1.2e-3 --seed 3     fifteen minutes and five on two cores; the second writes tests/data/whisper/

It knows the fifty sentences of tests/speech.py and nothing else, so it says nothing about how well a real Whisper
hears people. What it is for: the whole way from a recording to a citation, with the real engines, in a test.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests import speech

DIMS = {
    "n_mels": 80,
    "n_audio_ctx": 1500,
    "n_audio_state": 96,
    "n_audio_head": 4,
    "n_audio_layer": 2,
    "n_vocab": 51864,
    "n_text_ctx": 448,
    "n_text_state": 96,
    "n_text_head": 4,
    "n_text_layer": 2,
}
OUT = ROOT / "tests" / "data" / "whisper"
VOICES = ("en-us", "en-gb")
SPEEDS = (125, 140, 160, 180)
PITCHES = (30, 45, 60, 75)
WINDOW = 30.0
_SILENT = 1 / 8
_CUT = 1 / 4
_PROMPTED = 1 / 6
_TIMES = 0.1


@dataclass
class Vocabulary:
    """Whisper's own tokens for English, and which of them are ever used here."""

    def __post_init__(self) -> None:
        from whisper.tokenizer import get_tokenizer

        self.tokenizer = get_tokenizer(multilingual=False)
        self.words = {text: self.tokenizer.encode(" " + text) for text in speech.SENTENCES}
        plain = {token for tokens in self.words.values() for token in tokens}
        special = {self.tokenizer.sot, self.tokenizer.eot, self.tokenizer.no_speech, self.tokenizer.sot_prev}
        self.first_time = self.tokenizer.timestamp_begin
        self.used = sorted(plain | special | set(range(self.first_time, self.first_time + 1501)))
        self.place = {token: n for n, token in enumerate(self.used)}

    def time(self, seconds: float) -> int:
        """The token of a time in a window."""
        return self.first_time + min(max(round(seconds / 0.02), 0), 1500)


def compose(rng: random.Random, noise: np.random.Generator, words: Vocabulary, longest: float):
    """One window: its sound, the tokens that are read, and those that are to be said (-100 where none is learned)."""
    sound = np.zeros(round(longest * speech.RATE), dtype=np.float32)
    tok = words.tokenizer
    if rng.random() < _SILENT:
        sound += noise.normal(0, 10 ** rng.uniform(-5, -1.5), len(sound)).astype(np.float32)
        return sound, [tok.sot, words.time(0)], [tok.no_speech, tok.eot]
    at = rng.uniform(0.0, 0.8)
    voice, speed, pitch = rng.choice(VOICES), rng.choice(SPEEDS), rng.choice(PITCHES)
    until = longest if rng.random() < 0.5 else rng.uniform(2.5, longest)
    said: list[int] = []
    while True:
        if rng.random() < 0.2:
            voice, speed, pitch = rng.choice(VOICES), rng.choice(SPEEDS), rng.choice(PITCHES)
        text = rng.choice(speech.SENTENCES)
        spoken = otherwise(speech.say(text, voice, speed, pitch), rng)
        end = at + len(spoken) / speech.RATE
        if end > until:
            if said and end > longest and rng.random() < _CUT and at < longest - 0.3:
                # Cut off by the window's end: only its beginning is told, and the next window starts there.
                a = round(at * speech.RATE)
                sound[a:] += spoken[: len(sound) - a]
                said.append(words.time(at))
            break
        a = round(at * speech.RATE)
        sound[a : a + len(spoken)] += spoken
        said += [words.time(at), *words.words[text], words.time(end)]
        at = end + rng.choice((rng.uniform(0.05, 0.3), rng.uniform(0.3, 1.0), rng.uniform(0.3, 1.0)))
    if not said:
        return compose(rng, noise, words, longest)
    sound *= 10 ** rng.uniform(-0.8, 0.2)
    sound += noise.normal(0, 10 ** rng.uniform(-5, -2.2), len(sound)).astype(np.float32)
    prompt: list[int] = []
    if rng.random() < _PROMPTED:
        prompt = [tok.sot_prev, *(t for t in rng.choices(words.used, k=rng.randint(1, 12)) if t < tok.eot)]
    read = [*prompt, tok.sot, *said]
    return sound, read, [*[-100] * len(prompt), *said, tok.eot]


def otherwise(spoken: speech.Sound, rng: random.Random) -> speech.Sound:
    """The same words a little faster or slower, higher or lower, as no setting of the voice says them."""
    if rng.random() < 0.4:
        return spoken
    return np.interp(np.arange(0, len(spoken) - 1, rng.uniform(0.88, 1.14)), np.arange(len(spoken)), spoken).astype(
        np.float32
    )


def batch(rng, noise, words: Vocabulary, size: int, longest: float):
    """Windows as spectrograms, tokens to read and to say, all as tensors."""
    from whisper.audio import log_mel_spectrogram

    made = [compose(rng, noise, words, longest) for _ in range(size)]
    mels = torch.stack([log_mel_spectrogram(torch.from_numpy(sound)) for sound, _, _ in made])
    for mel in mels:
        if rng.random() < 0.5:  # a longer or shorter throat
            by = rng.choice((-3, -2, -1, 1, 2, 3))
            least = mel.min()
            mel.copy_(torch.roll(mel, by, 0))
            mel[slice(0, by) if by > 0 else slice(by, None)] = least
        if rng.random() < 0.5:  # a band that is not there, as with another microphone
            low, high = rng.randint(0, 70), rng.randint(2, 10)
            mel[low : low + high] = mel.mean()
    width = max(len(read) for _, read, _ in made)
    read = torch.full((size, width), words.tokenizer.eot)
    say = torch.full((size, width), -100)
    for n, (_, a, b) in enumerate(made):
        read[n, : len(a)] = torch.tensor(a)
        say[n, : len(b)] = torch.tensor([words.place[t] if t >= 0 else -100 for t in b])
    return mels, read, say


def loss_of(model, mels, read, say, used: torch.Tensor) -> torch.Tensor:
    """Cross entropy over Whisper's whole vocabulary, in which all rows that are not used are zero."""
    encoder, decoder = model.encoder, model.decoder
    x = F.gelu(encoder.conv2(F.gelu(encoder.conv1(mels)))).permute(0, 2, 1)
    x = x + encoder.positional_embedding[: x.shape[1]]
    for block in encoder.blocks:
        x = block(x)
    heard = encoder.ln_post(x)
    y = decoder.token_embedding(read) + decoder.positional_embedding[: read.shape[-1]]
    for block in decoder.blocks:
        y = block(y, heard, mask=decoder.mask)
    y = decoder.ln(y)
    logits = y @ decoder.token_embedding.weight[used].T
    others = torch.full((*logits.shape[:-1], 1), math.log(model.dims.n_vocab - len(used)))
    return F.cross_entropy(torch.cat([logits, others], -1).flatten(0, 1), say.flatten(), ignore_index=-100)


def main() -> None:
    """Train, weigh what was learned, write the weights."""
    from safetensors.torch import load
    from whisper.model import ModelDimensions, Whisper, sinusoids

    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--short", type=int, default=400, help="steps on windows of 8 seconds")
    parser.add_argument("--middle", type=int, default=200, help="steps on windows of 16 seconds")
    parser.add_argument("--long", type=int, default=1000, help="steps on windows of 30 seconds")
    parser.add_argument("--from", dest="begin", type=Path, help="weights of this script's to go on from")
    parser.add_argument("--best", type=float, default=2.5e-3, help="the highest learning rate")
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args()
    torch.manual_seed(asked.seed)
    rng, noise = random.Random(asked.seed), np.random.default_rng(asked.seed)
    words = Vocabulary()
    used = torch.tensor(words.used)
    model = Whisper(ModelDimensions(**DIMS))
    with torch.no_grad():
        model.decoder.positional_embedding.normal_(0, 0.01)
        keep = torch.zeros(DIMS["n_vocab"], 1)
        keep[used] = 1
        rows = model.decoder.token_embedding.weight
        rows.copy_(torch.where(keep > 0, torch.randn_like(rows) * 0.05, 0.0))
    plan = [(24, 8.0)] * asked.short + [(12, 16.0)] * asked.middle + [(8, WINDOW)] * asked.long
    if asked.begin is not None:
        known = load(gzip.decompress(asked.begin.read_bytes()))
        model.load_state_dict({name: value.float() for name, value in known.items()}, strict=False)
    # A time's token is, and stays, the sines of the place in the sound that it stands for: what is attended to there
    # is what is to be said. As weights like others the times are learned last, and never well.
    with torch.no_grad():
        model.decoder.token_embedding.weight[words.first_time :] = sinusoids(1501, DIMS["n_text_state"]) * _TIMES
    optimizer = torch.optim.AdamW(model.parameters(), lr=asked.best, betas=(0.9, 0.98), weight_decay=0.0)
    began = time.monotonic()
    for step, (size, longest) in enumerate(plan):
        fall = max(0.0, 2 * step / len(plan) - 1)  # the second half
        for group in optimizer.param_groups:
            group["lr"] = asked.best * min(1, (step + 1) / 100) * (0.03 + 0.97 * (0.5 + 0.5 * math.cos(math.pi * fall)))
        loss = loss_of(model, *batch(rng, noise, words, size, longest), used)
        optimizer.zero_grad()
        loss.backward()
        model.decoder.token_embedding.weight.grad[words.first_time :] = 0
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 50 == 0:
            print(f"{step} {longest:g} s  loss {loss.item():.3f}  {time.monotonic() - began:.0f} s", flush=True)
    asked.out.mkdir(parents=True, exist_ok=True)
    write(model, asked.out)


def write(model, folder: Path) -> None:
    """The weights in half precision, compressed: rows of tokens that are never used are zeros."""
    from safetensors.torch import save

    # The encoder's positions are no weights but sines.
    learned = {n: value for n, value in model.state_dict().items() if n != "encoder.positional_embedding"}
    half = {name: value.half().contiguous() for name, value in learned.items()}
    packed = gzip.compress(save(half), 9, mtime=0)
    (folder / "weights.safetensors.gz").write_bytes(packed)
    (folder / "dims.json").write_text(json.dumps(DIMS, indent=1) + "\n", encoding="utf-8")
    print(f"{len(packed) / 1e6:.2f} MB in {folder}")


if __name__ == "__main__":
    main()
