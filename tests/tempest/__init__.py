"""Tempest, OpenStack's own integration tests, against the demo's cloud.

``python -m tests.tempest`` under the Python of a cloud that ``make demo``
left standing (``make tempest`` does both): makes a guest image that has what
Tempest's tests run inside of a guest, writes ``tempest.conf`` from what the
driver can do, and runs ``tempest.api.compute`` and ``tempest.scenario``.
``excluded.txt`` says what is left out, and why.
"""
