"""The id of the request that is being served, and how it gets into the log.

Set by ``api.middleware``; threads of ``api.pools`` inherit it.  ``cmd.daemon``
puts :class:`Tag` on the handlers of the log.
"""

import contextvars
import logging

#: What stands for none, outside of requests.
NONE = '-'

CURRENT: contextvars.ContextVar[str] = contextvars.ContextVar(
    'request_id', default=NONE)

#: oslo.log's, without the project and the user that we do not have.
FORMAT = ('%(asctime)s.%(msecs)03d %(process)d %(levelname)s %(name)s '
          '[%(request_id)s] %(instance)s%(message)s')


class Tag(logging.Filter):
    """Tells oslo.log's formatters, JSON's too, which request a line is of.

    They look for ``context`` in the record (oslo_log.formatters).
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every line pass, with its request's id."""
        ident = CURRENT.get()
        if ident != NONE:
            record.context = {'request_id': ident}
        return True


def tag_log() -> None:
    """Put the ids into whatever the handlers write from now on."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(Tag())
