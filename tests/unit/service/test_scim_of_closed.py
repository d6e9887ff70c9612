"""What the directory of a client that was closed may still say: who leaves."""

from datetime import timedelta

from tenants import store
from tenants.directory import memberships
from tenants.values import ids
from tests.cast import NOW
from tests.unit.service.test_scim import directory  # noqa: F401  (a fixture)


def test_the_directory_of_a_closed_client_lets_people_go_and_brings_nobody(directory, web_clock):  # noqa: F811
    una, uwe = directory.user(), directory.user()
    buyers = directory.group("Buyers", una, uwe, role="client_viewer")
    with directory.books():
        (held,) = [each for each in memberships.live(now=NOW) if each.person_email == uwe["userName"]]
        memberships.end(held.id, now=NOW, reason="By hand")
        shut = NOW + timedelta(days=30)
        store.run(
            "UPDATE tenant SET state = 'closed', closed_at = :now, shut_at = :shut WHERE id = :tenant",
            now=NOW,
            shut=shut,
        )
    refused = [
        directory.send("POST", "/Users", {"userName": f"new@{directory.domain}"}),
        directory.send("POST", "/Groups", {"displayName": "More"}),
        directory.patch(f"/Users/{una['id']}", {"op": "replace", "path": "displayName", "value": "U."}),
        directory.patch(f"/Groups/{buyers['id']}", {"op": "replace", "path": "displayName", "value": "All"}),
        directory.patch(
            f"/Groups/{buyers['id']}",
            {"op": "replace", "path": "members", "value": [{"value": ids.show("scu", ids.new())}]},
        ),
    ]
    assert [each.status_code for each in refused] == [403] * 5 and "closed" in refused[0].json["detail"]
    assert directory.send("GET", "/Users").json["totalResults"] == 2
    assert directory.send("PUT", f"/Users/{una['id']}", una).status_code == 200, "what is the same changes nothing"
    left = directory.patch(f"/Groups/{buyers['id']}", {"op": "remove", "path": f'members[value eq "{uwe["id"]}"]'})
    assert left.status_code == 200, left.text
    assert directory.roles(uwe["userName"]) == [], "and nothing that a person ended comes back by it"
    assert directory.roles(una["userName"]) == ["client_viewer"]
    off = directory.patch(f"/Users/{una['id']}", {"op": "Replace", "path": "active", "value": "False"})
    assert off.status_code == 200 and directory.roles(una["userName"]) == []
    on = directory.patch(f"/Users/{una['id']}", {"op": "Replace", "path": "active", "value": "True"})
    assert on.status_code == 403
    assert directory.send("DELETE", f"/Users/{una['id']}").status_code == 204
    assert directory.send("DELETE", f"/Groups/{buyers['id']}").status_code == 204
    web_clock.move(timedelta(days=31))
    assert directory.send("GET", "/Users").status_code == 401, "its books are shut"
