"""A client's own directory adds people and groups, and switches them off: by SCIM 2.0, checked by a checker that we did
not write."""

from uuid import uuid4

import pytest
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_tester import Status, check_server

from tenants.directory import connections, memberships
from tenants.directory.provisioning import groups, tokens
from tenants.isolation import scope
from tenants.values import ids
from tenants.work import unit_of_work
from tests.cast import NOW, engage
from tests.unit.service.conftest import Browser

TYPE = "application/scim+json"


class Directory:
    """Alder's directory, with a token of its own."""

    def __init__(self, web, tenant):
        self.client = web.test_client()
        self.tenant = tenant
        self.domain = f"alder-{uuid4().hex[:8]}.test"
        with self.books():
            self.token_id, self.token = tokens.make("Directory", now=NOW)
            connections.claim_domain(self.domain, now=NOW)
            (mine,) = connections.domains()
            connections.prove_domain(self.domain, records=[mine.record], now=NOW)

    def books(self):
        return unit_of_work(scope.tenant(self.tenant, actor="test"))

    def send(self, method, path, body=None, **headers):
        headers = {"Authorization": f"Bearer {self.token}", **headers}
        options = {} if body is None else {"json": body, "content_type": TYPE}
        return self.client.open(f"/scim/v2{path}", method=method, headers=headers, **options)

    def user(self, user_name=None, /, **said):
        user_name = user_name or f"una.{uuid4().hex[:6]}@{self.domain}"
        answer = self.send("POST", "/Users", {"userName": user_name, "displayName": "Una Vogel", **said})
        assert answer.status_code == 201, answer.text
        return answer.json

    def group(self, name, *members, role=None):
        answer = self.send(
            "POST", "/Groups", {"displayName": name, "members": [{"value": each["id"]} for each in members]}
        )
        assert answer.status_code == 201, answer.text
        if role:
            with self.books():
                groups.set_role(ids.read("scg", answer.json["id"]), role=role, now=NOW)
        return answer.json

    def patch(self, path, *operations):
        body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": list(operations)}
        return self.send("PATCH", path, body)

    def roles(self, email):
        with self.books():
            return sorted(each.role for each in memberships.live(now=NOW) if each.person_email == email)


@pytest.fixture
def directory(web, alder):
    return Directory(web, alder)


def test_the_checker_finds_no_fault(web, directory):
    headers = {"Authorization": f"Bearer {directory.token}"}
    client = WSGISCIMClient(web, base_url="http://goodterms.test/scim/v2", headers=headers)
    results = check_server(client)
    faults = [(each.title, each.reason) for each in results if each.status in (Status.ERROR, Status.CRITICAL)]
    assert not faults, "\n".join(map(str, faults))
    assert sum(each.status == Status.SUCCESS for each in results) > 40


