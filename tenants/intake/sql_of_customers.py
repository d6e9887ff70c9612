"""Decides, in SQL, what files say otherwise of customers who are here, and what a file of customers makes and takes
back.

A ledger says something of its customers beside their invoices; a file of customers says nothing else, and more. Both
are asked by the same questions, over their own staged rows.
"""

LEDGER, CUSTOMERS = "import_row", "import_customer"
FIELDS = {
    "name": ("name", "{}"),
    "country": ("country", "{}"),
    "channel": ("channel", "{}"),
    "address": ("address", "{}"),
    "terms": ("terms_days", "CAST(NULLIF({}, '') AS smallint)"),
    "credit_limit": ("credit_limit_minor", "CAST(NULLIF({}, '') AS bigint)"),
}
"""By field the column of the customer, and how it is read from the text in which a change is kept."""
MORE = {
    LEDGER: "'' AS address, '' AS terms, '' AS credit_limit, '' AS owner",
    CUSTOMERS: "r.address, r.terms, r.credit_limit, r.owner",
}
SAID = """
SELECT DISTINCT ON (r.debtor_number) r.debtor_number, r.debtor_name, r.country, r.channel, {more} FROM {rows} r
WHERE r.tenant_id = :tenant AND r.import_id = :import_id ORDER BY r.debtor_number, r.row_no
"""
GROUPS = """
SELECT r.debtor_number, array_agg(DISTINCT trim(part.key)) AS keys FROM {rows} r
CROSS JOIN LATERAL unnest(string_to_array(r.groups, ';')) AS part (key)
WHERE r.tenant_id = :tenant AND r.import_id = :import_id AND r.groups <> '' AND trim(part.key) <> ''
GROUP BY r.debtor_number
"""
# Addresses that people entered stay; those that came by a file give way to those that the newest file gives.
EMAILS = """
SELECT r.debtor_number, array_agg(DISTINCT r.email) AS keys FROM {rows} r
WHERE r.tenant_id = :tenant AND r.import_id = :import_id AND r.email <> '' AND NOT EXISTS (
  SELECT FROM contact c JOIN debtor b ON b.tenant_id = :tenant AND b.id = c.debtor_id
  WHERE c.tenant_id = :tenant AND c.import_id IS NULL AND c.email = r.email AND b.number = r.debtor_number)
GROUP BY r.debtor_number
"""
LISTS = f"""
SELECT d.id, 'groups' AS field, coalesce(h.keys, CAST('{{{{}}}}' AS text[])) AS was,
  ARRAY(SELECT DISTINCT k FROM unnest(coalesce(h.keys, CAST('{{{{}}}}' AS text[])) || s.keys) AS k ORDER BY k) AS became
FROM ({GROUPS}) s JOIN debtor d ON d.tenant_id = :tenant AND d.number = s.debtor_number
LEFT JOIN (SELECT g.debtor_id, array_agg(g.key ORDER BY g.key) AS keys FROM debtor_group g WHERE g.tenant_id = :tenant
  GROUP BY g.debtor_id) h ON h.debtor_id = d.id
WHERE d.tenant_id = :tenant
UNION ALL
SELECT d.id, 'email', coalesce(h.keys, CAST('{{{{}}}}' AS text[])), ARRAY(SELECT k FROM unnest(s.keys) AS k ORDER BY k)
FROM ({EMAILS}) s JOIN debtor d ON d.tenant_id = :tenant AND d.number = s.debtor_number
LEFT JOIN (SELECT c.debtor_id, array_agg(c.email ORDER BY c.email) AS keys FROM contact c WHERE c.tenant_id = :tenant
  AND c.active AND c.import_id IS NOT NULL GROUP BY c.debtor_id) h ON h.debtor_id = d.id
WHERE d.tenant_id = :tenant
"""
FOUND = f"""
SELECT d.id AS debtor_id, f.field, f.was, f.became FROM ({SAID}) s
JOIN debtor d ON d.tenant_id = :tenant AND d.number = s.debtor_number
CROSS JOIN LATERAL (VALUES
  ('name', d.name, s.debtor_name, s.debtor_name NOT IN ('', s.debtor_number)),
  ('country', d.country, s.country, s.country <> ''),
  ('channel', d.channel, s.channel, s.channel <> '' AND CAST(:channel_said AS boolean)),
  ('address', d.address, s.address, s.address <> ''),
  ('terms', coalesce(CAST(d.terms_days AS text), ''), s.terms, s.terms <> ''),
  ('credit_limit', coalesce(CAST(d.credit_limit_minor AS text), ''), s.credit_limit, s.credit_limit <> ''),
  ('owner', coalesce(CAST(d.owner_id AS text), ''), s.owner, s.owner <> '')) AS f (field, was, became, said)
WHERE d.tenant_id = :tenant AND f.said AND f.was <> f.became
UNION ALL
SELECT l.id, l.field, array_to_string(l.was, '; '), array_to_string(l.became, '; ') FROM ({LISTS}) l
WHERE l.was <> l.became
"""
PREVIEW = f"""
SELECT d.number, d.name, c.field, c.was, c.became, count(*) OVER () FROM ({FOUND}) c
JOIN debtor d ON d.tenant_id = :tenant AND d.id = c.debtor_id ORDER BY d.number, c.field LIMIT :limit
"""
KEPT = """
SELECT d.number, d.name, c.field, c.was, c.became, count(*) OVER () FROM import_change c
JOIN debtor d ON d.tenant_id = :tenant AND d.id = c.debtor_id
WHERE c.tenant_id = :tenant AND c.import_id = :import_id ORDER BY d.number, c.field LIMIT :limit
"""
KEEP = f"""
INSERT INTO import_change (tenant_id, import_id, debtor_id, field, was, became)
SELECT :tenant, :import_id, f.debtor_id, f.field, f.was, f.became FROM ({FOUND}) f
ON CONFLICT (tenant_id, import_id, debtor_id, field) DO NOTHING
"""
OF_IMPORT = """
SELECT debtor_id, field, was, became FROM import_change WHERE tenant_id = :tenant AND import_id = :import_id
ORDER BY debtor_id, field
"""
ANYBODY = "SELECT 1 FROM debtor WHERE tenant_id = :tenant LIMIT 1"
_SIDES = ", ".join(
    f"max({side}) FILTER (WHERE field = '{field}') AS {field}_{side}" for field in FIELDS for side in ("was", "became")
)


