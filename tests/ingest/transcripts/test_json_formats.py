"""Transcripts in JSON, in the four forms that programs write."""

from __future__ import annotations

import json

import pytest

from ingest.transcripts.json_formats import TimedText, parse


def test_openai_whisper() -> None:
    row = {"text": "", "segments": [{"start": 0.0, "end": 4.4, "text": " Hello there all.", "avg_logprob": -0.1}]}
    assert parse(json.dumps(row)) == [TimedText(0.0, 4.4, "Hello there all.")]


def test_whisperx_names_speakers() -> None:
    segment = {"start": 1, "end": 2, "text": "Well then yes", "speaker": "SPEAKER_01", "words": [{"word": "Well"}]}
    assert parse(json.dumps({"segments": [segment]})) == [TimedText(1.0, 2.0, "Well then yes", "SPEAKER_01")]


def test_whisper_cpp_counts_milliseconds() -> None:
    row = {"transcription": [{"offsets": {"from": 500, "to": 1500}, "text": " And so on."}]}
    assert parse(json.dumps(row)) == [TimedText(0.5, 1.5, "And so on.")]


def test_the_podcast_namespace_word_by_word_becomes_phrases() -> None:
    words = [("I", 0.5, "A"), ("am", 0.9, "A"), ("here.", 1.2, "A"), ("Where", 1.6, "B"), ("now", 4.0, "B")]
    segments = [{"speaker": s, "startTime": t, "endTime": t + 0.2, "body": w} for w, t, s in words]
    assert parse(json.dumps({"version": "1.0.0", "segments": segments})) == [
        TimedText(0.5, 1.4, "I am here.", "A"),
        TimedText(1.6, 1.8, "Where", "B"),
        TimedText(4.0, 4.2, "now", "B"),
    ]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", "12", '{"segments": 3}', '{"segments": [{"text": 1}, null, {"start": true}]}']
)
def test_other_json_is_no_transcript(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize("time", ["NaN", "Infinity", "-5", "1e400", "1" + "0" * 400])
def test_a_time_that_can_not_be_one_keeps_its_words_at_the_place_before(time: str) -> None:
    before = '{"start": 1, "end": 2, "text": "Some words before it."}'
    text = f'{{"segments": [{before}, {{"start": {time}, "end": {time}, "text": "The words stay here."}}]}}'
    assert parse(text) == [TimedText(1.0, 2.0, "Some words before it."), TimedText(2.0, 2.0, "The words stay here.")]
