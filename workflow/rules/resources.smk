# What trainings and measurements ask of a machine or a cluster, and what a dry run says of it. No rules.

# The GPU scales take turns on the GPUs of this machine; without one, on its processors.
if "gpu" not in workflow.global_resources:
    workflow.register_resource("gpu", len(visible_gpus()) or CORES)

ESTIMATED = ("train", "evaluate", "trajectory", "features")


def gpus(wildcards):
    """One a job where the scale uses them."""
    return int(PLANS[wildcards.scale].scale.gpu)


def processors(wildcards):
    """What a cluster gives a job; on one machine `threads` shares out --cores instead."""
    return PLANS[wildcards.scale].scale.threads


def memory(wildcards, attempt):
    """MB of main memory: twice what was measured on CPUs; a guess where CUDA is mapped."""
    return int((16000 if PLANS[wildcards.scale].scale.gpu else 2000) * more(attempt))


def minutes(wildcards, rulename, attempt):
    """The time limit: twice the estimate, and ten minutes to start."""
    return ceil((10 + 2 * estimate(rulename, wildcards)) * more(attempt))


def more(attempt):
    """A job that failed asks for half as much again each time; a training also goes on from where it stopped."""
    return 1 + (attempt - 1) / 2


def estimate(stage, wildcards):
    """Minutes on the scale's own hardware."""
    return PLANS[wildcards.scale].estimated_minutes(wildcards.run, stage)


def say_planned_hours():
    """What the jobs of a dry run would take."""
    if not workflow.dryrun or workflow.dag is None:
        return
    planned = [
        estimate(job.rule.name, job.wildcards)
        for job in workflow.dag.needrun_jobs(exclude_finished=False)
        if job.rule.name in ESTIMATED
    ]
    if planned:
        print(
            f"Planned: {len(planned)} trainings and measurements, about {sum(planned) / 60:.1f} hours one after another "
            "(estimates of config/scales, on each scale's own hardware)",
            file=sys.stderr,
        )


atexit.register(say_planned_hours)  # onstart and onsuccess do not run in a dry run