# --- who may speak ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer x", "Basic eDp5", "Bearer gt_scim_" + "0" * 32 + "_x"]
)
def test_without_a_token_nothing_is_said(web, directory, authorization):
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = directory.client.get("/scim/v2/Users", headers=headers)
    assert (answer.status_code, answer.content_type, answer.headers["WWW-Authenticate"]) == (401, TYPE, "Bearer")
    assert answer.json["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]


def test_a_token_that_was_revoked_is_refused_with_its_next_request(directory):
    assert directory.send("GET", "/Users").status_code == 200
    with directory.books():
        tokens.revoke(directory.token_id, now=NOW)
        with pytest.raises(tokens.UnknownToken):
            tokens.revoke(directory.token_id, now=NOW)
    assert directory.send("GET", "/Users").status_code == 401


def test_only_the_hash_of_a_token_is_kept(directory, statements):
    rows = statements(f"SELECT t::text FROM app.scim_token t WHERE id = '{directory.token_id}'")
    assert directory.token not in rows[0][0]
    with directory.books():
        (shown,) = tokens.all_of()
    assert shown.name == "Directory" and shown.revoked_at is None


def test_one_clients_directory_sees_nothing_of_another(web, directory, birch):
    una, other = directory.user(), Directory(web, birch)
    everyone = directory.group("Everyone", una)
    for method, path, body in (
        ("GET", f"/Users/{una['id']}", None),
        ("PUT", f"/Users/{una['id']}", {"userName": "x"}),
        ("DELETE", f"/Users/{una['id']}", None),
        ("GET", f"/Groups/{everyone['id']}", None),
        ("DELETE", f"/Groups/{everyone['id']}", None),
    ):
        answers = [
            (each.status_code, each.json)
            for each in (
                other.send(method, path, body),
                other.send(
                    method,
                    path.replace(una["id"], ids.show("scu", ids.new())).replace(
                        everyone["id"], ids.show("scg", ids.new())
                    ),
                    body,
                ),
            )
        ]
        assert answers[0] == answers[1] and answers[0][0] == 404, (method, path)
    assert other.send("GET", "/Users").json["totalResults"] == 0
    assert other.send("POST", "/Groups", {"displayName": "G", "members": [{"value": una["id"]}]}).status_code == 400


# --- what becomes of people ------------------------------------------------------------------------------------------


def test_una_comes_with_a_group_and_goes_with_a_switch(directory, as_, web):
    una = directory.user()
    directory.group("Finance", una, role="client_approver")
    assert directory.roles(una["userName"]) == ["client_approver"]
    with unit_of_work(scope.platform(actor="test", reason="find a person")):
        from tenants.directory import people, sessions

        person = people.find(una["userName"])
        fresh = sessions.start(person.id, now=NOW)
    browser = Browser(web.test_client())
    browser.client.set_cookie("gt_session", fresh.token, domain="localhost")
    assert [each["roles"] for each in browser.get("~/whoami").json["clients"]] == [["client_approver"]]
    done = directory.patch(f"/Users/{una['id']}", {"op": "Replace", "path": "active", "value": "False"})
    assert (done.status_code, done.json["active"]) == (200, False)
    assert browser.get("~/whoami").status_code == 401, "with the next request"
    assert directory.roles(una["userName"]) == []
    directory.patch(f"/Users/{una['id']}", {"op": "replace", "value": {"active": True}})
    assert directory.roles(una["userName"]) == ["client_approver"]
    assert directory.send("DELETE", f"/Users/{una['id']}").status_code == 204
    assert directory.roles(una["userName"]) == [] and directory.send("GET", f"/Users/{una['id']}").status_code == 404


def test_a_role_follows_the_group_and_what_it_means(directory):
    una = directory.user()
    group = directory.group("Finance", role="client_viewer")
    assert directory.roles(una["userName"]) == []
    directory.patch(f"/Groups/{group['id']}", {"op": "add", "path": "members", "value": [{"value": una["id"]}]})
    assert directory.roles(una["userName"]) == ["client_viewer"]
    assert directory.send("GET", f"/Users/{una['id']}").json["groups"][0]["display"] == "Finance"
    with directory.books():
        groups.set_role(ids.read("scg", group["id"]), role="client_approver", now=NOW)
        (mapped,) = groups.with_roles()
    assert (mapped.name, mapped.role, mapped.members) == ("Finance", "client_approver", 1)
    assert directory.roles(una["userName"]) == ["client_approver"]
    for gone in ({"path": f'members[value eq "{una["id"]}"]'}, {"path": "members", "value": [{"value": una["id"]}]}):
        directory.patch(f"/Groups/{group['id']}", {"op": "add", "path": "members", "value": [{"value": una["id"]}]})
        assert directory.patch(f"/Groups/{group['id']}", {"op": "remove", **gone}).status_code == 200
        assert directory.roles(una["userName"]) == []
    directory.send("PUT", f"/Groups/{group['id']}", {"displayName": "Finance", "members": [{"value": una["id"]}]})
    assert directory.roles(una["userName"]) == ["client_approver"]
    assert directory.send("DELETE", f"/Groups/{group['id']}").status_code == 204
    assert directory.roles(una["userName"]) == []


def test_what_was_given_by_hand_stays_until_the_switch(directory):
    una = directory.user()
    with unit_of_work(scope.platform(actor="test", reason="find a person")):
        from tenants.directory import people

        person = people.find(una["userName"])
    with directory.books():
        memberships.give(person.id, name="Una", email=una["userName"], role="tenant_admin", now=NOW)
    group = directory.group("Finance", una, role="client_viewer")
    directory.send("DELETE", f"/Groups/{group['id']}")
    assert directory.roles(una["userName"]) == ["tenant_admin"]
    directory.patch(f"/Users/{una['id']}", {"op": "replace", "path": "active", "value": False})
    assert directory.roles(una["userName"]) == []


@pytest.mark.parametrize("role", ["specialist", "provider_admin", "visitor", "king"])
def test_a_group_means_roles_of_the_clients_own_people_only(directory, role):
    from tenants.directory.provisioning.shape import BadValue

    group = directory.group("Finance")
    with pytest.raises(BadValue), directory.books():
        groups.set_role(ids.read("scg", group["id"]), role=role, now=NOW)


def test_an_address_elsewhere_a_colleague_of_the_provider_and_another_clients_person_stay_who_they_are(
    directory, birch, cast_domain
):
    staff = engage("Sam Staff", (directory.tenant, "specialist"), side="provider")
    other = engage("Bea Birch", (birch, "client_viewer"))
    with directory.books():
        connections.claim_domain(cast_domain, now=NOW)
        record = next(each.record for each in connections.domains() if each.domain == cast_domain)
        connections.prove_domain(cast_domain, records=[record], now=NOW)
    made = [directory.user(name) for name in (staff.email, other.email, "ceo@elsewhere.test", "no.address")]
    directory.group("Admins", *made, role="tenant_admin")
    assert directory.roles(staff.email) == ["specialist"] and directory.roles(other.email) == []
    for each in made:
        assert directory.send("DELETE", f"/Users/{each['id']}").status_code == 204
    assert directory.roles(staff.email) == ["specialist"]


def test_the_primary_address_makes_the_person_when_the_name_is_none(directory):
    wanted = f"una.{uuid4().hex[:6]}@{directory.domain}"
    emails = [{"value": "una@private.test"}, {"value": wanted, "primary": True}]
    una = directory.user(
        f"una{uuid4().hex[:6]}", emails=emails, name={"givenName": "Una", "familyName": "Vogel"}, displayName=None
    )
    directory.group("Finance", una, role="client_viewer")
    assert directory.roles(wanted) == ["client_viewer"]


# --- how it is said --------------------------------------------------------------------------------------------------


def test_users_are_found_by_what_they_are_called(directory):
    una, ben = directory.user(externalId="7"), directory.user()
    for text in (
        f'userName eq "{una["userName"].upper()}"',
        'externalId eq "7"',
        f'id eq "{una["id"]}" and externalId eq "7"',
        f'urn:ietf:params:scim:schemas:core:2.0:User:userName Eq "{una["userName"]}"',
    ):
        found = directory.send("GET", f"/Users?filter={text}").json
        assert [each["id"] for each in found["Resources"]] == [una["id"]], text
    assert directory.send("GET", '/Users?filter=id eq "nobody"').json["totalResults"] == 0
    page = directory.send("GET", "/Users?startIndex=2&count=1").json
    assert (page["totalResults"], page["startIndex"], [each["id"] for each in page["Resources"]]) == (2, 2, [ben["id"]])
    assert directory.send("GET", "/Users?count=0").json["Resources"] == []
    few = directory.send("GET", f"/Users/{una['id']}?attributes=userName").json
    assert set(few) == {"schemas", "id", "meta", "userName"}
    assert "userName" not in directory.send("GET", f"/Users/{una['id']}?excludedAttributes=userName").json


@pytest.mark.parametrize(
    "text",
    [
        "x",
        'userName co "a"',
        'userName eq "a" or id eq "b"',
        "userName eq",
        'title eq "x"',
        'id eq "a" and id eq "b"',
        'userName eq "\\x"',
        'userName eq "\\u0000"',
        'externalId eq "a\\ud800"',
        "x" * 3000,
    ],
)
def test_a_filter_that_we_do_not_understand_is_refused(directory, text):
    answer = directory.client.get(
        "/scim/v2/Users", query_string={"filter": text}, headers={"Authorization": f"Bearer {directory.token}"}
    )
    assert (answer.status_code, answer.json["scimType"]) == (400, "invalidFilter")


def test_two_users_cannot_have_one_name(directory):
    una, ben = directory.user(), directory.user()
    for answer in (
        directory.send("POST", "/Users", {"userName": una["userName"].upper()}),
        directory.send("PUT", f"/Users/{ben['id']}", {"userName": una["userName"]}),
    ):
        assert (answer.status_code, answer.json["scimType"]) == (409, "uniqueness")
    first, second = directory.group("One"), directory.group("Two")
    assert directory.send("POST", "/Groups", {"displayName": "ONE"}).status_code == 409
    assert directory.send("PUT", f"/Groups/{second['id']}", {"displayName": "one"}).status_code == 409
    assert directory.send("GET", '/Groups?filter=displayName eq "one"').json["Resources"][0]["id"] == first["id"]


def test_a_change_of_what_was_changed_meanwhile_is_refused(directory):
    una = directory.user()
    path = f"/Users/{una['id']}"
    tag = directory.send("GET", path).headers["ETag"]
    assert directory.send("GET", path, **{"If-None-Match": tag}).status_code == 304
    assert (
        directory.send("PUT", path, {"userName": una["userName"], "title": "Dr"}, **{"If-Match": tag}).status_code
        == 200
    )
    for method in ("PUT", "DELETE"):
        late = directory.send(method, path, {"userName": una["userName"]}, **{"If-Match": tag})
        assert late.status_code == 412, method
    assert directory.send("DELETE", path, **{"If-Match": '"nonsense"'}).status_code == 412
    group = directory.group("G")
    assert directory.send("DELETE", f"/Groups/{group['id']}", **{"If-Match": 'W/"9"'}).status_code == 412


PATCHES = {
    "no operation": ([], "invalidValue"),
    "no list": ("add", "invalidValue"),
    "no object": (["x"], "invalidValue"),
    "an unknown operation": ([{"op": "move", "path": "title", "value": "x"}], "invalidValue"),
    "nothing to remove": ([{"op": "remove"}], "noTarget"),
    "a value that is no object": ([{"op": "add", "value": "x"}], "invalidValue"),
    "an unknown attribute": ([{"op": "add", "path": "wings", "value": "x"}], "invalidPath"),
    "an unknown part": ([{"op": "add", "path": "name.wings", "value": "x"}], "invalidPath"),
    "a path that is none": ([{"op": "add", "path": "a b[", "value": "x"}], "invalidPath"),
    "a filter on one value": ([{"op": "replace", "path": 'name[x eq "y"]', "value": "x"}], "invalidPath"),
    "what only we write": ([{"op": "replace", "path": "groups", "value": []}], "mutability"),
    "what is needed": ([{"op": "remove", "path": "userName"}], "mutability"),
    "nothing that fits": ([{"op": "replace", "path": 'emails[type eq "moon"].value', "value": "x"}], "noTarget"),
    "a wrong type": ([{"op": "replace", "path": "active", "value": "perhaps"}], "invalidValue"),
    "a text that is none": ([{"op": "replace", "path": "title", "value": 7}], "invalidValue"),
    "a text without end": ([{"op": "replace", "path": "title", "value": "x" * 2000}], "invalidValue"),
    "no value in the place of one": ([{"op": "add", "path": 'emails[type eq "x"]', "value": []}], "invalidValue"),
    "a filter that cannot be kept": (
        [{"op": "add", "path": 'emails[value eq "\\u0000"]', "value": {"type": "x"}}],
        "invalidFilter",
    ),
    "parts that are none": ([{"op": "replace", "path": "name", "value": "x"}], "invalidValue"),
}


@pytest.mark.parametrize("bent", PATCHES)
def test_a_patch_that_cannot_be_right_changes_nothing(directory, bent):
    operations, code = PATCHES[bent]
    una = directory.user(title="Dr")
    answer = directory.send("PATCH", f"/Users/{una['id']}", {"Operations": operations})
    assert (answer.status_code, answer.json.get("scimType")) == (400, code), answer.text
    assert directory.send("GET", f"/Users/{una['id']}").json == una


def test_what_directories_of_others_say(directory):
    """Entra and Okta write booleans as words, paths with filters, parts by their dotted names and values of nothing."""
    una = directory.user(
        emails=[{"type": "work", "value": "old@x.test", "primary": True}], title="Dr", name={"givenName": "U"}
    )
    done = directory.patch(
        f"/Users/{una['id']}",
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "new@x.test"},
        {"op": "Add", "path": 'phoneNumbers[type eq "mobile"].value', "value": "+49 30 1"},
        {
            "op": "Add",
            "value": {"name.familyName": "Vogel", "urn:ietf:params:scim:schemas:core:2.0:User:nickName": "U"},
        },
        {"op": "add", "path": "emails", "value": [{"type": "home", "value": "home@x.test", "primary": True}]},
        {"op": "replace", "path": "title", "value": None},
        {"op": "remove", "path": "name.givenName"},
        {"op": "remove", "path": 'phoneNumbers[type eq "fax"]'},
        {"op": "add", "value": {"urn:unknown:thing": "x", "wings": 2}},
    )
    assert done.status_code == 200, done.text
    said = done.json
    assert said["emails"] == [
        {"type": "work", "value": "new@x.test", "primary": False},
        {"type": "home", "value": "home@x.test", "primary": True},
    ]
    assert said["phoneNumbers"] == [{"type": "mobile", "value": "+49 30 1"}]
    assert (said["name"], said["nickName"], "title" in said) == ({"familyName": "Vogel"}, "U", False)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"userName": ""},
        {"userName": 7},
        [],
        {"userName": "x", "emails": [7]},
        {"userName": "x", "emails": [{}] * 501},
    ],
)
def test_what_is_no_user_is_refused(directory, body):
    answer = directory.send("POST", "/Users", body)
    assert (answer.status_code, answer.content_type) == (400, TYPE)


def test_faults_of_the_wire_are_answered_in_its_language(directory):
    headers = {"Authorization": f"Bearer {directory.token}"}
    broken = directory.client.post("/scim/v2/Users", data=b"{", content_type=TYPE, headers=headers)
    assert (broken.status_code, broken.json["scimType"]) == (400, "invalidSyntax")
    for path in ("/nothing", "/Users/not-an-id", "/ResourceTypes/Moon", "/Schemas/urn:moon"):
        answer = directory.send("GET", path)
        assert (answer.status_code, answer.content_type) == (404, TYPE), path
    assert directory.send("GET", "/Users?startIndex=x").status_code == 400
    assert directory.send("GET", "/Users?count=9999999999999").status_code == 400
