"""What the libraries beneath `kb` would report, switched off before any of them is imported.

docs/privacy.md says what each of them would send. Some read their variable when they are imported, ONNX Runtime in
native code, so `kb/__init__.py` sets all of them first.
"""

from __future__ import annotations

import os

SWITCHES = {
    "ORT_DISABLE_TELEMETRY": "1",  # ONNX Runtime: events, a device id and a queue of events in the user's cache
    "ANONYMIZED_TELEMETRY": "False",  # Chroma
    "GRADIO_ANALYTICS_ENABLED": "False",  # Gradio: analytics, and a look whether there is a newer version
    "HF_HUB_DISABLE_TELEMETRY": "1",  # huggingface_hub, transformers: who asks the hub
    "DISABLE_TELEMETRY": "1",  # the older name of the same
    "DO_NOT_TRACK": "1",  # what follows the common convention
}


def switch_off() -> None:
    """Set every switch, whatever it was set to before."""
    os.environ.update(SWITCHES)
