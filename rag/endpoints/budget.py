"""How many tokens a model may write: those of the answer, and room beside them for what it thinks."""

from __future__ import annotations

from rag.endpoints.server import Window, answer_share
from rag.settings.settings import Settings

_TIMES_THE_ANSWER = 8  # what a model that thinks may write altogether
_MIN_TIMES = 2  # with less there is no use in asking again


class Budget:
    """Shares out a model's window. Thinking has no room until `thinks` is set."""

    def __init__(self, settings: Settings) -> None:
        self._setting = settings.context_window
        self._wanted = settings.max_answer_tokens
        self.window: Window | None = None
        """What the server told; None as long as it was not asked, or when it could not be."""
        self.thinks = False
        """Whether the model was found to think within what it may write."""

    @property
    def whole(self) -> int:
        """Tokens of prompt and reply together."""
        return (self.window or Window()).within(self._setting)

    @property
    def answer(self) -> int:
        """Tokens of the answer, which a small window makes fewer."""
        return answer_share(self.whole, self._wanted)

    def reply(self, prompt_tokens: int) -> int:
        """Return the tokens that the model may write after a prompt of that length."""
        if not self.thinks:
            return self.answer
        most = _TIMES_THE_ANSWER * self.answer
        if self._setting or (self.window and self.window.tokens):  # else the window is only what is usual
            most = min(most, self.whole - prompt_tokens)
        return max(most, self.answer)

    def grow(self, prompt_tokens: int) -> bool:
        """Give thinking room; return whether that leaves enough more to ask again."""
        if self.thinks:
            return False
        self.thinks = True
        return self.reply(prompt_tokens) >= _MIN_TIMES * self.answer
