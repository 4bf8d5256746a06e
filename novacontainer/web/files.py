"""The page itself: its document, style sheet, scripts and picture.

Called by ``web.server``.  Everything is read once, before privileges are
given up: what is installed below a closed directory is out of reach then.
"""

import dataclasses
import importlib.resources

#: Ending of a file → its media type.
_TYPES = {
    'html': 'text/html; charset=utf-8',
    'css': 'text/css; charset=utf-8',
    'js': 'text/javascript; charset=utf-8',
    'svg': 'image/svg+xml',
}

#: What there is, in ``static``.
NAMES = ('index.html', 'page.css', 'dom.js', 'format.js', 'page.js',
         'plots.js', 'views.js', 'icon.svg')


@dataclasses.dataclass(frozen=True, slots=True)
class File:
    """One file as it is served."""

    media_type: str
    data: bytes


def read() -> dict[str, File]:
    """Return the files by the paths under which they are served.

    :raises FileNotFoundError: the installation is not whole.
    """
    directory = importlib.resources.files('novacontainer.web') / 'static'
    found = {
        f'/{name}': File(_TYPES[name.rpartition('.')[2]],
                         (directory / name).read_bytes())
        for name in NAMES}
    found['/'] = found.pop('/index.html')
    return found
