"""Deployments: every pipeline has one, and a schedule that stands in the order of the data."""

from mlsystem.flows.deploy import deployments


def test_every_pipeline_is_deployed_with_a_schedule():
    deployed = {deployment.flow_name: deployment for deployment in deployments()}

    assert list(deployed) == ["ingest", "build-features", "monitor", "judge", "retrain", "serve-smoke"]
    assert all(deployment.schedules for deployment in deployed.values())


def test_what_a_pipeline_reads_is_made_before_it_runs():
    times = {d.flow_name: d.schedules[0].schedule.cron.split()[:2] for d in deployments()}

    minutes = [int(hour) * 60 + int(minute) for minute, hour in times.values()]

    assert minutes == sorted(minutes)
