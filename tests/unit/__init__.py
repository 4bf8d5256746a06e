"""Each module by itself."""

import os

from tests import concurrency

# Most of them do not need Nova.
if os.environ.get(concurrency.VARIABLE) == '0':
    concurrency.choose()
