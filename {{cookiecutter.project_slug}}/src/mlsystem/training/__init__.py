"""Split by time, fit, calibrate, evaluate in money. Pure of MLflow: what is kept of it, model_registry decides."""
