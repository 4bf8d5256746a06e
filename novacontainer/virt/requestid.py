"""The id of the request that nova-compute serves, for the runtime's log.

Called by the client for each call (see ``driver``); calls oslo.context.
"""

from oslo_context import context


def current() -> str:
    """Return the id that nova-api gave the request of this thread.

    Nova puts it on whatever thread works on the request; '' in threads that
    work for nobody in particular, such as periodic tasks before their first
    context.
    """
    found = context.get_current()
    return (found.request_id or '') if found is not None else ''
