"""Split by time, fit, calibrate, evaluate in dollars. Pure of MLflow: what is kept of it, model_registry decides."""
