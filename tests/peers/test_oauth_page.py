"""What the integrators' page shows about access tokens runs as it stands there."""

import re
from pathlib import Path

from tests.unit.service.oauth.desk import MACHINE_SCOPES, register

PAGE = Path(__file__).parents[2] / "docs" / "integrators" / "oauth.md"


def test_the_machine_of_the_page_gets_its_token_and_calls(running, alder, capsys):
    address, web = running
    desk = register(web, alder)
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    exec(program, {"ISSUER": address, "CLIENT_ID": desk.client_id, "KEY": desk.key.as_dict(private=True)})
    assert capsys.readouterr().out.strip().endswith(str(sorted(MACHINE_SCOPES)))
