"""Questions answered from research-paper abstracts, each sentence tied to what supports it.

from rag import Assistant, Filters, load_settings

answer = Assistant(load_settings()).ask("How does GraphSAINT build its minibatches?", filters=Filters(since="2019"))
"""

from __future__ import annotations

import logging
import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # onnxruntime would report this machine to its maker, and keep an id of it
logging.getLogger(__name__).addHandler(logging.NullHandler())  # what a program does not ask for is not printed

if TYPE_CHECKING:
    from rag.assistant import Assistant
    from rag.settings.settings import load as load_settings
    from rag.types import Answer, Filters

    __version__: str

__all__ = ["Answer", "Assistant", "Filters", "__version__", "load_settings"]
_PLACES = {
    "Answer": ("rag.types", "Answer"),
    "Assistant": ("rag.assistant", "Assistant"),
    "Filters": ("rag.types", "Filters"),
    "load_settings": ("rag.settings.settings", "load"),
}


if not TYPE_CHECKING:  # a type checker that saw it would take any name for one of the package's

    def __getattr__(name: str) -> Any:
        """Import a public name when it is first used, so that `import rag` alone costs nothing."""
        if name == "__version__":
            from importlib.metadata import version

            value: Any = version("abstract-rag")
        elif name in _PLACES:
            module, attribute = _PLACES[name]
            value = getattr(import_module(module), attribute)
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
