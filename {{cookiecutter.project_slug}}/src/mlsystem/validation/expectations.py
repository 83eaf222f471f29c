"""The domain's rules translated to Great Expectations, run over a frame, and its findings translated back."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd
from great_expectations.checkpoint import UpdateDataDocsAction
from great_expectations.core import ExpectationValidationResult
from great_expectations.data_context import AbstractDataContext
from great_expectations.data_context.types.base import ProgressBarsConfig

from mlsystem.contract.tables import Rule, Table

ROW = "row_number"  # how a finding points at a row: keys can be the very thing that is doubled


@dataclass(frozen=True)
class Breach:
    """The rows, by their `row_number`, that break one rule."""

    table: str
    rule: Rule
    rows: tuple[int, ...]


def open_context(folder: Path) -> AbstractDataContext:
    """A context whose suites, results and Data Docs are files below `folder`."""
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    folder.mkdir(parents=True, exist_ok=True)
    context = gx.get_context(mode="file", project_root_dir=folder)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context


def find_breaches(context: AbstractDataContext, table: Table, rows: pd.DataFrame) -> list[Breach]:
    """Every rule of the table that any row breaks. Data Docs get a page of the run."""
    columns = sorted({column for rule in table.rules for column in rule.columns})
    frame = rows[columns].assign(**{ROW: range(len(rows))})
    result = _checkpoint(context, table).run(batch_parameters={"dataframe": frame})
    breaches = []
    for validation in result.run_results.values():
        for finding in validation.results:
            if not finding.success:
                rule = table.rules[_meta(finding)["rule"]]
                found = tuple(sorted(entry[ROW] for entry in finding.result["unexpected_index_list"]))
                breaches.append(Breach(table.name, rule, found))
    return breaches


def _meta(finding: ExpectationValidationResult) -> dict[str, Any]:
    """What `_expectation` noted about the rule when it translated it."""
    return (finding.expectation_config and finding.expectation_config.meta) or {}


def _checkpoint(context: AbstractDataContext, table: Table) -> gx.Checkpoint:
    source = context.data_sources.add_or_update_pandas(table.name)
    batch = source.add_dataframe_asset(table.name).add_batch_definition_whole_dataframe("all")
    rules = [_expectation(rule, {"rule": number}) for number, rule in enumerate(table.rules)]
    suite = context.suites.add_or_update(gx.ExpectationSuite(name=table.name, expectations=rules))
    definition = gx.ValidationDefinition(name=table.name, data=batch, suite=suite)
    definition = context.validation_definitions.add_or_update(definition)
    return context.checkpoints.add_or_update(
        gx.Checkpoint(
            name=table.name,
            validation_definitions=[definition],
            actions=[UpdateDataDocsAction(name="docs")],
            result_format={"result_format": "COMPLETE", "unexpected_index_column_names": [ROW]},
        )
    )


def _expectation(rule: Rule, meta: dict[str, Any]) -> gxe.Expectation:
    common = {"severity": rule.severity, "meta": meta, "notes": rule.reason, **rule.arguments}
    column = rule.columns[0]
    match rule.kind:
        case "not_null":
            return gxe.ExpectColumnValuesToNotBeNull(column=column, **common)
        case "unique" if len(rule.columns) > 1:
            return gxe.ExpectCompoundColumnsToBeUnique(column_list=list(rule.columns), **common)
        case "unique":
            return gxe.ExpectColumnValuesToBeUnique(column=column, **common)
        case "between":
            return gxe.ExpectColumnValuesToBeBetween(column=column, **common)
        case "in_set":
            return gxe.ExpectColumnValuesToBeInSet(column=column, **common)
        case "not_before":
            later, earlier = rule.columns
            return gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A=later, column_B=earlier, or_equal=True, ignore_row_if="either_value_is_missing", **common
            )
        case "matches":
            return gxe.ExpectColumnValuesToMatchRegex(column=column, **common)
