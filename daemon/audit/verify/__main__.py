"""`python3 jukura-verify.pyz`."""

import sys

from .program import main

sys.exit(main())
