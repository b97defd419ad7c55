"""Questions answered from research-paper abstracts, each sentence tied to what supports it."""

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # onnxruntime would report this machine to its maker, and keep an id of it
