"""Mail that leaves by SMTP, and a memory twin. The adapter never repeats a hand-over by itself."""

from collections.abc import Callable

from tenants.delivery.ports import Answer, Handover, Letter, Mailer
from tenants.settings import Settings


class MemoryMailer:
    """Keeps letters instead of sending them."""

    name = "memory"

    def __init__(self) -> None:
        self.sent: list[Letter] = []

    def send(self, letter: Letter) -> Answer:
        self.sent.append(letter)
        return Answer(Handover.ACCEPTED, reference=f"memory-{letter.attempt_id}")


MAILERS: dict[str, Callable[[Settings], Mailer]] = {"memory": lambda _settings: MemoryMailer()}
