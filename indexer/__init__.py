"""From a path on disk to rows in the index.

Importing this package switches off what libraries would do behind the user's back, before any of them is loaded:
ONNX Runtime (1.32, also on Linux) keeps a device id and a queue of events for its maker in the home directory and sends
them when it can; Hugging Face's libraries ask their hub for newer files and count downloads.
"""

import os

os.environ.update(
    ORT_DISABLE_TELEMETRY="1",
    HF_HUB_DISABLE_TELEMETRY="1",
    HF_HUB_OFFLINE="1",
    TRANSFORMERS_OFFLINE="1",
    TOKENIZERS_PARALLELISM="false",
)
