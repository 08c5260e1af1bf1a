"""What the server keeps of one person's open page: their conversation. Nobody else has it."""

from __future__ import annotations

import json

from kb.answer.conversation import Conversation
from kb.library import Library
from kb.types.answers import Answer

_MOST_RECALLED = 6


class Session:
    """A person's conversation, made at their first question and gone some hours after the page was closed."""

    def __init__(self, library: Library) -> None:
        self.conversation: Conversation = library.chat()
        self.asked = False

    def recall(self, questions: str) -> None:
        """Take up a chat that the browser kept: its latest questions, as a JSON list."""
        if self.asked:
            return
        self.asked = True
        try:
            found = json.loads(questions or "[]")
        except ValueError:
            return
        if isinstance(found, list):
            self.conversation.recall([str(one)[:2000] for one in found[-_MOST_RECALLED:]])

    def is_last(self, question: str) -> bool:
        """Whether a question is the one that was answered last, so that its evidence is still at hand."""
        last = self.last()
        return last is not None and last.question == question

    def last(self) -> Answer | None:
        """The last answer."""
        return self.conversation.last.answer if self.conversation.last is not None else None
