"""MLFLOW room: log every candidate, register the chosen one, name it champion, load it without running its code."""
