"""What may stop a command: one clear sentence for the person, and an exit code for the script."""

FAILED, USAGE, PARTLY, REFUSED = 1, 2, 3, 4


class CannotRun(Exception):
    """The command cannot do what was asked; the sentence says why and what helps."""

    def __init__(self, sentence: str, *, code: int = FAILED) -> None:
        super().__init__(sentence)
        self.code = code
