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


def planned_jobs():
    """The trainings and measurements that are still to be done."""
    jobs = workflow.dag.needrun_jobs(exclude_finished=False)
    return [job for job in jobs if job.rule.name in ESTIMATED]


def say_planned_hours():
    """What the jobs of a dry run would take."""
    if not workflow.dryrun or workflow.dag is None:
        return
    planned = [estimate(job.rule.name, job.wildcards) for job in planned_jobs()]
    if planned:
        print(
            f"Planned: {len(planned)} trainings and measurements, about {sum(planned) / 60:.1f} hours one after another "
            "(estimates of config/scales, on each scale's own hardware)",
            file=sys.stderr,
        )
        warn_of_room()


def warn_of_room():
    """Say before hours of work that the trainings would leave more than there is room for."""
    trained = [job.wildcards for job in planned_jobs() if job.rule.name == "train"]
    plans = [(PLANS[each.scale], run_of(each)) for each in trained]
    needed = sum(plan.estimated_megabytes(run) for plan, run in plans if run)
    room = room_at(Path("results"))
    if needed > room:
        print(
            f"Warning: the planned trainings leave about {needed / 1000:.1f} GB in results/, "
            f"where {room / 1000:.1f} GB are free",
            file=sys.stderr,
        )


onstart:
    warn_of_room()
    Said().begin()


atexit.register(say_planned_hours)  # onstart and onsuccess do not run in a dry run
