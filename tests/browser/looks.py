"""One page in every look: what axe finds, what the browser complains of, and what is wider than its window.

Every rule is asked on a light desk; elsewhere those whose answer can differ by colour and width, which is much faster.
The page is opened once and then shown in other light and at other widths, which is what a browser does too. Both
colours and both widths are looked at; GOODTERMS_FULL=1 looks at every pair of them.
"""

import os

from axe_playwright_python.sync_playwright import Axe

SIZES = {"desk": {"width": 1360, "height": 860}, "phone": {"width": 360, "height": 780}}
LOOKS = [("light", "desk"), ("dark", "phone")]
LOOKS += [("dark", "desk"), ("light", "phone")] if os.environ.get("GOODTERMS_FULL") else []
NARROWEST = {"width": 320, "height": 640}
TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
AXE = Axe()
EVERYTHING = {"resultTypes": ["violations"]}
BY_LOOK = EVERYTHING | {
    "runOnly": {
        "type": "rule",
        "values": ["color-contrast", "target-size", "scrollable-region-focusable", "link-in-text-block"],
    }
}
FEW_ROWS = "document.querySelectorAll('tbody tr:nth-child(n+20)').forEach(row => row.remove())"
"""For lists that hold what all other tests made: rows that look like those above need no second look."""


def violations_on(page, *, everything):
    """What axe finds; it is brought to the page once, which takes as long as one asking."""
    if everything:
        return AXE.run(page, options=EVERYTHING).response["violations"]
    return page.evaluate("options => axe.run(document, options)", BY_LOOK)["violations"]


def faults_on(page, path):
    """All that is wrong with a page, look by look; nothing when everybody can read it."""
    told = []

    def listen(said):
        if said.type == "error":
            told.append(said.text)

    page.on("console", listen)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.set_viewport_size(SIZES["desk"])
    answer, found = page.goto(path), []
    page.evaluate(FEW_ROWS)
    for scheme, size in LOOKS:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size(SIZES[size])
        for each in violations_on(page, everything=(scheme, size) == LOOKS[0]):
            found.append((scheme, size, each["id"], each["nodes"][0]["html"][:200]))
        found += [(size, "wider than its window")] if page.evaluate(TOO_WIDE) else []
    page.set_viewport_size(NARROWEST)
    found += [("narrowest", "wider than its window")] if page.evaluate(TOO_WIDE) else []
    page.remove_listener("console", listen)
    told = [text for text in told if answer.status < 400 or "Failed to load resource" not in text]
    return found + [("console", text) for text in told]
