"""The real daemon, and the real driver inside Nova's own services."""

import os

# nova-compute runs native threads.  Nova's test packages would patch the
# whole process for eventlet instead, unless they are told not to; and the
# choice must be made before anything else has imported eventlet.
os.environ.setdefault('OS_NOVA_DISABLE_EVENTLET_PATCHING', '1')

from nova import monkey_patch

monkey_patch.patch()
