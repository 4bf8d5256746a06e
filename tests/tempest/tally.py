"""What a run of Tempest came to, in plain words.

Called by ``tests.tempest.__main__`` with the lines that ``tempest run``
prints as each test ends (subunit-trace's); pure.
"""

import collections
import re

# "{0} tempest.api.x.Y.test_z [1.234567s] ... SKIPPED: no volumes"; a class
# stands as "setUpClass (tempest.api.x.Y)", and mostly without a time.
_ENDED = re.compile(r'^\{\d+\} (?P<test>.+?)( \[[\d.]+s\])? \.\.\. '
                    r'(?P<outcome>ok|FAILED|SKIPPED)(: (?P<reason>.*))?$')


class Tally:
    """Counts tests, and remembers which failed and why others were skipped.
    """

    def __init__(self) -> None:
        self.passed = 0
        self.failed: list[str] = []
        self.skipped: collections.Counter[str] = collections.Counter()

    def add(self, line: str) -> None:
        """Take one line of output, whatever it is."""
        found = _ENDED.match(line.rstrip())
        if not found:
            return
        if found['outcome'] == 'ok':
            self.passed += 1
        elif found['outcome'] == 'FAILED':
            self.failed.append(found['test'])
        else:
            self.skipped[found['reason'] or 'no reason given'] += 1

    def summary(self, seconds: float) -> str:
        """Lines that say how it went; the last one has the figures.

        :param seconds: that the run took.
        """
        lines = []
        if self.skipped:
            lines.append('Skipped, and why:')
            lines += [f'{count:>5}  {reason}' for reason, count
                      in sorted(self.skipped.items(),
                                key=lambda item: (-item[1], item[0]))]
        if self.failed:
            lines.append('Failed:')
            lines += [f'       {test}' for test in self.failed]
        minutes, rest = divmod(round(seconds), 60)
        lines.append(
            f'{self.passed} passed, {len(self.failed)} failed, '
            f'{self.skipped.total()} skipped in {minutes} min {rest} s')
        return '\n'.join(lines)
