"""The chart in helm/ as documents: six ways in which a provider may install it, rendered by Helm's own engine."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

helm = pytest.importorskip("helm_python", reason="requirements/chart.lock is not installed: ./goodterms test --prepare")
yaml = pytest.importorskip("yaml", reason="requirements/chart.lock is not installed: ./goodterms test --prepare")

CHART = Path(__file__).parents[2] / "helm" / "goodterms"
KUBERNETES = "1.37"
Document = dict[str, Any]

LEAST: Document = {
    "settings": {
        "publicUrl": "https://ar.example.org",
        "sender": "receivables@example.org",
        "bounceDomain": "bounces.example.org",
    }
}
PASSWORDS = {
    "databaseUrl": "postgresql://gt_app:app-pw@db.example.org/goodterms",
    "authDatabaseUrl": "postgresql://gt_auth:auth-pw@db.example.org/goodterms",
    "workerDatabaseUrl": "postgresql://gt_worker:worker-pw@db.example.org/goodterms",
    "dispatchDatabaseUrl": "postgresql://gt_dispatch:dispatch-pw@db.example.org/goodterms",
    "ownerDatabaseUrl": "postgresql://gt_owner:owner-pw@db.example.org/goodterms",
    "redisUrl": "redis://:redis-pw@redis.example.org:6379/0",
    "secretKey": "a key of at least thirty-two characters",
    "sealingKeys": "one more key of at least thirty-two characters",
    "smtpUrl": "smtp://mailer:mail-pw@mail.example.org:587",
}
VALUE_SETS: dict[str, Document] = {
    "least": LEAST,
    "trial with passwords in the release": LEAST | {"secrets": {"create": True, "values": PASSWORDS}},
    "public through an ingress": LEAST
    | {
        "ingress": {
            "enabled": True,
            "className": "nginx",
            "tlsSecret": "ar-tls",
            "annotations": {"example.org/a": "b"},
        },
        "image": {"repository": "registry.example.org:5000/ar/goodterms", "digest": "sha256:" + "0123456789abcdef" * 4},
        "networkPolicy": {
            "webFrom": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "nginx"}}}]
        },
    },
    "scaled by KEDA": LEAST
    | {
        "autoscaling": {
            "enabled": True,
            "lanes": {"rules": {"maxReplicas": 12}, "delivery": {"minReplicas": 2}},
            "redis": {
                "address": "redis.example.org:6379",
                "tls": True,
                "existingSecret": "keda",
                "usernameKey": "user",
            },
        }
    },
    "named neighbours only": LEAST
    | {
        "networkPolicy": {
            "database": {"port": 6432, "to": [{"ipBlock": {"cidr": "10.1.2.3/32"}}]},
            "redis": {"to": [{"ipBlock": {"cidr": "10.1.2.4/32"}}]},
            "mail": {"port": 465, "to": [{"ipBlock": {"cidr": "10.1.2.5/32"}}]},
            "extraEgress": [{"ports": [{"port": 443, "protocol": "TCP"}]}],
        },
        "nodeSelector": {"pool": "ar"},
        "tolerations": [{"key": "pool", "operator": "Equal", "value": "ar", "effect": "NoSchedule"}],
        "affinity": {"nodeAffinity": {}},
        "priorityClassName": "business",
        "podLabels": {"team": "ar"},
        "podAnnotations": {"example.org/owner": "ar"},
    },
    "bare": LEAST
    | {
        "fullnameOverride": "ar",
        "networkPolicy": {"enabled": False},
        "podDisruptionBudget": {"enabled": False},
        "serviceAccount": {"create": False},
        "documents": {"existingClaim": "papers"},
        "settings": LEAST["settings"] | {"extra": {"GOODTERMS_POOL_SIZE": "16"}},
    },
}


@cache
def _chart() -> Any:
    return helm.Chart.load(str(CHART))


@cache
def _rendered(values_as_json: str) -> dict[str, str]:
    return _chart().render(json.loads(values_as_json), name="demo", namespace="ar")


def files(values: Document) -> dict[str, str]:
    """Render the chart as a first install called `demo` in the namespace `ar`; file name to text."""
    return _rendered(json.dumps(values, sort_keys=True))


def documents(values: Document) -> list[Document]:
    """Return every Kubernetes object that these values would make."""
    texts = (text for name, text in sorted(files(values).items()) if name.endswith(".yaml"))
    return [found for text in texts for found in yaml.load_all(text, yaml.CSafeLoader) if found]


def of_kind(values: Document, kind: str) -> list[Document]:
    return [found for found in documents(values) if found["kind"] == kind]


def pods(values: Document) -> Iterator[tuple[str, Document]]:
    """Yield (component, pod spec) of everything that runs, hooks and the check pod included."""
    for found in documents(values):
        spec = found if found["kind"] == "Pod" else found.get("spec", {}).get("template")
        if spec is not None and "containers" in spec.get("spec", {}):
            yield spec["metadata"]["labels"]["app.kubernetes.io/component"], spec["spec"]


def container(pod: Document) -> Document:
    """Return the pod's only container."""
    (only,) = pod["containers"]
    return only


def secret_names(pod: Document) -> set[str]:
    """Return the settings that reach this pod from a secret."""
    return {entry["name"] for entry in container(pod).get("env", []) if "secretKeyRef" in entry.get("valueFrom", {})}
