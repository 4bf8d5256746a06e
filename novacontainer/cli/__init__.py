"""The operators' command line: verbs that talk to the runtime's API.

Called by ``novacontainer.cmd.cli``.  Calls ``novacontainer.client`` and, for
``image upload``, Glance.  Knows nothing of the runtime but its API.
"""
