"""What each pod may do, may know and may reach."""

import pytest

from jobs.lanes import WORKED, Lane
from tests.chart import rendering
from tests.chart.rendering import LEAST, PASSWORDS, VALUE_SETS

STEADY = {"web", "dispatcher", "timetable", *(f"worker-{lane}" for lane in Lane)}
WORKER = {
    "GOODTERMS_DATABASE_URL",
    "GOODTERMS_WORKER_DATABASE_URL",
    "GOODTERMS_REDIS_URL",
    "GOODTERMS_SECRET_KEY",
    "GOODTERMS_SEALING_KEYS",
}
CLOCKWORK = {
    "GOODTERMS_DATABASE_URL",
    "GOODTERMS_DISPATCH_DATABASE_URL",
    "GOODTERMS_REDIS_URL",
    "GOODTERMS_SECRET_KEY",
}
SECRETS = {
    "web": {"GOODTERMS_DATABASE_URL", "GOODTERMS_AUTH_DATABASE_URL", "GOODTERMS_REDIS_URL", "GOODTERMS_SECRET_KEY"}
    | {"GOODTERMS_SEALING_KEYS", "GOODTERMS_SMTP_URL"},
    "dispatcher": CLOCKWORK,
    "timetable": CLOCKWORK,
    "migrate": {"GOODTERMS_OWNER_DATABASE_URL"},
    "check": set(),
    **{f"worker-{lane}": WORKER for lane in Lane},
    "worker-delivery": WORKER | {"GOODTERMS_SMTP_URL"},
}
COMMANDS = {
    "dispatcher": ["python", "-m", "jobs.dispatcher"],
    "timetable": ["python", "-m", "jobs.timetable"],
    "migrate": ["python", "-m", "console", "migrate"],
    **{f"worker-{lane}": ["python", "-m", "jobs.worker", lane.value] for lane in Lane},
}
EVERY_POD = [
    pytest.param(pod, id=f"{name}: {component}")
    for name, values in VALUE_SETS.items()
    for component, pod in rendering.pods(values)
]


def by_component(values):
    return dict(rendering.pods(values))


