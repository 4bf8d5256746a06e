"""The verb ``doctor``: what this host lacks, and what to do about it.

Called by ``cli.app``.  Each module looks at one side of the host and returns
findings; ``verdict`` prints them.
"""
