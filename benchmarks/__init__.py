"""Side-by-side measurements of novacontainerd and its peers.

Run ``python -m benchmarks --help``.  Nothing here asserts a time: the numbers
are for people, the tests are elsewhere.
"""
