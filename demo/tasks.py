"""Things to do, some after others, as many at once as the machine bears.

Called by ``cloud``.
"""

from collections.abc import Callable
from collections.abc import Sequence
import concurrent.futures
import dataclasses

from demo import report as reports


@dataclasses.dataclass(frozen=True)
class Task:
    """One thing to do.

    :param title: what the report calls it.
    :param after: names of the tasks that have to be done before.
    """

    name: str
    title: str
    action: Callable[[], object]
    after: tuple[str, ...] = ()


def run(tasks: Sequence[Task], report: reports.Report, phase: str,
        workers: int) -> None:
    """Do all tasks; earlier ones in the sequence go first where free.

    After a failure nothing new is begun, what runs is waited for, and the
    first failure is raised.

    :raises ValueError: a task waits for one that is not there.
    """
    waiting = list(tasks)
    done: set[str] = set()
    running: dict[concurrent.futures.Future[None], str] = {}
    failure: BaseException | None = None
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        while running or (waiting and not failure):
            for task in _startable(waiting, done, workers - len(running)):
                if failure:
                    break
                waiting.remove(task)
                future = pool.submit(_perform, task, report, phase)
                running[future] = task.name
            if not running:
                names = ', '.join(task.name for task in waiting)
                raise ValueError(f'waiting in vain: {names}')
            ended, _ = concurrent.futures.wait(
                running, return_when=concurrent.futures.FIRST_COMPLETED)
            for future in ended:
                done.add(running.pop(future))
                failure = failure or future.exception()
    if failure:
        raise failure


def _startable(waiting: Sequence[Task], done: set[str],
               room: int) -> list[Task]:
    """The tasks that can begin now, at most ``room``."""
    ready = [task for task in waiting if done.issuperset(task.after)]
    return ready[:room]


def _perform(task: Task, report: reports.Report, phase: str) -> None:
    with report.step(phase, task.title):
        task.action()
