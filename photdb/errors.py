"""Errors a user can act on: what was found, what to do, and the exit code of the command line."""


class PhotdbError(Exception):
    """An expected failure; anything else is a bug and keeps its traceback.

    Parameters
    ----------
    what : str
        What was found and where, with numbers.
    hint : str, optional
        What to do next.
    """

    exit_code = 1

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint

    def __reduce__(self) -> tuple[type["PhotdbError"], tuple[str, str]]:
        """Cross process boundaries whole: workers raise these."""
        return type(self), (self.what, self.hint)


class UsageError(PhotdbError):
    """The command or call was put wrongly."""

    exit_code = 2


class NotFoundError(PhotdbError):
    """Nothing in the store answers to that name, position or id."""

    exit_code = 3


class InputError(PhotdbError):
    """A file or value that cannot be used."""

    exit_code = 4


class CalibrationError(PhotdbError):
    """No zero point, master frame or astrometric solution can be made from what there is."""

    exit_code = 5


class RegistrationError(CalibrationError):
    """No astrometric solution for a frame."""


class StoreLockedError(PhotdbError):
    """Another process holds the store."""

    exit_code = 6
