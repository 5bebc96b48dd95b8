"""davbridge as a plain WSGI application, for servers that are told a module: configured by the environment alone."""

import logging
import os

from bridge import bootstrap
from bridge.cli.server import wsgi_application
from bridge.config import PREFIX, load

logging.getLogger("radicale").setLevel(logging.WARNING)
_config = load(None, {name: value for name, value in os.environ.items() if name.startswith(PREFIX)})
application = wsgi_application(_config, bootstrap.build(_config))
