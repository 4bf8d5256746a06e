"""The status page: what runs on this host, for a browser on this host.

Called by ``novacontainer.cli.web``.  Calls ``novacontainer.client`` and knows
the runtime by nothing but its API.  It only ever reads.
"""
