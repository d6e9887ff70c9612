"""The whole OpenAPI document, tried by everybody with what its schemas allow and with what they forbid.

What comes back is never a fault of ours (5xx), and is always what the document says of its status. Ids are partly those
of real objects, so that the requests get further than the door.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import jsonschema_rs
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.core import NOT_SET
from schemathesis.generation import GenerationMode
from werkzeug.test import TestResponse

from service import openapi
from service.endpoint import JSON
from service.openapi import PART
from tenants.values import ids
from tests.security.probe.callers import Caller
from tests.security.probe.stage import Stage

ROLES = (
    "specialist of two",
    "manager of one",
    "viewer",
    "approver",
    "tenant admin",
    "provider admin",
    "stranger",
)
PROBLEM = "application/problem+json"
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


@dataclass
class Told:
    """What a run found."""

    seed: int
    cases: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    mismatches: list[str] = field(default_factory=list)

    def as_data(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "cases": self.cases,
            "seed": self.seed,
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "server_errors": len(self.faults),
            "schema_mismatches": len(self.mismatches),
            "found": (self.faults + self.mismatches)[:30],
            "pass": not (self.faults or self.mismatches),
        }


class Fuzz:
    """One run over a stage."""

    def __init__(self, stage: Stage, *, number: int = 1) -> None:
        self.stage, self.told, self._turn = stage, Told(number), 0
        self._document = openapi.document()
        self._schema = schemathesis.openapi.from_dict(self._document)
        self._judges: dict[tuple[str, str, str], Any] = {}
        routes = {(PART.sub(r"{\g<name>}", each.rule), each.method): each for each in openapi.described()}
        self._kinds = {
            key: {part["name"]: part["prefix"] for part in PART.finditer(route.rule)} for key, route in routes.items()
        }

    def run(self, *, cases: int, every: int = 1) -> Told:
        """Spread about so many cases evenly over operations, callers and kinds of data."""
        operations = [each.ok() for each in self._schema.get_all_operations()][::every]
        callers = [self.stage.caller(name) for name in ROLES]
        share = max(1, cases // (len(operations) * len(callers) * len(MODES)))
        for operation in operations:
            for mode in MODES:
                self._some(operation, callers, mode, share=share)
        return self.told

    def _some(self, operation: Any, callers: Sequence[Caller], mode: GenerationMode, *, share: int) -> None:
        """So many cases of one operation; each is sent by everybody, because making one costs more than sending it."""

        @seed(self.told.seed)
        @settings(
            max_examples=share,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def each(case: Any) -> None:
            for caller in callers:
                self._one(case, caller)

        with suppress(Unsatisfiable):  # an operation without parts has nothing that could be wrong
            each()

    def _one(self, case: Any, caller: Caller) -> None:
        method, template = case.operation.method.upper(), case.operation.path
        path = self._path(case, template, method)
        headers = {"X-CSRF-Token": caller.csrf, "Idempotency-Key": str(ids.new()), "If-Match": "*"}
        options: dict[str, Any] = {"query_string": dict(_flat(case.query or {}))}
        if case.body is not NOT_SET:
            if case.media_type in (None, JSON):
                options |= {"data": json.dumps(case.body, default=str), "content_type": JSON}
            else:
                body = case.body if isinstance(case.body, bytes) else str(case.body).encode("utf-8", "replace")
                options |= {"data": body, "content_type": case.media_type}
        answer = caller.client.open(path, method=method, headers=headers, **options)
        self.told.cases += 1
        self.told.statuses[answer.status_code] += 1
        self._judge(answer, template, method, f"{method} {path} by {caller.name}: {str(options)[:300]}")

    def _path(self, case: Any, template: str, method: str) -> str:
        """The path with the home client, and in two of three turns with a real object in each place."""
        self._turn += 1
        alder, path = self.stage.alder, template
        for name, prefix in self._kinds[template, method].items():
            given_value = str((case.path_parameters or {}).get(name, "x"))
            if name == "client" and self._turn % 8:
                given_value = alder.slug
            elif prefix and self._turn % 3 and prefix in alder.at:
                given_value = ids.show(prefix, alder.at[prefix])
            path = path.replace(f"{{{name}}}", given_value or "x")
        return path.replace("?", "%3F").replace("#", "%23")

    def _judge(self, answer: TestResponse, template: str, method: str, asked: str) -> None:
        if answer.status_code >= 500:
            self.told.faults.append(f"{answer.status_code} {asked} → {answer.text[:200]}")
            return
        kind = (answer.content_type or "").split(";")[0]
        if answer.status_code in (404, 405) and kind == PROBLEM and method not in ("GET", "POST", "PATCH", "PUT"):
            return
        if kind not in (JSON, PROBLEM):
            return
        wanted = PROBLEM if answer.status_code >= 400 else JSON
        if kind != wanted:
            self.told.mismatches.append(f"{answer.status_code} as {kind}: {asked}")
            return
        judge = self._judge_of(template, method, str(answer.status_code), kind)
        fault = next(judge.iter_errors(answer.json), None) if judge else None
        if judge is None or fault is not None:
            self.told.mismatches.append(f"{answer.status_code} {asked}: {fault.message[:200] if fault else 'untold'}")

    def _judge_of(self, template: str, method: str, status: str, kind: str) -> Any:
        """What the document says of an answer; None when it says nothing."""
        key = (f"{method} {template}", status, kind)
        if key not in self._judges:
            told = self._document["paths"][template][method.lower()]["responses"]
            response = told.get(status) or told.get("default") or {}
            if "$ref" in response:
                response = self._document["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
            schema = response.get("content", {}).get(kind, {}).get("schema")
            whole = None if schema is None else {"components": self._document["components"], **schema}
            self._judges[key] = None if whole is None else jsonschema_rs.Draft202012Validator(whole)
        return self._judges[key]


def _flat(query: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """A query as it is written; text that cannot be written in one is left out."""
    for name, value in query.items():
        text = json.dumps(value) if isinstance(value, dict | list | bool) else str(value)
        try:
            text.encode()
            name.encode()
        except UnicodeEncodeError:
            continue
        yield name, text.strip('"')
