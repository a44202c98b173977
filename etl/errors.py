"""The one family of errors: each says what happened, to which batch or event, and what to do."""

from errno import EDQUOT, ENOSPC

DISK_IS_FULL = frozenset({ENOSPC, EDQUOT})
"""Numbers of an ``OSError`` where there is no room, or none for this user."""


class EtlError(Exception):
    """Something a person must act on. Running the same step again does not help."""


class TransientError(EtlError):
    """Something that may pass by itself: run the same step again."""


class ConfigurationError(EtlError):
    """A setting, a folder, a port or a missing system part keeps the program from starting."""


class UnavailableError(TransientError):
    """The server does not answer just now, or does not let anybody in yet."""


class CycleBusyError(TransientError):
    """Another process is running a step of the cycle just now; one of the two wins and this one did nothing."""


class StagingLostError(TransientError):
    """The plan of the open batch is gone (staging is unlogged and the server crashed): the next run stages it again."""


class StepError(EtlError):
    """A step fails on what a batch holds, and it could not be found out on which rows; nothing of it was loaded."""


class WatermarkError(EtlError):
    """The watermark cannot be compared with this server's transaction ids; nothing was read."""


class GateError(EtlError):
    """An expectation could not be evaluated, so the batch is not known to be good and nothing of it was loaded."""


class AuditError(EtlError):
    """A batch's record, landing and the warehouse do not agree any more."""


class LedgerError(EtlError):
    """A batch's ledger does not balance; its load was rolled back whole."""


class InvariantError(EtlError):
    """A query under sql/invariants returned rows: the warehouse contradicts itself."""


class MigrationError(EtlError):
    """A migration that was applied has been edited since, or the database is newer than this program."""


class LandingError(EtlError):
    """A file could not be landed."""


class ExportError(EtlError):
    """Events could not be exported to files."""


class ProjectError(EtlError):
    """There is no such project, or there is one already."""


class DefinitionError(EtlError):
    """An action or a cohort cannot be read, asks for something that is not supported, or is not there."""


class PropertyIndexError(EtlError):
    """There is no such index of a property."""


class RefusedError(EtlError):
    """A request of which nothing is stored.

    Attributes:
        status: of the answer: 4xx only for what can never work, since the SDKs then throw the events away.
        reason: a few words, the same for all of a kind, for the metrics.
    """

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


class IdentityError(EtlError):
    """A person, a distinct id or a refused merge is not there, or cannot be changed in the way asked for."""
