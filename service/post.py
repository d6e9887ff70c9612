"""The post at the door: letters to people about signing in leave from here, by a thread of each process.

Only the door knows people, so no worker could write to them. A request keeps a letter and wakes the thread; a letter
whose process died before it was claimed leaves with the next look, of whichever process. Nothing is sent twice.
"""

import threading

import structlog
from flask import Flask, Response, after_this_request, current_app
from sqlalchemy.exc import SQLAlchemyError

from tenants.assembly import Toolbox
from tenants.delivery.ports import Handover, Letter
from tenants.directory import letters
from tenants.directory.letters import Leaving
from tenants.isolation import scope
from tenants.work import unit_of_work

SENT = (Handover.ACCEPTED, Handover.AMBIGUOUS)
log = structlog.get_logger(__name__)


class Post:
    """The letters of one process, and the thread that sends them when `every_s` is more than nothing."""

    def __init__(self, app: Flask, *, tools: Toolbox, every_s: int) -> None:
        self._app, self._tools, self._every_s = app, tools, every_s
        self._thread: threading.Thread | None = None
        self._lock, self._bell = threading.Lock(), threading.Event()

    def wake(self) -> None:
        """There is a letter."""
        self.begin()
        self._bell.set()

    def begin(self) -> None:
        """Look for letters from now on; asked with every request, because a process may be copied before its first."""
        if self._thread is not None or self._every_s == 0:
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._keep_sending, name="post", daemon=True)
                self._thread.start()

    def send(self) -> int:
        """Send what waits: claim, act, settle, with no transaction open in between; return how many left."""
        count = 0
        with self._app.app_context():
            while (letter := self._claimed()) is not None:
                answer = self._tools.mailer.send(self._shaped(letter))
                with unit_of_work(scope.platform(actor="post", reason="write down how a letter to a person ended")):
                    letters.settle(letter, sent=answer.end in SENT, detail=answer.detail, now=self._tools.clock.now())
                count += 1
        return count

    def _claimed(self) -> Leaving | None:
        settings = self._tools.settings
        with unit_of_work(scope.platform(actor="post", reason="claim a letter to a person")):
            return letters.claim(now=self._tools.clock.now(), public_url=settings.public_url)

    def _shaped(self, letter: Leaving) -> Letter:
        settings = self._tools.settings
        return Letter(
            attempt_id=letter.id,
            sender=settings.sender,
            sender_name=settings.provider_name,
            recipient=letter.email,
            return_path=settings.sender,
            reply_to=settings.sender,
            subject=letter.subject,
            text=f"Dear {letter.name},\n\n{letter.words}\n\n{settings.provider_name}\n",
            html="",
        )

    def _keep_sending(self) -> None:
        while True:
            self._bell.wait(self._every_s)
            self._bell.clear()
            try:
                self.send()
            except SQLAlchemyError as fault:
                log.warning("post.unsent", reason=type(fault).__name__)


def wake() -> None:
    """Tell the post of the application at hand that there is a letter, once the request at hand is answered: only then
    is it sure to be kept."""
    here: Post = current_app.extensions["post"]

    @after_this_request
    def ring(response: Response) -> Response:
        here.wake()
        return response
