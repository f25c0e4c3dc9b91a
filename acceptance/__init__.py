"""From a task document to verdicts: reading, checks, running, commands.

Whatever writes a file or to the terminal takes the keys out that this process was given: said here, before anything of
this package can run.
"""

from signoff.perf.redaction import known_secrets
from signoff.reports import leaving

leaving.clean_by(known_secrets.redacted)
