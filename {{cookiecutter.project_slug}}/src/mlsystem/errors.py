"""What went wrong and a person can mend: told in one sentence, without a traceback."""


class UserError(RuntimeError):
    """The base of such errors in every room: says what was found, what was expected, and the next step."""
