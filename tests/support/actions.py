"""Counts what a person has to do on a page: each press, tick, text and key is one action."""

from __future__ import annotations

from playwright.sync_api import Locator, Page


class Actions:
    """A page's clicks, texts and keys, counted in `made`."""

    def __init__(self, tab: Page) -> None:
        self.tab = tab
        self.made = 0

    def click(self, target: Locator) -> None:
        self.made += 1
        target.click()

    def fill(self, target: Locator, text: str) -> None:
        self.made += 1
        target.fill(text)

    def press(self, key: str) -> None:
        self.made += 1
        self.tab.keyboard.press(key)

    def ask(self, question: str) -> None:
        """Type a question and send it, which is one action: the text with its Enter."""
        self.fill(self.tab.locator("#question textarea"), question)
        self.tab.keyboard.press("Enter")
