"""Every column that lies sealed, and how it is sealed again: when keys of the program change, or a client's own.

What the program's own keys seal (the data keys among it) is few and is sealed again whenever an older key holds it.
What a client's data key seals is sealed again only when that client gets a new one.
"""

from dataclasses import dataclass
from uuid import UUID

from tenants import store
from tenants.directory import data_keys
from tenants.isolation import scope
from tenants.values import sealing
from tenants.values.sealing import Keyring


@dataclass(frozen=True, slots=True)
class Column:
    """One sealed column: where it lies, what names its row, and for which place it is sealed."""

    table: str
    column: str
    key: str
    about: str


AT_THE_DOOR = (
    Column("identity.totp", "sealed_secret", "person_id", "'totp:' || person_id"),
    Column("identity.signing_key", "sealed_private", "kid", "'signing_key:' || kid"),
)
OF_A_CLIENT = (Column("idp_connection", "sealed_secret", "id", "'idp_connection.secret:' || tenant_id || ':' || id"),)
UNDER_DATA_KEYS = (
    Column("client_profile", "iban_sealed", "tenant_id", "'client_profile.iban_sealed'"),
    Column("client_profile", "bic_sealed", "tenant_id", "'client_profile.bic_sealed'"),
    Column("bank_line", "account_sealed", "id", "'bank_line.account'"),
    Column("import_bank_line", "account_sealed", "bank_line_id", "'bank_line.account'"),
    Column("webhook_endpoint", "secret_sealed", "key", "'webhook_endpoint.secret:' || key"),
)
READ = "SELECT DISTINCT {column} AS sealed, {about} AS about FROM {table} WHERE {column} IS NOT NULL{mine}"
WRITE = "UPDATE {table} SET {column} = :fresh WHERE {column} = :old AND {about} = :about{mine}"
MINE = " AND tenant_id = :tenant"


def at_the_door(ring: Keyring) -> int:
    """Seal again what an older key of the program holds, of people and tokens; return how many were."""
    count = 0
    for each in AT_THE_DOOR:
        words = {"table": each.table, "column": each.column, "about": each.about, "mine": ""}
        for row in store.run_identity(READ.format(**words)).all():
            if ring.is_old(row.sealed):
                fresh = ring.seal(ring.open(row.sealed, about=row.about), about=row.about)
                store.run_identity(WRITE.format(**words), fresh=fresh, old=row.sealed, about=row.about)
                count += 1
    return count


def of_client(ring: Keyring, *, fresh_key: bool) -> int:
    """The same in the books of the current client; with a new data key everything under the older ones too."""
    count = data_keys.rewrap()
    for each in OF_A_CLIENT:
        for sealed, about in _values(each):
            if ring.is_old(sealed):
                _keep(each, sealed, about, ring.seal(ring.open(sealed, about=about), about=about))
                count += 1
    return count + (_under_a_new_key() if fresh_key else 0)


def _under_a_new_key() -> int:
    key, older, count = data_keys.renew(), data_keys.held(), 0
    for each in UNDER_DATA_KEYS:
        for sealed, place in _values(each):
            about = f"{_tenant()}|{place}"
            plain = sealing.open_sealed(sealed, keys=older, about=about)
            _keep(each, sealed, place, sealing.seal(plain, key=key, about=about))
            count += 1
    return count


def _values(column: Column) -> list[tuple[bytes, str]]:
    """Each sealed value once, with its place: lines of one statement share one."""
    words = {"table": column.table, "column": column.column, "about": column.about, "mine": MINE}
    return [(row.sealed, row.about) for row in store.run(READ.format(**words)).all()]


def _keep(column: Column, old: bytes, about: str, fresh: bytes) -> None:
    words = {"table": column.table, "column": column.column, "about": column.about, "mine": MINE}
    store.run(WRITE.format(**words), fresh=fresh, old=old, about=about)


def _tenant() -> UUID:
    return scope.current().one