def _set(before: str, after: str) -> str:
    """Set what was changed from one side to the other; what somebody has changed since stays."""
    columns = ", ".join(
        f"{column} = CASE WHEN coalesce(CAST(d.{column} AS text), '') = c.{field}_{before} "
        f"THEN {read.format(f'c.{field}_{after}')} ELSE d.{column} END"
        for field, (column, read) in FIELDS.items()
    )
    return f"""
UPDATE debtor d SET {columns}
FROM (SELECT debtor_id, {_SIDES} FROM import_change WHERE tenant_id = :tenant AND import_id = :import_id
  GROUP BY debtor_id) c
WHERE d.tenant_id = :tenant AND d.id = c.debtor_id
"""


TURN, TURN_BACK = _set("was", "became"), _set("became", "was")
# What the one side names and the other does not: addresses come into use and go out of it, as the file has them.
USE_EMAILS = """
UPDATE contact k SET active = {active} FROM import_change c
WHERE k.tenant_id = :tenant AND c.tenant_id = :tenant AND c.import_id = :import_id AND c.field = 'email'
  AND k.debtor_id = c.debtor_id AND k.import_id IS NOT NULL AND k.active <> {active}
  AND k.email = ANY(string_to_array(c.{named}, '; ')) AND k.email <> ALL(string_to_array(c.{unnamed}, '; '))
"""
LEAVE_GROUPS = """
DELETE FROM debtor_group g USING import_change c
WHERE g.tenant_id = :tenant AND c.tenant_id = :tenant AND c.import_id = :import_id AND c.field = 'groups'
  AND g.debtor_id = c.debtor_id AND g.key = ANY(string_to_array(c.became, '; '))
  AND g.key <> ALL(string_to_array(c.was, '; '))
"""

