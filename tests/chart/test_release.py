"""The parts around the pods: migration before everything, walls between networks, scaling, budgets."""

import pytest
import rq

from jobs import lists
from jobs.lanes import Lane
from tests.chart import rendering
from tests.chart.rendering import LEAST, VALUE_SETS

KEDA = VALUE_SETS["scaled by KEDA"]
TRIAL = VALUE_SETS["trial with passwords in the release"]
HOOK = "helm.sh/hook"


def policies(values):
    return {found["metadata"]["name"]: found["spec"] for found in rendering.of_kind(values, "NetworkPolicy")}


def who(spec):
    """Return the components that a policy opens a way for."""
    (rule,) = spec["podSelector"]["matchExpressions"]
    return set(rule["values"])


def test_the_schema_is_changed_before_any_pod_of_the_release_starts():
    (job,) = rendering.of_kind(LEAST, "Job")
    annotations = job["metadata"]["annotations"]
    assert annotations[HOOK] == "pre-install,pre-upgrade"
    assert annotations["helm.sh/hook-delete-policy"] == "before-hook-creation,hook-succeeded"
    assert job["spec"]["backoffLimit"] == 0 and job["spec"]["activeDeadlineSeconds"] == 900


@pytest.mark.parametrize("values", VALUE_SETS.values(), ids=VALUE_SETS.keys())
def test_the_migration_needs_nothing_that_the_release_has_yet_to_make(values):
    made_later = {
        found["metadata"]["name"]
        for found in rendering.documents(values)
        if found["kind"] in ("Secret", "ConfigMap", "ServiceAccount")
        and HOOK not in found["metadata"].get("annotations", {})
    }
    pod = dict(rendering.pods(values))["migrate"]
    only = rendering.container(pod)
    needed = {entry["valueFrom"]["secretKeyRef"]["name"] for entry in only["env"] if "valueFrom" in entry}
    assert not made_later & (needed | {pod["serviceAccountName"]})
    assert "envFrom" not in only


def test_the_owners_password_does_not_outlive_the_migration():
    owner = next(found for found in rendering.of_kind(TRIAL, "Secret") if "owner" in found["metadata"]["name"])
    assert list(owner["stringData"]) == ["owner-database-url"]
    assert owner["metadata"]["annotations"]["helm.sh/hook-delete-policy"].endswith("hook-succeeded")
    assert int(owner["metadata"]["annotations"]["helm.sh/hook-weight"]) < 0
    (others,) = [found for found in rendering.of_kind(TRIAL, "Secret") if found != owner]
    assert "owner-pw" not in str(others)


def test_no_secret_is_made_unless_asked_for():
    assert rendering.of_kind(LEAST, "Secret") == []


def test_nothing_goes_in_or_out_unless_a_policy_names_it():
    deny = policies(LEAST)["demo-goodterms-deny"]
    assert deny["policyTypes"] == ["Ingress", "Egress"] and "ingress" not in deny and "egress" not in deny
    assert set(deny["podSelector"]["matchLabels"]) == {"app.kubernetes.io/name", "app.kubernetes.io/instance"}


def test_each_way_out_is_open_to_those_who_need_it():
    named = policies(LEAST)
    everyone = {component for component, _ in rendering.pods(LEAST)}
    assert who(named["demo-goodterms-dns-out"]) == everyone
    assert who(named["demo-goodterms-database-out"]) == everyone - {"check"}
    assert who(named["demo-goodterms-redis-out"]) == everyone - {"check", "migrate"}
    assert who(named["demo-goodterms-mail-out"]) == {"web", "worker-delivery"}


def test_a_provider_can_narrow_each_way_to_her_own_servers():
    named = policies(VALUE_SETS["named neighbours only"])
    (database,) = named["demo-goodterms-database-out"]["egress"]
    assert database == {"ports": [{"port": 6432, "protocol": "TCP"}], "to": [{"ipBlock": {"cidr": "10.1.2.3/32"}}]}
    assert who(named["demo-goodterms-extra-out"]) == {"web", *(f"worker-{lane}" for lane in Lane)}


def test_a_narrowed_way_in_still_lets_the_check_pass():
    (rule,) = policies(VALUE_SETS["public through an ingress"])["demo-goodterms-web-in"]["ingress"]
    assert len(rule["from"]) == 2
    assert rule["from"][1]["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "check"


def test_lanes_scale_on_waiting_and_running_jobs_together():
    scaled = {
        found["spec"]["scaleTargetRef"]["name"]: found["spec"] for found in rendering.of_kind(KEDA, "ScaledObject")
    }
    assert set(scaled) == {f"demo-goodterms-worker-{lane}" for lane in Lane}
    rules = scaled["demo-goodterms-worker-rules"]
    assert {trigger["name"]: trigger["metadata"]["listName"] for trigger in rules["triggers"]} == {
        "waiting": "rq:queue:gt-rules",
        "running": "rq:wip:gt-rules",
    }
    assert rules["advanced"]["scalingModifiers"]["formula"] == "waiting + running"
    assert (rules["minReplicaCount"], rules["maxReplicaCount"]) == (1, 12)
    assert scaled["demo-goodterms-worker-delivery"]["minReplicaCount"] == 2


@pytest.mark.parametrize("lane", list(Lane))
def test_the_keys_that_are_counted_are_the_ones_rq_writes(lane):
    found = next(s for s in rendering.of_kind(KEDA, "ScaledObject") if s["metadata"]["name"].endswith(lane))
    counted = {trigger["metadata"]["listName"] for trigger in found["spec"]["triggers"]}
    connection, queue = object(), lists.name(lane)
    assert counted == {
        rq.Queue(queue, connection=connection).key,
        rq.registry.StartedJobRegistry(queue, connection=connection).key,
    }


def test_a_scaled_lane_leaves_the_number_of_its_pods_to_the_scaler():
    for found in rendering.of_kind(KEDA, "Deployment"):
        lane = "goodterms/lane" in found["spec"]["template"]["metadata"]["labels"]
        assert ("replicas" in found["spec"]) is not lane


def test_a_node_can_be_emptied_one_pod_of_a_kind_at_a_time():
    budgets = rendering.of_kind(LEAST, "PodDisruptionBudget")
    kept = {found["spec"]["selector"]["matchLabels"]["app.kubernetes.io/component"] for found in budgets}
    assert kept == {"web", "dispatcher", *(f"worker-{lane}" for lane in Lane)}
    assert {found["spec"]["maxUnavailable"] for found in budgets} == {1}


def test_documents_survive_the_removal_of_the_release():
    (claim,) = rendering.of_kind(LEAST, "PersistentVolumeClaim")
    assert claim["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    assert rendering.of_kind(VALUE_SETS["bare"], "PersistentVolumeClaim") == []


def test_the_service_finds_web_and_nothing_else():
    (service,) = rendering.of_kind(LEAST, "Service")
    assert service["spec"]["selector"]["app.kubernetes.io/component"] == "web"
