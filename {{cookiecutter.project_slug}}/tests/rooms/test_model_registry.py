"""The model registry: what is kept, what becomes champion, and what is refused."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlsystem.domain import PROBLEM
from mlsystem.model_registry import bundle, model_files, promotions, registry, runs, tracking
from mlsystem.model_registry.champion import Champion, UnusableModel, WrongColumns
from mlsystem.training.compare import SCORE, Comparison, compare
from mlsystem.training.split import rows_of
from planted import planted_training_set

COLUMNS = len(PROBLEM.model_columns)


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare(planted_training_set(), seed=1, threads=1)


@pytest.fixture(scope="module")
def logged(comparison: Comparison, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A store with every candidate's run, and the run of each; nothing is registered but by the tests."""
    models_dir = tmp_path_factory.mktemp("models")
    uri = tracking.tracking_uri(models_dir)
    return models_dir, runs.log_candidates(uri, models_dir / "artifacts", comparison, {"note": "a test"})


@pytest.fixture(scope="module")
def matrix() -> np.ndarray:
    return rows_of(planted_training_set(days=2)).matrix


def registered(logged: tuple[Path, dict[str, str]], name: str) -> Champion:
    uri = tracking.tracking_uri(logged[0])
    return registry.load_version(uri, registry.register(uri, logged[1][name]))


def file_of(logged: tuple[Path, dict[str, str]], name: str) -> Path:
    """The model file that lies under the run."""
    import mlflow.artifacts

    uri = tracking.tracking_uri(logged[0])
    source = tracking.client(uri).get_run(logged[1][name]).data.tags["model_source"]
    return Path(mlflow.artifacts.download_artifacts(source)) / model_files.FILES[name]


@pytest.fixture
def spoiled(logged: tuple[Path, dict[str, str]]):
    """A function that overwrites a candidate's model file; after the test the file is whole again."""
    kept: dict[Path, bytes] = {}

    def spoil(name: str, change) -> None:
        path = file_of(logged, name)
        kept.setdefault(path, path.read_bytes())
        path.write_bytes(change(kept[path]))

    yield spoil
    for path, content in kept.items():
        path.write_bytes(content)


@pytest.mark.parametrize("name", model_files.FILES)
def test_a_loaded_model_predicts_to_the_last_bit_what_was_evaluated(logged, comparison, matrix, name):
    champion = registered(logged, name)

    assert np.array_equal(champion.predict(matrix), comparison.results[name].fitted.predict(matrix))


def test_loading_leaves_no_copy_behind(logged, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    registered(logged, "lightgbm")

    assert list(tmp_path.iterdir()) == []


def test_a_champion_brings_all_that_serving_and_monitoring_need(logged, comparison, matrix):
    champion = registered(logged, "lightgbm")

    assert champion.columns == PROBLEM.model_columns
    assert set(champion.references) == {*PROBLEM.model_columns, SCORE}
    assert champion.references[SCORE] == comparison.results["lightgbm"].score_reference
    assert (champion.act_above, champion.feature_service) == (PROBLEM.costs.act_above, PROBLEM.feature_service)
    assert champion.metrics["test"] == comparison.results["lightgbm"].test.metrics
    assert np.array_equal(
        champion.fallback(matrix), comparison.results["climatology"].fitted.model.predict_proba(matrix)
    )


def test_a_reason_names_a_column_and_how_far_it_moved_the_log_odds(logged, matrix):
    reasons = registered(logged, "lightgbm").reasons(matrix, top=3)

    assert [len(of_row) for of_row in reasons] == [3] * len(matrix)
    assert all(abs(row[0][1]) >= abs(row[1][1]) >= abs(row[2][1]) for row in reasons)
    assert {name for row in reasons for name, _ in row} <= set(PROBLEM.model_columns)


def test_publishing_makes_the_chosen_candidate_champion_and_says_nothing(comparison, tmp_path, capfd):
    version = registry.publish(comparison, tmp_path, {})

    assert registry.load_champion(tmp_path).version == version
    assert registry.load_champion(tmp_path).name == comparison.chosen
    assert capfd.readouterr() == ("", "")


def test_every_candidate_has_a_finished_run_with_metrics_plots_and_card(logged, comparison):
    client = tracking.client(tracking.tracking_uri(logged[0]))

    for name, run_id in logged[1].items():
        run = client.get_run(run_id)
        files = {item.path for item in client.list_artifacts(run_id)}
        assert run.info.status == "FINISHED"
        assert run.data.metrics["test_auc"] == comparison.results[name].test.metrics["auc"]
        assert run.data.metrics["model_bytes"] == file_of(logged, name).stat().st_size
        assert run.data.tags["note"] == "a test"
        assert files >= {"bundle.json", "model_card.md", "plots"}


def test_without_a_champion_the_reader_is_told_what_to_run(tmp_path):
    with pytest.raises(registry.NoChampion, match="run `make train`"):
        registry.load_champion(tmp_path)


def test_a_run_killed_before_the_alias_moves_leaves_the_old_champion(logged, comparison, tmp_path, monkeypatch):
    uri = tracking.tracking_uri(shutil.copytree(logged[0], tmp_path / "models"))
    first = registry.register(uri, logged[1][comparison.chosen])
    promotions.promote(tmp_path / "models", first, None, "a test", "the first", {})
    monkeypatch.setattr(promotions, "promote", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))

    with pytest.raises(KeyboardInterrupt):
        registry.publish(comparison, tmp_path / "models", {})

    assert registry.load_champion(tmp_path / "models").version == first
    assert registry.alias_version(uri, registry.CHALLENGER) != first


