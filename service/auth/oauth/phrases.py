"""What a scope lets an app do, in the words that a person reads before saying yes."""

WORDS = {
    "openid": "Know that it is you",
    "profile": "Know your name",
    "email": "Know your e-mail address",
    "offline_access": "Keep acting for you for up to 30 days, also while you are away",
    "client.read": "See the company's profile",
    "ledger.read": "See customers, invoices, payments and credit notes",
    "ledger.write": "Issue invoices and credit notes, and record and apply payments",
    "contacts.read": "See the people at your customers and how to reach them",
    "portfolio.read": "See lists that run over several clients",
    "import.read": "See imports and the files they came from",
    "import.write": "Upload ledgers and load them",
    "delivery.read": "See what was sent and whether it arrived",
    "delivery.write": "Send invoices and reminders",
    "alerts.read": "See alerts",
    "alerts.write": "Acknowledge and resolve alerts",
    "collections.read": "See tasks, promises and disputes",
    "collections.write": "Record promises, disputes and pauses, and finish tasks",
    "rules.read": "See workflow rules",
    "rules.propose": "Propose workflow rules",
    "insight.read": "See aging and other figures",
    "approvals.request": "Ask for approvals",
    "work.read": "See work that was given up",
    "history.read": "See the history of changes",
    "export.write": "Take lists and figures away as files",
}


def told(scopes: list[str]) -> list[tuple[str, str]]:
    """Each scope with its words, those of the person first."""
    order = list(WORDS)
    return [(each, WORDS[each]) for each in sorted(scopes, key=order.index)]
