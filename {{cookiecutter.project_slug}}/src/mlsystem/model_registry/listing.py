"""The table of versions: which are there, what they are called, how good they were when they were trained."""

from datetime import UTC, datetime
from pathlib import Path

from mlsystem import wording
from mlsystem.model_registry import promotions, tracking, versions
from mlsystem.model_registry.champion import NoChampion

METRICS = ("test_auc", "test_log_loss", "test_cost_per_1000")
COLUMNS = ("version", "alias", "model", "registered", *METRICS, "became champion")


def table(models_dir: Path) -> str:
    """Every registered version, the newest last, as text. Raises NoChampion if there is none."""
    client = tracking.client(tracking.tracking_uri(models_dir)) if (models_dir / "mlflow.db").exists() else None
    found = client.search_model_versions(f"name = '{versions.REGISTERED_MODEL}'") if client else []
    if client is None or not found:
        raise NoChampion(f"no model version is registered in {models_dir}; run `make train`")
    called = versions.aliases(models_dir)
    since = {move.to_version: f"{move.at[:19]} by {move.who}: {move.why}" for move in promotions.history(models_dir)}
    rows = []
    for one in sorted(found, key=lambda one: int(one.version)):
        run, version = client.get_run(str(one.run_id)), str(one.version)
        made = datetime.fromtimestamp(one.creation_timestamp / 1000, UTC).isoformat(timespec="seconds")[:19]
        names = ", ".join(sorted(alias for alias, named in called.items() if named == version))
        figures = [_figure(run.data.metrics.get(name)) for name in METRICS]
        rows.append([version, names, run.info.run_name, made, *figures, since.get(version, "")])
    return _aligned([list(COLUMNS), *rows])


def _figure(value: float | None) -> str:
    return "" if value is None else wording.figure(value)


def _aligned(rows: list[list[str]]) -> str:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
