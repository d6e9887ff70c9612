"""Decides what a directory may say of users and groups: one table of attributes, by which every document is read.

The same table is shown to directories as our schemas, so what we say that we keep is what we keep. An attribute that
we do not know is ignored; one of the wrong type is refused.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tenants.values.faults import Kind, Refusal

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
LONGEST = 1000
MOST = 500


class BadValue(Refusal):
    """A value that the attribute cannot have."""

    code = "invalidValue"


class Untouchable(Refusal):
    """An attribute that only we write."""

    code = "mutability"


class BadPath(Refusal):
    """A path that names nothing."""

    code = "invalidPath"


class NoTarget(Refusal):
    """A path that fits nothing in this resource."""

    code = "noTarget"


class BadFilter(Refusal):
    """A filter that we do not understand."""

    code = "invalidFilter"


class Taken(Refusal):
    """Another resource has this name."""

    kind = Kind.CONFLICT
    code = "uniqueness"


class NoSuchResource(Refusal):
    """Not there, or not this directory's."""

    kind = Kind.UNKNOWN
    code = "not_found"


@dataclass(frozen=True, slots=True)
class Attr:
    """One attribute."""

    name: str
    kind: str = "string"
    multi: bool = False
    required: bool = False
    subs: tuple["Attr", ...] = ()
    mutability: str = "readWrite"
    unique: str = "none"
    exact: bool = False
    refers: tuple[str, ...] = ()
    says: str = ""

    def sub(self, name: str) -> "Attr | None":
        """The part of this name, in whatever case."""
        return next((each for each in self.subs if each.name.lower() == name.lower()), None)


def _plural(name: str, says: str) -> Attr:
    parts = (Attr("value"), Attr("display"), Attr("type"), Attr("primary", "boolean"))
    return Attr(name, "complex", multi=True, subs=parts, says=says)


NAME = Attr(
    "name",
    "complex",
    subs=tuple(
        Attr(each)
        for each in ("formatted", "familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix")
    ),
    says="The parts of the name",
)
OF_USER = (
    Attr("userName", required=True, unique="server", says="The name by which the person signs in, often the address"),
    NAME,
    Attr("displayName", says="The name on our pages"),
    Attr("nickName"),
    Attr("title"),
    Attr("userType"),
    Attr("preferredLanguage"),
    Attr("locale"),
    Attr("timezone"),
    Attr("active", "boolean", says="Whether the person may come in"),
    _plural("emails", "Addresses; the primary one, or the user name, makes the person here"),
    _plural("phoneNumbers", "Telephones"),
    Attr(
        "groups",
        "complex",
        multi=True,
        mutability="readOnly",
        subs=(
            Attr("value", mutability="readOnly"),
            Attr("$ref", "reference", mutability="readOnly", refers=("Group",), exact=True),
            Attr("display", mutability="readOnly"),
        ),
        says="Groups in which the person is",
    ),
)
OF_GROUP = (
    Attr("displayName", required=True, unique="server", says="The name of the group"),
    Attr(
        "members",
        "complex",
        multi=True,
        subs=(
            Attr("value", mutability="immutable"),
            Attr("$ref", "reference", mutability="immutable", refers=("User",), exact=True),
        ),
        says="Who is in the group",
    ),
)
EXTERNAL = Attr("externalId", exact=True)
TABLES = {USER: OF_USER, GROUP: OF_GROUP}


def attribute(schema: str, name: str) -> Attr | None:
    """The attribute of this name, in whatever case; None for one that we do not know."""
    return next((each for each in (*TABLES[schema], EXTERNAL) if each.name.lower() == name.lower()), None)


def read(schema: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """What we keep of a whole document. Raises BadValue for a value of the wrong type, or a name that is missing."""
    said: dict[str, Any] = {}
    for name, value in document.items():
        found = attribute(schema, name)
        if found is not None and found.mutability != "readOnly" and not is_nothing(value):
            said[found.name] = checked(found, value)
    for each in TABLES[schema]:
        if each.required and not str(said.get(each.name, "")).strip():
            raise BadValue(f"The attribute {each.name} is needed.")
    return said


def checked(attr: Attr, value: Any) -> Any:
    """A value as we keep it. Raises BadValue."""
    if not attr.multi:
        return _one(attr, value)
    listed = value if isinstance(value, list) else [value]
    if len(listed) > MOST and attr.name != "members":
        raise BadValue(f"{attr.name} has more than {MOST} values.")
    return _one_primary([_one(attr, each) for each in listed])


def _one(attr: Attr, value: Any) -> Any:
    if attr.kind == "complex":
        if not isinstance(value, Mapping):
            raise BadValue(f"{attr.name} is made of parts.")
        return _parts(attr, value)
    if attr.kind == "boolean":
        if isinstance(value, str) and value.lower() in ("true", "false"):  # some directories write it so
            return value.lower() == "true"
        if not isinstance(value, bool):
            raise BadValue(f"{attr.name} is true or false.")
        return value
    if not isinstance(value, str) or len(value) > LONGEST:
        raise BadValue(f"{attr.name} is a text of at most {LONGEST} characters.")
    return value


def _parts(attr: Attr, value: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, part in value.items():
        sub = attr.sub(name)
        if sub is not None and sub.mutability != "readOnly" and not is_nothing(part):
            found[sub.name] = _one(sub, part)
    return found


def _one_primary(values: list[Any]) -> list[Any]:
    """At most one value is the primary one: the last that says so."""
    claims = [each for each in values if isinstance(each, dict) and each.get("primary") is True]
    for each in claims[:-1]:
        each["primary"] = False
    return values


def is_nothing(value: Any) -> bool:
    """Whether a value says that there is none."""
    return value is None or value == [] or value == {}


def as_schema(attrs: Iterable[Attr]) -> list[dict[str, Any]]:
    """The attributes as RFC 7643 writes them."""
    return [_described(each) for each in attrs]


def _described(attr: Attr) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": attr.name,
        "type": attr.kind,
        "multiValued": attr.multi,
        "description": attr.says or attr.name,
        "required": attr.required,
        "mutability": attr.mutability,
        "returned": "default",
    }
    if attr.kind in ("string", "reference"):
        told |= {"caseExact": attr.exact, "uniqueness": attr.unique}
    if attr.refers:
        told["referenceTypes"] = list(attr.refers)
    if attr.subs:
        told["subAttributes"] = as_schema(attr.subs)
    return told
