"""docs/cluster.md: its scripts for Slurm and Kubernetes, with stubs for what they call."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

PAGE = (Path(__file__).parents[1] / "docs/cluster.md").read_text(encoding="utf-8")
RESUMED, BEGUN = (
    ["train", "--resume", "--run", "first"],
    ["train", "--data", "cases", "--run", "first"],
)
STUBS = {
    "lawrec": """#!/bin/bash
echo "$TF_CONFIG|$*" >> calls
exit ${FAILS:-0}
""",
    "srun": """#!/bin/bash
for SLURM_PROCID in 0 1; do export SLURM_PROCID; "$@" || failed=1; done
exit ${failed:-0}
""",
    "scontrol": """#!/bin/bash
if [ "$1" = show ]; then printf 'node-a\\nnode-b\\n'; else echo "$*" >> requeued; fi
""",
}


def blocks(language, mark):
    """Return the code blocks of a language that contain a mark."""
    found = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return [block for block in found if mark in block]


@pytest.fixture
def run(tmp_path):
    """A function that runs a script, and returns the worker and the arguments of each call."""
    for name, text in STUBS.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)

    def run(script, **variables):
        environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", **variables}
        subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment, check=False)
        calls = (tmp_path / "calls").read_text().splitlines()
        (tmp_path / "calls").unlink()
        configs, arguments = zip(*(call.split("|") for call in calls), strict=True)
        return [json.loads(config) for config in configs], [each.split() for each in arguments]

    return run


def workers(*addresses):
    """Return the variable TF_CONFIG of each worker."""
    cluster = {"worker": list(addresses)}
    return [
        {"cluster": cluster, "task": {"type": "worker", "index": index}}
        for index in range(len(addresses))
    ]


def begin(folder):
    (folder / "checkpoints/first").mkdir(parents=True)
    (folder / "checkpoints/first/run.json").touch()


def test_the_tasks_of_slurm_are_workers_that_resume_and_are_requeued(run, tmp_path):
    [script] = blocks("sh", "srun")
    expected = workers("node-a:2222", "node-b:2222")
    assert run(script, SLURM_JOB_NODELIST="node-[a-b]") == (expected, [BEGUN] * 2)
    assert not (tmp_path / "requeued").exists()
    begin(tmp_path)
    assert run(script, SLURM_JOB_ID="7", FAILS="1") == (expected, [RESUMED] * 2)
    assert (tmp_path / "requeued").read_text() == "requeue 7\n"
    run(script, SLURM_JOB_ID="7", FAILS="1", SLURM_RESTART_COUNT="20")
    assert (tmp_path / "requeued").read_text() == "requeue 7\n"


def test_the_pods_of_kubernetes_are_workers_that_find_each_other(run, tmp_path):
    [manifest] = blocks("yaml", "kind: Job")
    service, job = yaml.safe_load_all(manifest)
    name, pod = job["metadata"]["name"], job["spec"]["template"]["spec"]
    assert service["metadata"]["name"] == pod["subdomain"]
    assert service["spec"]["selector"] == {"job-name": name}
    assert job["spec"]["completions"] == job["spec"]["parallelism"] == 2
    [container] = pod["containers"]
    [mount], [volume] = container["volumeMounts"], pod["volumes"]
    assert mount["name"] == volume["name"]
    assert container["workingDir"] == mount["mountPath"]
    expected = workers(*(f"{name}-{index}.{pod['subdomain']}:2222" for index in range(2)))
    assert container["command"] == ["bash", "-c"]
    [script] = container["args"]
    for index in range(2):
        assert run(script, JOB_COMPLETION_INDEX=str(index)) == ([expected[index]], [BEGUN])
    begin(tmp_path)
    assert run(script, JOB_COMPLETION_INDEX="0") == ([expected[0]], [RESUMED])
