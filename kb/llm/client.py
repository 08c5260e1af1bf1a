"""A language model, where the person has set one: any OpenAI-compatible endpoint, by LlamaIndex's client.

Nothing is asked that was not set: without `KB_LLM_URL` and `KB_LLM_MODEL` there is no model, and every part has its own
way without. What is sent is the question and the passages that the answer may rest on.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from kb.config import Config
from kb.errors import LlmError, SchemaRefused

_TRIES = 3
_TOKEN_CHARS = 3.5  # of English, on the careful side
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
# The most that is read of an answer, whatever was agreed on: a server may not keep to it.
_MOST_CHARS = 60_000


Schema = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Message:
    """A turn of a conversation with a model."""

    role: Literal["system", "user", "assistant"]
    content: str


class Llm(Protocol):
    """Writes text. `context` is how many tokens it reads and writes together.

    `structured`: a schema for the answer (OpenAI's `response_format`) is worth sending; False once it was refused.
    """

    name: str
    context: int
    structured: bool

    def write(self, messages: Sequence[Message], most_tokens: int = 1024, schema: Schema | None = None) -> str:
        """A whole answer. Raises `LlmError`."""
        ...

    def stream(
        self, messages: Sequence[Message], most_tokens: int = 1024, schema: Schema | None = None
    ) -> Iterator[str]:
        """An answer in parts as they come. Raises `LlmError`, also between parts; `SchemaRefused` before the first."""
        ...


def tokens(text: str) -> int:
    """About how many tokens a text has: what a budget needs, whatever the model's own tokenizer."""
    return int(len(text) / _TOKEN_CHARS) + 1


def open_llm(config: Config) -> Llm | None:
    """The model that the settings name; None if they name none."""
    if not config.llm_url or not config.llm_model:
        return None
    key = config.llm_key.get_secret_value() if config.llm_key else "none"
    return OpenAiCompatible(config.llm_url, config.llm_model, key, config.llm_context, config.llm_timeout)


# Where model servers listen by default: Ollama, LM Studio, llama.cpp, vLLM, text-generation-webui.
_PORTS = (11434, 1234, 8080, 8000, 5000)
_GLANCE = 0.4  # seconds


def served_here(ports: Sequence[int] = _PORTS) -> tuple[str, list[str]] | None:
    """A model server that runs on this host, and its models; None if there is none. It is only asked for its list."""
    import httpx

    for port in ports:
        url = f"http://127.0.0.1:{port}/v1"
        try:
            row = httpx.get(f"{url}/models", timeout=_GLANCE, trust_env=False).json()
            names = [str(model["id"]) for model in row["data"]]
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            continue
        if names:
            return url, names
    return None


class OpenAiCompatible:
    """A model behind an OpenAI-compatible endpoint, such as Ollama, llama.cpp, vLLM, LM Studio or OpenAI."""

    def __init__(
        self,
        url: str,
        model: str,
        key: str,
        context: int,
        timeout: float,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        """`url` ends in the API's root (`http://localhost:11434/v1`); `wait` stands in for the clock between tries."""
        self.name = model
        self.context = context
        self.structured = True
        self._url = url.rstrip("/")
        self._key = key
        self._timeout = timeout
        self._wait = wait
        self._made: Any = None

    def write(self, messages: Sequence[Message], most_tokens: int = 1024, schema: Schema | None = None) -> str:
        """A whole answer, what the model thought aloud before it left out. Tries three times where that may help."""
        text: str = self._again()(lambda: self._once(messages, most_tokens, schema))
        return text

    def _again(self) -> Any:
        from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

        return Retrying(
            sleep=self._wait,
            stop=stop_after_attempt(_TRIES),
            wait=wait_exponential_jitter(multiplier=0.5, max=8),
            retry=retry_if_exception(lambda error: isinstance(error, LlmError) and error.passing),
            reraise=True,
        )

    def _once(self, messages: Sequence[Message], most_tokens: int, schema: Schema | None) -> str:
        # Read as a stream, so that an endless answer ends where it is enough.
        parts: list[str] = []
        length = 0
        for part in self._parts(messages, most_tokens, schema):
            parts.append(part)
            length += len(part)
            if length > _MOST_CHARS:
                raise LlmError(f"The model {self.name} does not stop writing; its answer was dropped.")
        text = _THOUGHT.sub("", "".join(parts)).strip()
        if not text:
            raise LlmError(f"The model {self.name} answered nothing.", passing=True)
        return text

    def stream(
        self, messages: Sequence[Message], most_tokens: int = 1024, schema: Schema | None = None
    ) -> Iterator[str]:
        """An answer in parts as they come. What fails before the first part is tried again, nothing after it."""

        def begun() -> tuple[str, Iterator[str]]:
            parts = self._parts(messages, most_tokens, schema)
            first = next(parts, None)
            if first is None:
                raise LlmError(f"The model {self.name} answered nothing.", passing=True)
            return first, parts

        first, parts = self._again()(begun)
        yield first
        yield from parts

    def _parts(self, messages: Sequence[Message], most_tokens: int, schema: Schema | None) -> Iterator[str]:
        import httpx
        import openai
        from llama_index.core.llms import ChatMessage

        turns = [ChatMessage(role=m.role, content=m.content) for m in messages]
        extra = {"response_format": schema} if schema is not None and self.structured else {}
        ended = False
        try:
            for part in self._client().stream_chat(turns, max_tokens=most_tokens, **extra):
                choices = getattr(part.raw, "choices", None) or ()
                ended = ended or any(choice.finish_reason for choice in choices)
                if part.delta:
                    yield str(part.delta)
        except openai.APITimeoutError:
            raise LlmError(self._said(f"did not answer within {self._timeout:g} seconds"), passing=True) from None
        except openai.APIConnectionError:
            raise LlmError(self._said("cannot be reached; is its server running"), passing=True) from None
        except openai.RateLimitError:
            raise LlmError(self._said("asks to come more slowly (429)"), passing=True) from None
        except openai.APIStatusError as error:
            said = error.body.get("message") if isinstance(error.body, dict) else None
            reason = " ".join(str(said or error.message).split())[:200]
            if extra and error.status_code in (400, 404, 415, 422, 501):
                # It may be the schema. Asked in prose, the same server says what else is wrong, if anything is.
                self.structured = False
                raise SchemaRefused(self._said(f"takes no schema ({reason})")) from None
            passing = error.status_code >= 500
            raise LlmError(self._said(f"refused (status {error.status_code}: {reason})"), passing) from None
        except (openai.OpenAIError, httpx.HTTPError, ValueError, KeyError, AttributeError, TypeError) as error:
            # A server that speaks something else than the protocol breaks the client anywhere.
            reason = " ".join(str(error).split())[:160] or type(error).__name__
            raise LlmError(self._said(f"broke off ({reason})"), passing=True) from None
        if not ended:
            raise LlmError(self._said("broke off in mid-answer"), passing=True)

    def _said(self, what: str) -> str:
        return f"The language model {self.name} at {self._url} {what}."

    def _client(self) -> Any:
        if self._made is None:
            from llama_index.llms.openai_like import OpenAILike

            self._made = OpenAILike(
                model=self.name,
                api_base=self._url,
                api_key=self._key,
                is_chat_model=True,
                context_window=self.context,
                temperature=0.0,
                max_retries=0,
                timeout=self._timeout,
                reuse_client=True,
            )
        return self._made
