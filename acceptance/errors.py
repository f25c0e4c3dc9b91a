"""Every error that Signoff raises on purpose, and the exit code that it ends with.

    SignoffError
    ├── UsageError                 4   the command, a document or a deployment file is at fault
    │   ├── DocumentUnreadable     4   no such file, not text, unreadable
    │   ├── DeploymentUnreadable   4   no such file, not TOML, unknown key
    │   ├── LockUnreadable         4   not TOML, of a newer release, of another document
    │   └── EvidenceUnusable       4   another tool's result that is unreadable, or of another server
    ├── RunInvalid                 3   nothing could be judged
    │   ├── TargetUnreachable      3   the deployment does not answer
    │   ├── ServiceDidNotStart     3   a service that Signoff starts itself did not become ready
    │   └── PortInUse              3   something else listens where a service has to
    ├── NotMeasurable              -   one criterion cannot be measured here; becomes its outcome
    └── NotRun                     -   its server was given up before it was measured; becomes its outcome

A file of a run that cannot be written is `signoff.reports.errors.NotWritten`, and ends with 3.
A message says what happened and where (file:line:column or URL); `hint` says what to do.
"""

from __future__ import annotations


class SignoffError(Exception):
    """Base of the tree. `exit_code` is what the command ends with."""

    exit_code = 3

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(SignoffError):
    """The command line, a document or a deployment file is at fault."""

    exit_code = 4


class DocumentUnreadable(UsageError):
    """The document cannot be read as text."""


class DeploymentUnreadable(UsageError):
    """The deployment file or the binding file cannot be used as it is."""


class LockUnreadable(UsageError):
    """The accepted reading beside a document cannot be used as it is."""


class EvidenceUnusable(UsageError):
    """Another tool's result cannot be taken as evidence of this run."""


class RunInvalid(SignoffError):
    """Nothing could be judged."""


class TargetUnreachable(RunInvalid):
    """The deployment does not answer at all."""


class ServiceDidNotStart(RunInvalid):
    """A service that Signoff starts itself did not become ready."""


class PortInUse(RunInvalid):
    """Something else listens where a service has to."""


class NotMeasurable(SignoffError):
    """One criterion cannot be measured here. `hint` says what would make it measurable."""


class NotRun(SignoffError):
    """The server was given up before this was measured: a run does not wait for a frozen one without end."""
