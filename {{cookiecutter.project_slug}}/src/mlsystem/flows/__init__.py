"""PREFECT room: the pipelines, each readable as a paragraph. Prefect is imported only here."""
