"""The real daemon, and the real driver inside Nova's own services."""

from tests import concurrency

concurrency.choose()
