"""A whole cloud on one machine, to see containers boot through Nova.

``make demo`` runs ``python3 -m demo up``: it installs, starts, proves and
leaves the cloud standing; ``make demo-clean`` runs ``python3 -m demo clean``.
The flow is ``__main__`` → ``installation`` (with the system's Python, standard
library only) → ``cloud`` (what is started, and in which order) → ``scenario``
(what a tenant does) → ``leaks`` (what is left).  Every other module is one
noun of that flow.
"""
