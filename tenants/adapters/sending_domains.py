"""Sending domains outside: as identities of Amazon SES, and as what the name service publishes of them."""

from functools import cached_property
from typing import Any

import boto3
import dns.exception
import dns.resolver
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from checkdmarc import dmarc, spf

from tenants.delivery.domain_ports import DomainFacts, Identities, Identity
from tenants.settings import Settings

PATIENCE_S = 4.0
THERE = frozenset({"AlreadyExistsException", "ConflictException"})


class SesIdentities:
    """One identity for each domain, signed by DKIM, with a return path of its own domain; and, where clients are kept
    apart, one SES tenant for each client with the identity and the configuration set in it."""

    def __init__(self, *, region: str, configuration_set: str = "", tenants: bool = False, endpoint: str = "") -> None:
        self._region, self._endpoint = region, endpoint
        self._set, self._tenants = configuration_set, tenants

    def tend(self, domain: str, *, bounce_domain: str, account: str) -> Identity:
        """Make what is missing and say how it stands. Raises OSError."""
        try:
            self._make("create_email_identity", EmailIdentity=domain)
            said = self._client.get_email_identity(EmailIdentity=domain)
            if (said.get("MailFromAttributes") or {}).get("MailFromDomain") != bounce_domain:
                self._client.put_email_identity_mail_from_attributes(
                    EmailIdentity=domain, MailFromDomain=bounce_domain, BehaviorOnMxFailure="USE_DEFAULT_VALUE"
                )
                said = self._client.get_email_identity(EmailIdentity=domain)
            if self._tenants and account:
                self._join(account, domain)
        except (ClientError, BotoCoreError) as fault:
            raise OSError(5, f"SES did not look after {domain}: {str(fault)[:200]}") from fault
        return _identity(said, self._region)

    def _join(self, account: str, domain: str) -> None:
        self._make("create_tenant", TenantName=account)
        of_tenant = self._client.get_tenant(TenantName=account)["Tenant"]["TenantArn"]
        start = of_tenant.rpartition(":")[0]
        parts = [f"identity/{domain}"] + ([f"configuration-set/{self._set}"] if self._set else [])
        for part in parts:
            self._make("create_tenant_resource_association", TenantName=account, ResourceArn=f"{start}:{part}")

    def _make(self, what: str, **words: Any) -> None:
        try:
            getattr(self._client, what)(**words)
        except ClientError as fault:
            if fault.response.get("Error", {}).get("Code") not in THERE:
                raise

    @cached_property
    def _client(self) -> Any:
        config = Config(retries={"max_attempts": 3, "mode": "standard"}, connect_timeout=5, read_timeout=15)
        session = boto3.session.Session()
        return session.client("sesv2", region_name=self._region, endpoint_url=self._endpoint or None, config=config)


class NoIdentities:
    """A mail server of one's own signs as it was set up: that the domain is the client's is all there is to prove."""

    def tend(self, domain: str, *, bounce_domain: str, account: str) -> Identity:
        """Nothing is kept there."""
        return Identity(verified=True)


class PublicRecords:
    """The name service of this machine, asked as mailbox providers ask it."""

    def look(self, domain: str, *, bounce_domain: str) -> DomainFacts:
        """What is published."""
        sent = spf.check_spf(bounce_domain, timeout=PATIENCE_S)
        judged = dmarc.check_dmarc(domain, timeout=PATIENCE_S)
        faults = tuple(str(each["error"])[:200] for each in (sent, judged) if each.get("error"))
        return DomainFacts(
            texts=_texts(domain),
            spf=str(sent.get("record") or "") if sent.get("valid") else "",
            dmarc=str(judged.get("record") or "") if judged.get("valid") else "",
            faults=faults,
        )


def _texts(domain: str) -> tuple[str, ...]:
    try:
        found = dns.resolver.resolve(domain, "TXT", lifetime=PATIENCE_S)
    except (dns.exception.DNSException, OSError):
        return ()
    return tuple(b"".join(record.strings).decode(errors="replace") for record in found)


def _identity(said: dict[str, Any], region: str) -> Identity:
    signed, sent = said.get("DkimAttributes") or {}, said.get("MailFromAttributes") or {}
    info = said.get("VerificationInfo") or {}
    return Identity(
        verified=bool(said.get("VerifiedForSendingStatus")) and signed.get("Status") == "SUCCESS",
        dkim=str(signed.get("Status") or ""),
        tokens=tuple(signed.get("Tokens") or ()),
        mail_from=str(sent.get("MailFromDomainStatus") or ""),
        region=region,
        fault=str(info.get("ErrorType") or ""),
    )


def identities_of(settings: Settings) -> Identities:
    """Where the mailer that the settings name keeps sending domains."""
    if settings.mailer != "ses":
        return NoIdentities()
    return SesIdentities(
        region=settings.aws_region,
        configuration_set=settings.ses_configuration_set,
        tenants=settings.ses_tenants,
        endpoint=settings.aws_endpoint,
    )
