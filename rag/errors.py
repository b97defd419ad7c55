"""Errors a person may meet. Each says what happened and what to do next, in one sentence each.

RagError                 anything the product can explain
├── UsageError           an option, setting or file name that cannot be right       (exit code 2)
├── SourceError          a file or page that cannot be read as papers
├── LibraryError         the library, the index or the history cannot be used
│   ├── Busy             another process is writing
│   ├── Unreachable      the server that holds the vectors does not answer
│   └── Gone             a conversation that is not there, or belongs to somebody else
├── EmbedderError        the embedder cannot be loaded, or its server did not answer as asked
│   └── InputRefused     the server refused the texts; fewer or shorter ones may do
└── EndpointError        the model endpoint did not answer as asked
    └── PromptTooLong    the prompt is longer than the server takes
"""

from __future__ import annotations


class RagError(Exception):
    """`message` says what happened, `fix` what to do about it; str() gives both."""

    exit_code = 1

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(f"{message} {fix}".strip())
        self.message = message
        self.fix = fix


class UsageError(RagError):
    exit_code = 2


class SourceError(RagError):
    pass


class LibraryError(RagError):
    pass


class Busy(LibraryError):
    pass


class Unreachable(LibraryError):
    pass


class Gone(LibraryError):
    pass


class EmbedderError(RagError):
    pass


class InputRefused(EmbedderError):
    pass


class EndpointError(RagError):
    pass


class PromptTooLong(EndpointError):
    pass
