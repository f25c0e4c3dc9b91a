"""`python -m acceptance` is `signoff`."""

import sys

from acceptance.commands import main

sys.exit(main())
