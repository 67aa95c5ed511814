# How far trainings and measurements have come, said on the terminal after each of them. No rules.


class Said(logging.Handler):
    """Listens for Snakemake's own word that a job is finished; says nothing where --quiet silences that."""

    def begin(self):
        """Count from now."""
        jobs = {
            job.jobid: (job.rule.name, estimate(job.rule.name, job.wildcards))
            for job in planned_jobs()
        }
        self.progress, self.started = Progress(jobs), time.monotonic()
        if jobs:
            logger.addHandler(self)

    def emit(self, record):
        """Say how far it is now."""
        job = getattr(record, "job_id", None)
        if (
            getattr(record, "event", None) == LogEvent.JOB_FINISHED
            and job in self.progress.jobs
        ):
            self.progress.done.add(job)
            minutes = (time.monotonic() - self.started) / 60
            said = self.progress.words(minutes)
            # Bold on a terminal, to be found among all that Snakemake says of jobs.
            line = f"\033[1m{said}\033[0m" if sys.stderr.isatty() else said
            print(line, file=sys.stderr, flush=True)
