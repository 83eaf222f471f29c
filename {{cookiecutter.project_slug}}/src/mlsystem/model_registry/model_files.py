"""One file per kind of model, in formats that hold numbers and never code."""

import json

from mlsystem.training import boosting, climatology, logistic
from mlsystem.training.candidates import Model

# File names are MLflow's own where a flavour of it writes the file.
FILES = {"lightgbm": "model.lgb", "logistic_regression": "model.skops", "climatology": "climatology.json"}
# Beyond scikit-learn's and NumPy's own types, all that a logistic regression's file may name.
TRUSTED_TYPES = ["numpy.dtype"]


def read_model(name: str, content: bytes) -> Model:
    """The model of a file whose fingerprint was checked. Native text, JSON, or skops with the list above: no pickle.

    Raises skops.io.exceptions.UntrustedTypesFoundException if a skops file names any other type.
    """
    if name == "lightgbm":
        return boosting.from_text(content.decode())
    if name == "climatology":
        return climatology.from_json(json.loads(content))
    if name == "logistic_regression":
        import skops.io

        return logistic.LogisticRegression(skops.io.loads(content, trusted=TRUSTED_TYPES))
    raise ValueError(f"no way is known to read a model of the kind {name!r}; known are {', '.join(FILES)}")
