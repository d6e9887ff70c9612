"""A provider installs the chart in her own way: it renders, lints, fits Kubernetes, and refuses mistakes in words."""

import pytest

from tests.chart import rendering
from tests.chart.rendering import CHART, KUBERNETES, LEAST, PASSWORDS, VALUE_SETS, helm, yaml

kubernetes_validate = pytest.importorskip(
    "kubernetes_validate", reason="requirements/chart.lock is not installed: ./goodterms test --prepare"
)
GOLDEN = CHART.parents[1] / "tests" / "chart" / "golden" / "least.yaml"
FOREIGN = ("ScaledObject", "TriggerAuthentication")
"""Kinds that KEDA defines; Kubernetes' own schemas do not know them."""

REFUSED = {
    "a misspelt value": ({"web": {"replica": 3}}, "'/web': additional properties 'replica' not allowed"),
    "a lane nobody works": (
        {"workers": {"lanes": {"mail": {"replicas": 1}}}},
        "additional properties 'mail' not allowed",
    ),
    "a moving tag": ({"image": {"tag": "latest"}}, "'/image/tag': 'not' failed"),
    "half a digest": ({"image": {"digest": "sha256:abc"}}, "'/image/digest': 'sha256:abc' does not match pattern"),
    "no web pod": ({"web": {"replicas": 0}}, "'/web/replicas': minimum: got 0, want 1"),
    "a lane without a worker": (
        {"workers": {"lanes": {"ledger": {"replicas": 0}}}},
        "'/workers/lanes/ledger/replicas'",
    ),
    "scaling a lane to nothing": ({"autoscaling": {"minReplicas": 0}}, "'/autoscaling/minReplicas': minimum"),
    "scaling without an address": ({"autoscaling": {"enabled": True}}, "'/autoscaling/redis/address'"),
    "a word for a number": ({"service": {"port": "http"}}, "'/service/port': got string, want integer"),
    "an address with a path": ({"settings": {"publicUrl": "https://ar.example.org/x"}}, "'/settings/publicUrl'"),
    "a password among the settings": (
        {"settings": {"extra": {"GOODTERMS_SMTP_URL": "smtp://u:p@mail"}}},
        "invalid propertyName 'GOODTERMS_SMTP_URL'",
    ),
    "secrets from nowhere": ({"secrets": {"existingSecret": ""}}, "'/secrets/existingSecret'"),
    "half of the passwords": (
        {"secrets": {"create": True, "values": {"redisUrl": "redis://r"}}},
        "'/secrets/values': missing properties 'databaseUrl'",
    ),
}


@pytest.fixture(params=VALUE_SETS.values(), ids=VALUE_SETS.keys())
def values(request):
    return request.param


def test_every_document_is_one_that_kubernetes_accepts(values):
    for found in rendering.documents(values):
        if found["kind"] not in FOREIGN:
            kubernetes_validate.validate(found, KUBERNETES, strict=True)


def test_every_value_set_passes_the_strict_linter(values):
    found = helm.lint(str(CHART), values, strict=True)
    assert [message for message in found["messages"] if message["severity"] > 1] == []
    assert found["errors"] == []


def test_no_two_documents_share_a_name(values):
    names = [(found["kind"], found["metadata"]["name"]) for found in rendering.documents(values)]
    assert len(names) == len(set(names))


def test_every_document_says_where_it_belongs(values):
    for found in rendering.documents(values):
        labels = found["metadata"]["labels"]
        assert labels["app.kubernetes.io/name"] == "goodterms"
        assert labels["app.kubernetes.io/instance"] == "demo"
        assert labels["helm.sh/chart"].startswith("goodterms-")


@pytest.mark.parametrize(("mistake", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_a_mistake_is_refused_with_its_place_and_reason(mistake, said):
    with pytest.raises(helm.HelmError) as refusal:
        rendering.documents(LEAST | mistake)
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("publicUrl", "the address people and customers reach the web face at"),
        ("sender", "the address that mail is sent from"),
        ("bounceDomain", "the domain that undeliverable mail returns to"),
    ],
)
def test_a_forgotten_setting_is_asked_for_in_a_sentence(name, said):
    with pytest.raises(helm.HelmError, match=said):
        rendering.documents({"settings": LEAST["settings"] | {name: ""}})


def test_the_least_install_is_the_one_that_was_reviewed(request):
    """On a wanted change: write the new text into tests/chart/golden/least.yaml and read its diff."""
    made = yaml.safe_dump_all(rendering.documents(LEAST), sort_keys=True, width=140)
    assert made == GOLDEN.read_text(), "the default install changed"


def test_a_word_that_kubernetes_does_not_know_would_be_seen():
    (service,) = rendering.of_kind(LEAST, "Service")
    service["spec"]["prots"] = []
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(service, KUBERNETES, strict=True)


def test_a_digest_wins_over_the_tag():
    pinned = VALUE_SETS["public through an ingress"]
    images = {rendering.container(pod)["image"] for _, pod in rendering.pods(pinned)}
    assert images == {f"registry.example.org:5000/ar/goodterms@{pinned['image']['digest']}"}


def test_without_a_digest_the_image_is_the_release_that_the_chart_was_made_for():
    images = {rendering.container(pod)["image"] for _, pod in rendering.pods(LEAST)}
    assert images == {"goodterms:" + yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"]}


def test_the_ingress_takes_its_host_from_the_public_address():
    (ingress,) = rendering.of_kind(VALUE_SETS["public through an ingress"], "Ingress")
    assert [rule["host"] for rule in ingress["spec"]["rules"]] == ["ar.example.org"]
    assert ingress["spec"]["tls"] == [{"hosts": ["ar.example.org"], "secretName": "ar-tls"}]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (LEAST, "image.digest is empty"),
        (LEAST, "database.to and redis.to are empty"),
        (VALUE_SETS["bare"], "networkPolicy.enabled is off"),
        (LEAST | {"secrets": {"create": True, "values": PASSWORDS}}, "secrets.create is on"),
        (LEAST, "A rollback of the release does not undo it"),
    ],
)
def test_the_notes_name_what_is_left_open(values, said):
    assert said in " ".join(rendering.files(values)["goodterms/templates/NOTES.txt"].split())