def test_runs_alone_make_no_champion(logged, tmp_path):
    copy = tmp_path / "models"
    shutil.copytree(logged[0], copy)

    with pytest.raises(registry.NoChampion, match="no model version is champion"):
        registry.load_champion(copy)


@pytest.mark.parametrize("name", model_files.FILES)
def test_a_model_file_with_one_flipped_bit_is_refused(logged, spoiled, name):
    spoiled(name, lambda content: content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])

    with pytest.raises(registry.UnusableModel, match="is not the file that was logged"):
        registered(logged, name)


def test_a_truncated_model_file_is_refused(logged, spoiled):
    spoiled("lightgbm", lambda content: content[: len(content) // 2])

    with pytest.raises(registry.UnusableModel, match="is not the file that was logged"):
        registered(logged, "lightgbm")


def test_a_damaged_version_never_becomes_champion(logged, spoiled):
    uri = tracking.tracking_uri(logged[0])
    version = registry.register(uri, logged[1]["lightgbm"])
    spoiled("lightgbm", lambda content: b"")

    with pytest.raises(registry.UnusableModel):
        promotions.promote(logged[0], version, None, "a test", "it is damaged", {})
    with pytest.raises(registry.NoChampion):
        registry.alias_version(uri, registry.CHAMPION)


class Canary:
    """Unpickled, it would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("name", model_files.FILES)
def test_a_pickle_in_place_of_a_model_is_never_executed(tmp_path, name):
    import pickle

    canary = tmp_path / "executed"
    pickled = pickle.dumps(Canary(canary))

    with pytest.raises(Exception, match=r".+"):  # each format has its own way of not being a pickle
        model_files.read_model(name, pickled)

    assert not canary.exists()
    pickle.loads(pickled)
    assert canary.exists()  # the trap was live


def test_a_skops_file_that_names_a_type_beyond_the_list_is_refused(tmp_path):
    import skops.io

    content = skops.io.dumps(Canary(tmp_path))

    with pytest.raises(Exception, match="Canary"):
        model_files.read_model("logistic_regression", content)


@pytest.mark.parametrize("shape", [(1, COLUMNS - 1), (1, COLUMNS + 1), (COLUMNS,)])
def test_a_matrix_with_other_columns_is_refused(logged, shape):
    with pytest.raises(WrongColumns, match=f"rows of {COLUMNS} columns"):
        registered(logged, "climatology").predict(np.zeros(shape))


def test_a_model_of_other_columns_is_refused_with_their_names(logged, monkeypatch):
    renamed = replace(PROBLEM.request_features[0], name="a_new_name")
    monkeypatch.setattr(bundle, "PROBLEM", replace(PROBLEM, request_features=(renamed, *PROBLEM.request_features[1:])))
    differing = ", ".join(sorted(["a_new_name", PROBLEM.request_features[0].name]))

    with pytest.raises(registry.UnusableModel, match=rf"other columns \({differing}\)"):
        registered(logged, "climatology")


def test_a_model_whose_category_codes_moved_is_refused(logged, monkeypatch):
    first = next(one for one in PROBLEM.request_features if one.categories)
    turned = replace(first, categories=first.categories[::-1])
    features = tuple(turned if one is first else one for one in PROBLEM.request_features)
    monkeypatch.setattr(bundle, "PROBLEM", replace(PROBLEM, request_features=features))

    with pytest.raises(registry.UnusableModel, match="other categories"):
        registered(logged, "climatology")


def test_a_version_that_was_registered_by_hand_is_refused_in_a_sentence(logged, tmp_path):
    copy = tmp_path / "models"
    copy.mkdir()
    shutil.copy(logged[0] / "mlflow.db", copy)
    client = tracking.client(tracking.tracking_uri(copy))
    registry.register(tracking.tracking_uri(copy), logged[1]["lightgbm"])
    run_id = logged[1]["lightgbm"]
    source = client.get_run(run_id).data.tags["model_source"]
    version = client.create_model_version(registry.REGISTERED_MODEL, source, run_id).version

    with pytest.raises(UnusableModel, match="registered by hand, without a fingerprint"):
        registry.load_version(tracking.tracking_uri(copy), version)
