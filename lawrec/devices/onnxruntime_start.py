"""Import ONNX Runtime without the reports of its use that it would send to its makers."""

import os
from typing import Any


def import_onnxruntime() -> Any:
    """Return the module `onnxruntime`; from version 1.29 on, it reports its use by default.

    It would write an identifier of this machine into the user's folder when it is imported, and
    then send what it knows of the machine, of each model and of errors. The variable must be set
    before: the function of its own comes too late. Whoever sets ORT_DISABLE_TELEMETRY has chosen.

    Example:
        >>> import_onnxruntime().InferenceSession  # doctest: +SKIP
        <class 'onnxruntime.capi.onnxruntime_inference_collection.InferenceSession'>
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    # On Windows, where the variable has no effect.
    onnxruntime.disable_telemetry_events()
    return onnxruntime
