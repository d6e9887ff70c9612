"""Messages of Amazon SNS: events of SES about our mails. Believed only if SNS signed them for one of our topics.

A message that is believed is answered with 200, also when it says nothing to us or says it again, because SNS repeats
what is answered otherwise. One that is not believed is answered alike whatever was wrong with it.
"""

import structlog
from flask import Blueprint, request
from werkzeug.wrappers import Response

from service.endpoint import PUBLIC, endpoint, tools
from tenants.delivery import provider_news, sns
from tenants.delivery.sns import CONFIRMATION, Believed, Trust
from tenants.directory.clients import UnknownClient
from tenants.isolation import scope
from tenants.values.faults import Kind, Refusal
from tenants.work import unit_of_work

face = Blueprint("hooks", __name__, url_prefix="/hooks")
KINDS = ("text/plain", "application/json")
log = structlog.get_logger(__name__)


class Away(Refusal):
    """Something of AWS that we need to believe the message did not answer."""

    kind = Kind.UNAVAILABLE
    code = "provider_away"
    remedy = "Send it again later."


@endpoint(face, "/sns", needs=PUBLIC, method="POST")
def sns_message() -> Response:
    """Take one message."""
    believed = _believed()
    if believed.kind == CONFIRMATION:
        _confirm(believed)
        return Response(status=200)
    _take(believed.message)
    return Response(status=200)


def _believed() -> Believed:
    """The message, if it is believed; which check it failed is for our log alone."""
    request.max_content_length = sns.LARGEST
    toolbox = tools()
    settings = toolbox.settings
    if request.mimetype not in KINDS:
        raise sns.NotBelieved("This message is not believed.")
    trust = Trust.read(settings.sns_topics, version_1=settings.sns_version_1)
    try:
        return sns.believe(
            request.get_data(), trust=trust, certificate=toolbox.topics.certificate, now=toolbox.clock.now()
        )
    except OSError as fault:
        log.warning("sns.certificate_away", reason=str(fault))
        raise Away("The certificate cannot be had at the moment.") from None
    except sns.NotBelieved:
        log.warning("sns.not_believed", address=request.remote_addr)
        raise


def _confirm(believed: Believed) -> None:
    try:
        tools().topics.confirm(believed.topic, token=believed.token)
    except OSError as fault:
        log.warning("sns.not_confirmed", topic=believed.topic, reason=str(fault))
        raise Away("The subscription cannot be confirmed at the moment.") from None
    log.info("sns.confirmed", topic=believed.topic)


def _take(message: str) -> None:
    """Keep each event in the books of the client that its sealed word names; others' events are none of ours."""
    toolbox = tools()
    by_client, strange = provider_news.sorted_out([message], secret=toolbox.settings.secret_key)
    for tenant_id, told in by_client.items():
        try:
            with unit_of_work(scope.tenant(tenant_id, actor="mail provider")):
                _, unknown = provider_news.receive(told, real=toolbox.clock.now())
        except UnknownClient:
            unknown = told
        strange += [each.told for each in unknown]
    for each in strange:
        log.warning("ses.not_for_us", kind=each.kind, reference=each.reference)