@pytest.mark.parametrize("pod", EVERY_POD)
def test_no_pod_can_become_more_than_it_is(pod):
    outer, inner = pod["securityContext"], rendering.container(pod)["securityContext"]
    assert outer["runAsNonRoot"] and outer["runAsUser"] > 9999
    assert outer["seccompProfile"] == {"type": "RuntimeDefault"}
    assert inner["readOnlyRootFilesystem"] and inner["runAsNonRoot"]
    assert not inner["allowPrivilegeEscalation"] and not inner["privileged"]
    assert inner["capabilities"] == {"drop": ["ALL"]}
    assert pod["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()


@pytest.mark.parametrize("pod", EVERY_POD)
def test_no_pod_can_starve_its_neighbours(pod):
    resources = rendering.container(pod)["resources"]
    for side in ("requests", "limits"):
        assert resources[side].keys() == {"cpu", "memory"}
    assert pod["terminationGracePeriodSeconds"] >= 10


@pytest.mark.parametrize("pod", EVERY_POD)
def test_a_service_of_the_same_name_cannot_shadow_a_setting(pod):
    assert pod["enableServiceLinks"] is False


@pytest.mark.parametrize("values", VALUE_SETS.values(), ids=VALUE_SETS.keys())
def test_each_pod_gets_the_secrets_it_needs_and_no_others(values):
    assert {component: rendering.secret_names(pod) for component, pod in rendering.pods(values)} == SECRETS


@pytest.mark.parametrize(
    ("components", "key"),
    [
        ({"web"}, "database-url"),
        ({f"worker-{lane}" for lane in Lane}, "worker-database-url"),
        ({"dispatcher", "timetable"}, "dispatch-database-url"),
    ],
)
def test_each_process_finds_its_own_role_under_the_one_name(components, key):
    pods = by_component(LEAST)
    for component in components:
        (own,) = [e for e in rendering.container(pods[component])["env"] if e["name"] == "GOODTERMS_DATABASE_URL"]
        assert own["valueFrom"]["secretKeyRef"] == {"name": "goodterms", "key": key}


def test_secrets_come_one_by_one_and_never_as_a_whole():
    for _, pod in rendering.pods(LEAST):
        assert not [source for source in rendering.container(pod).get("envFrom", []) if "secretRef" in source]
        assert not [volume for volume in pod.get("volumes", []) if "secret" in volume]


def test_the_mailroom_is_there_where_it_is_wanted_and_reaches_what_it_needs():
    wanted = LEAST | {
        "mailroom": {"replicas": 2},
        "networkPolicy": {"extraEgress": [{"ports": [{"port": 443, "protocol": "TCP"}]}]},
    }
    pod = by_component(wanted)["mailroom"]
    assert rendering.container(pod)["args"] == ["python", "-m", "jobs.mailroom"]
    assert rendering.secret_names(pod) == WORKER
    ways = [
        policy["metadata"]["name"]
        for policy in rendering.of_kind(wanted, "NetworkPolicy")
        for term in policy["spec"]["podSelector"].get("matchExpressions", [])
        if "mailroom" in term["values"]
    ]
    assert {way.rpartition("goodterms-")[2] for way in ways} == {"dns-out", "database-out", "redis-out", "extra-out"}
    assert "mailroom" not in by_component(LEAST)


def test_every_lane_has_its_worker_and_no_worker_listens_to_nothing():
    lanes = {
        found["spec"]["template"]["metadata"]["labels"]["goodterms/lane"]
        for found in rendering.of_kind(LEAST, "Deployment")
        if found["metadata"]["labels"]["app.kubernetes.io/component"].startswith("worker-")
    }
    assert lanes == {lane.value for lane in WORKED} == {lane.value for lane in Lane}


def test_each_pod_starts_its_own_part():
    started = {component: rendering.container(pod)["args"] for component, pod in rendering.pods(LEAST)}
    assert {component: started[component] for component in COMMANDS} == COMMANDS
    assert started["web"][:2] == ["gunicorn", "service.app:create_app()"]


def test_the_entry_point_of_the_image_is_kept():
    assert not [component for component, pod in rendering.pods(LEAST) if "command" in rendering.container(pod)]


def test_everything_that_stays_up_is_asked_whether_it_lives():
    pods = by_component(LEAST)
    assert pods.keys() >= STEADY
    for component in STEADY:
        assert rendering.container(pods[component]).keys() >= {"startupProbe", "livenessProbe", "readinessProbe"}


def test_web_is_asked_under_its_public_name():
    web = rendering.container(by_component(LEAST)["web"])
    paths = {probe: web[probe]["httpGet"]["path"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert paths == {"startupProbe": "/startupz", "livenessProbe": "/livez", "readinessProbe": "/readyz"}
    assert web["livenessProbe"]["httpGet"]["httpHeaders"] == [{"name": "Host", "value": "ar.example.org"}]


def test_a_process_without_a_port_is_watched_by_its_heartbeat():
    for component, pod in rendering.pods(LEAST):
        if component in STEADY - {"web"}:
            only = rendering.container(pod)
            assert {"name": "GOODTERMS_HEARTBEAT", "value": "/tmp/heartbeat"} in only["env"]
            assert "/tmp/heartbeat" in only["livenessProbe"]["exec"]["command"][-1]


def test_web_drains_before_the_kubelet_loses_patience():
    pod = by_component(LEAST)["web"]
    only = rendering.container(pod)
    drain = int(only["args"][only["args"].index("--graceful-timeout") + 1])
    assert only["lifecycle"]["preStop"]["sleep"]["seconds"] + drain < pod["terminationGracePeriodSeconds"]


def test_documents_are_mounted_where_they_are_made_or_shown():
    mounted = {
        component
        for component, pod in rendering.pods(LEAST)
        if any(volume["name"] == "documents" for volume in pod.get("volumes", []))
    }
    assert mounted == {"web", "worker-intake", "worker-delivery", "worker-insight"}


def test_spare_pods_of_a_kind_stand_on_different_machines():
    for found in rendering.of_kind(LEAST, "Deployment"):
        (spread,) = found["spec"]["template"]["spec"]["topologySpreadConstraints"]
        assert spread["topologyKey"] == "kubernetes.io/hostname"
        assert spread["labelSelector"]["matchLabels"] == found["spec"]["selector"]["matchLabels"]


def test_a_changed_setting_restarts_the_pods_that_read_it():
    def stamps(values):
        return {
            found["spec"]["template"]["metadata"]["annotations"]["checksum/settings"]
            for found in rendering.of_kind(values, "Deployment")
        }

    assert stamps(LEAST).isdisjoint(stamps({"settings": LEAST["settings"] | {"providerName": "Linden"}}))


def test_a_changed_password_of_a_trial_restarts_them_too():
    def stamps(password):
        values = LEAST | {"secrets": {"create": True, "values": PASSWORDS | {"redisUrl": password}}}
        return {
            found["spec"]["template"]["metadata"]["annotations"]["checksum/secrets"]
            for found in rendering.of_kind(values, "Deployment")
        }

    assert stamps("redis://one").isdisjoint(stamps("redis://two"))