LANDED = """
  row_no integer, debtor_number text, debtor_name text, email text, country text, channel text, groups text,
  address text, terms text, credit_limit text, owner text, made_id uuid
"""
STAGED = "r.tenant_id = :tenant AND r.import_id = :import_id"
MADE = f"import_customer r JOIN {{table}} m ON m.tenant_id = :tenant AND m.id = r.made_id WHERE {STAGED}"
CLEAR = "DELETE FROM import_customer WHERE tenant_id = :tenant AND import_id = :import_id"
SUPERSEDE = """
DELETE FROM import_customer r USING import_run i
WHERE r.tenant_id = :tenant AND i.tenant_id = :tenant AND i.id = r.import_id
  AND (i.state NOT IN ('loaded', 'undone') AND i.source = :source OR i.loaded_at < :before)
"""
WAITING = "SELECT count(*) FROM import_customer WHERE tenant_id = :tenant AND import_id = :import_id"
NEW = f"""
SELECT count(*) FROM import_customer r WHERE {STAGED}
  AND NOT EXISTS (SELECT FROM debtor d WHERE d.tenant_id = :tenant AND d.number = r.debtor_number)
"""
OPEN = f"""
INSERT INTO debtor (tenant_id, id, number, name, country, channel, language, address, terms_days, credit_limit_minor,
  import_id, known_at)
SELECT r.tenant_id, r.made_id, r.debtor_number, coalesce(NULLIF(r.debtor_name, ''), r.debtor_number), r.country,
  coalesce(NULLIF(r.channel, ''), 'email'), :language, r.address, CAST(NULLIF(r.terms, '') AS smallint),
  CAST(NULLIF(r.credit_limit, '') AS bigint), r.import_id, :now
FROM import_customer r WHERE {STAGED} ORDER BY r.row_no
ON CONFLICT (tenant_id, number) DO NOTHING
"""
JOIN = f"""
INSERT INTO debtor_group (tenant_id, debtor_id, key)
SELECT DISTINCT d.tenant_id, d.id, trim(part.key)
FROM import_customer r JOIN debtor d ON d.tenant_id = :tenant AND d.number = r.debtor_number
CROSS JOIN LATERAL unnest(string_to_array(r.groups, ';')) AS part (key)
WHERE {STAGED} AND trim(part.key) <> ''
ON CONFLICT (tenant_id, debtor_id, key) DO NOTHING
"""
CONTACTS = f"""
INSERT INTO contact (tenant_id, id, debtor_id, email, language, import_id, known_at)
SELECT d.tenant_id, r.made_id, d.id, r.email, :language, r.import_id, :now
FROM import_customer r JOIN debtor d ON d.tenant_id = :tenant AND d.number = r.debtor_number
WHERE {STAGED} AND r.email <> ''
ON CONFLICT (tenant_id, debtor_id, email) DO NOTHING
"""
OWNED = f"""
SELECT d.id, CAST(r.owner AS uuid) AS owner_id FROM import_customer r
JOIN debtor d ON d.tenant_id = :tenant AND d.number = r.debtor_number
WHERE {STAGED} AND r.owner <> '' ORDER BY d.id
"""
TOUCHED = """
SELECT count(DISTINCT debtor_id) FROM import_change WHERE tenant_id = :tenant AND import_id = :import_id
"""
TRADED = " UNION ALL ".join(
    f"SELECT m.number FROM {MADE.format(table='debtor')} AND EXISTS ("
    f"SELECT FROM {table} o WHERE o.tenant_id = :tenant AND o.debtor_id = m.id)"
    for table in ("invoice", "payment", "credit_note")
)
TRADED_SINCE = f"SELECT t.number FROM ({TRADED}) t ORDER BY t.number LIMIT 1"
RETIRE = f"""
UPDATE contact m SET active = false FROM import_customer r WHERE m.tenant_id = :tenant AND m.id = r.made_id
  AND m.import_id = :import_id AND {STAGED}
"""
LEAVE = f"""
UPDATE debtor m SET undone_at = :now, number = m.number || :mark FROM import_customer r
WHERE m.tenant_id = :tenant AND m.id = r.made_id AND m.import_id = :import_id AND {STAGED}
"""
