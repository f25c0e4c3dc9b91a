"""`python -m signoff.acceptance` is `signoff`."""

import sys

from signoff.acceptance.commands import main

sys.exit(main())
