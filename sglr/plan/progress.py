"""How far a workflow has come, in words. Imports no torch."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Progress:
    """What is to be done: the stage and the estimated minutes of each job, by its number; `done` are the finished."""

    jobs: dict[int, tuple[str, float]]
    done: set[int] = field(default_factory=set)

    def words(self, elapsed: float) -> str:
        """Return how many trainings and measurements are finished after `elapsed` minutes, and the minutes left.

        The rest is expected to go as the finished ones went, whatever ran beside it: at as many of the estimate's
        minutes a minute. Without a finished one nothing is said of it.
        """
        planned = Counter(self._kind(job) for job in self.jobs)
        done = Counter(self._kind(job) for job in self.done)
        kinds = sorted(planned, reverse=True)  # trainings, which last longest, first
        counts = [f"{done[kind]} of {planned[kind]} {kind}" for kind in kinds]
        finished = sum(self.jobs[job][1] for job in self.done)
        left = sum(minutes for _, minutes in self.jobs.values()) - finished
        rest = (
            f", about {elapsed * left / finished:.0f} minutes left" if finished else ""
        )
        return f"Done: {', '.join(counts)}{rest}"

    def _kind(self, job: int) -> str:
        return "trainings" if self.jobs[job][0] == "train" else "measurements"
