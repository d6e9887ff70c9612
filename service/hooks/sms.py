"""Receipts of text messages, believed only with the provider's signature, for the text that their sealed address names.

What is believed is answered with 204 also when it says nothing new; everything else alike with 403.
"""

from flask import Blueprint, request
from werkzeug.wrappers import Response

from service.endpoint import PUBLIC, endpoint, tools
from tenants.delivery import texts
from tenants.delivery.texts import Receipt
from tenants.delivery.tokens import BadToken
from tenants.directory import clients
from tenants.directory.clients import UnknownClient
from tenants.isolation import scope
from tenants.values.faults import Kind, Refusal
from tenants.work import unit_of_work

face = Blueprint("text_hooks", __name__, url_prefix="/hooks")
LARGEST = 16 * 1024


class NotBelieved(Refusal):
    """Not signed by the provider of texts, or about no text of ours."""

    kind = Kind.FORBIDDEN
    code = "not_believed"
    remedy = "Sign the exact address and form with the account's token."


@endpoint(face, "/sms/<word>", needs=PUBLIC, method="POST")
def text_receipt(word: str) -> Response:
    """Take one receipt."""
    request.max_content_length = LARGEST
    toolbox = tools()
    settings, real = toolbox.settings, toolbox.clock.now()
    form = {name: request.form[name] for name in request.form}
    address = f"{settings.public_url.rstrip('/')}{request.path}"
    signature = request.headers.get("X-Twilio-Signature", "")
    if not toolbox.texts.believes(address, form=form, signature=signature):
        raise NotBelieved("This receipt is not believed.")
    try:
        tenant_id, attempt_id = texts.addressee(word, secret=settings.secret_key)
        with unit_of_work(scope.tenant(tenant_id, actor="text provider")):
            told = Receipt(
                attempt_id, form.get("MessageStatus", ""), form.get("ErrorCode", ""), form.get("MessageSid", "")
            )
            texts.receive(told, now=clients.clock().now(real), real=real)
    except (BadToken, UnknownClient):
        raise NotBelieved("This receipt is not believed.") from None
    return Response(status=204)
