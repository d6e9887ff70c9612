"""Many of one kind at once: each item is tried for itself and answered for itself, and one that is refused undoes
nothing of the others."""

from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from service import problems
from tenants import store
from tenants.values.faults import Refusal

MOST = 200
SUFFIX = ":batch"


class ItemProblem(Schema):
    """Why one item was refused."""

    code = fields.String(required=True)
    detail = fields.String(required=True)
    remedy = fields.String(required=True)
    errors = fields.List(fields.Dict(), required=True)


class Items(fields.List[dict[str, Any]]):
    """A list that is documented as what it should hold and handed on as it came: each item is read by itself."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> list[Any]:
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise ValidationError("A batch is a list of objects.")
        return value


@cache
def request_of(item: type[Schema]) -> type[Schema]:
    """The schema of a batch: items are read one by one, so that a fault in one is its own."""
    column = Items(fields.Nested(item), required=True, validate=validate.Length(1, MOST))
    return Schema.from_dict({"items": column}, name=f"{item.__name__}Batch")


@cache
def answer_of(result: type[Schema]) -> type[Schema]:
    """The schema of what became of a batch."""
    one = Schema.from_dict(
        {
            "index": fields.Integer(required=True),
            "status": fields.Integer(required=True, metadata={"description": "What it would be for the item alone"}),
            "result": fields.Nested(result, required=True, allow_none=True),
            "problem": fields.Nested(ItemProblem, required=True, allow_none=True),
        },
        name=f"{result.__name__}Outcome",
    )
    columns: dict[str, Any] = {
        "items": fields.List(fields.Nested(one), required=True),
        "done": fields.Integer(required=True),
        "refused": fields.Integer(required=True),
    }
    return Schema.from_dict(columns, name=f"{result.__name__}Outcomes")


def each(
    items: list[dict[str, Any]], *, accepts: type[Schema], act: Callable[[dict[str, Any]], Any], status: int
) -> dict[str, Any]:
    """Try every item in a savepoint of its own; return what became of each, in their order."""
    outcomes = [_one(number, item, accepts, act, status) for number, item in enumerate(items)]
    done = sum(outcome["problem"] is None for outcome in outcomes)
    return {"items": outcomes, "done": done, "refused": len(outcomes) - done}


def _one(
    number: int, item: dict[str, Any], accepts: type[Schema], act: Callable[[dict[str, Any]], Any], status: int
) -> dict[str, Any]:
    try:
        body = accepts(unknown=RAISE).load(item)
        with store.attempt():
            return {"index": number, "status": status, "result": act(body), "problem": None}
    except ValidationError as fault:
        told = {"code": "invalid", "detail": "Some fields are not right.", "remedy": "Mend the fields that are named."}
        refused = HTTPStatus.UNPROCESSABLE_ENTITY
        return _refused(number, refused, told | {"errors": problems.field_faults(fault)})
    except Refusal as fault:
        told = {"code": fault.code, "detail": fault.detail, "remedy": fault.remedy}
        return _refused(number, problems.STATUS[fault.kind], told | {"errors": problems.pointed(fault)})


def _refused(number: int, status: HTTPStatus, problem: dict[str, Any]) -> dict[str, Any]:
    return {"index": number, "status": int(status), "result": None, "problem": problem}
