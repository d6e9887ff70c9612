"""What may differ from the rule in the catalogue, each with its reason; a new line here is for a reviewer to judge."""

WITHOUT_TENANT = {
    "app.alembic_version": "which migrations ran; owner only",
    "app.tenant": "the list of clients itself; walled by its own id",
    "identity.person": "people stand outside every client's books; sign-in role only",
    "identity.provider_role": "roles at the provider; sign-in role only",
    "identity.credential": "kept passwords; sign-in role only",
    "identity.browser_session": "who is signed in; sign-in role only",
    "identity.signing_key": "keys that sign our tokens, the private half sealed; sign-in role only",
    "identity.oauth_grant": "what was granted to API clients; sign-in role only",
    "identity.oauth_code": "codes on their way to apps; sign-in role only",
    "identity.pushed_request": "authorization requests that wait for a person; sign-in role only",
    "identity.refresh_token": "refresh tokens, hashed; sign-in role only",
    "identity.seen_once": "proofs and assertions that count once; sign-in role only",
    "identity.sign_in_try": "how often sign-in failed lately; sign-in role only",
    "identity.totp": "sealed secrets of code apps; sign-in role only",
    "identity.recovery_code": "hashes of recovery codes; sign-in role only",
    "identity.passkey": "public halves of passkeys; sign-in role only",
    "identity.sign_in_step": "sign-ins that wait for their next step; sign-in role only",
    "identity.letter": "letters about signing in that wait to be sent; sign-in role only",
    "identity.provider_act": "what the provider did about people and clients; sign-in role only, which only adds",
    "identity.request_key": "requests of the provider that happen once; sign-in role only",
    "identity.outside_identity": "subjects of clients' identity providers; sign-in role only",
}

SHOWN_TO_DEBTORS_AS_A_WHOLE = {
    "client_profile": "a portal page names its creditor and says how to pay",
    "data_key": "how to pay lies sealed under it, and it lies sealed itself",
}

MORE_POLICIES = {
    ("membership", "known"): (
        "SELECT",
        "{gt_auth}",
        "true",
        "sign-in must find a person's clients before it knows one",
    ),
    ("idp_connection", "known"): ("SELECT", "{gt_auth}", "true", "an address leads to its identity provider"),
    ("email_domain", "known"): ("SELECT", "{gt_auth}", "true", "an address leads to the client that owns its domain"),
    ("sign_in_rule", "known"): ("SELECT", "{gt_auth}", "true", "a session is led by what its person's clients want"),
    ("scim_token", "known"): ("SELECT", "{gt_auth}", "true", "a directory's token says whose directory speaks"),
    ("api_client", "known"): (
        "SELECT",
        "{gt_auth}",
        "true",
        "a token is asked for before the client's books are open; the id asked for names the client",
    ),
    ("client_closing", "asked"): (
        "SELECT",
        "{gt_auth}",
        "(state = 'asked'::text)",
        "a second person of the provider finds which clients are asked to be closed",
    ),
    ("work_item", "dispatched"): ("ALL", "{gt_dispatch}", "true", "one dispatcher claims for all clients"),
    ("work_item", "stopped"): (
        "SELECT",
        "{gt_auth}",
        "(state = 'dead'::text)",
        "the provider counts work that stopped, by client and kind, and reads nothing of what it was about",
    ),
    ("tenant_lane", "dispatched"): ("ALL", "{gt_dispatch}", "true", "one dispatcher keeps the turns of all clients"),
    ("client_profile", "clocked"): ("SELECT", "{gt_dispatch}", "true", "the timetable needs each client's clock"),
}
"""Policies beside the four of the template: command, roles, expression, reason."""

INDEXES_OVER_CLIENTS = {
    "ix_membership_person": "sign-in finds a person's clients before it knows one, among thousands too",
}
"""Indexes that do not start with the tenant, each with its reason."""

WITHOUT_PROGRAM_WRITES = {"tenant_lane": "the dispatcher alone writes it"}
APPEND_ONLY = {"inbox_event", "history", "allocation", "evidence", "rule_version", "rule_firing", "rule_consent"} | {
    "access_visit",
    "rule_spared",
    "former_verdict",
    "mail_file",
    "import_change",
    "contact_policy",
    "wording",
    *("due_schedule", "instalment", "period_close", "period_control", "exchange_rate", "late_term", "base_rate"),
    *("debtor_owner", "discount_term"),
}
