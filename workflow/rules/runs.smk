# One job a run and stage: train, then measure the checkpoints. Each ends in small text files.
# `update`: a job that fails leaves the version that was there before it, such as committed evidence.


rule train:
    """One training; killed, it goes on from the last epoch."""
    input:
        teachers=teacher_manifests,
    output:
        update("results/{scale}/runs/{run}/history.csv"),
        update("results/{scale}/runs/{run}/labels.csv"),
        update("results/{scale}/runs/{run}/label_accuracy.csv"),
        update("results/{scale}/runs/{run}/label_course.csv"),
        update("results/{scale}/runs/{run}/manifest.json"),
    log:
        "logs/{scale}/train/{run}.log",
    conda:
        conda_environment
    threads: JOB_THREADS
    resources:
        gpu=gpus,
        cpus_per_task=processors,
        mem_mb=memory,
        runtime=minutes,
    params:
        settings=settings_of,
    shell:
        "sglr train {wildcards.run} --scale {wildcards.scale} > {log} 2>&1"


if CHOICE.pretrained:

    ruleorder: restore > train

    rule restore:
        """A run's published networks, in place of its training. Its labels along the epochs are not published."""
        output:
            update("results/{scale}/runs/{run}/history.csv"),
            update("results/{scale}/runs/{run}/labels.csv"),
            update("results/{scale}/runs/{run}/manifest.json"),
            "results/{scale}/runs/{run}/published.json",
        log:
            "logs/{scale}/restore/{run}.log",
        wildcard_constraints:
            scale=one_of(scale for scale, _ in PUBLISHED),
            run=one_of(run for _, run in PUBLISHED),
        localrule: True
        conda:
            "../../environment.yml"
        shell:
            "sglr restore {wildcards.run} --scale {wildcards.scale} > {log} 2>&1"


rule evaluate:
    """Natural, PGD-20 and AutoAttack accuracy of a run's checkpoints."""
    input:
        evaluated_run,
    output:
        update("results/{scale}/runs/{run}/evaluation.json"),
    log:
        "logs/{scale}/evaluate/{run}.log",
    conda:
        conda_environment
    threads: JOB_THREADS
    resources:
        gpu=gpus,
        cpus_per_task=processors,
        mem_mb=memory,
        runtime=minutes,
    params:
        measurement=measurement_of,
    shell:
        "sglr evaluate {wildcards.run} --scale {wildcards.scale} > {log} 2>&1"


rule trajectory:
    """Gradient norm, information in weights and confidence along a run."""
    input:
        finished_run,
    output:
        update("results/{scale}/runs/{run}/trajectory.csv"),
    log:
        "logs/{scale}/trajectory/{run}.log",
    conda:
        conda_environment
    threads: JOB_THREADS
    resources:
        gpu=gpus,
        cpus_per_task=processors,
        mem_mb=memory,
        runtime=minutes,
    params:
        measurement=measurement_of,
    shell:
        "sglr trajectory {wildcards.run} --scale {wildcards.scale} > {log} 2>&1"


rule features:
    """Penultimate features of a run's final network."""
    input:
        finished_run,
    output:
        update("results/{scale}/runs/{run}/features.csv"),
        update("results/{scale}/runs/{run}/separability.json"),
    log:
        "logs/{scale}/features/{run}.log",
    conda:
        conda_environment
    threads: JOB_THREADS
    resources:
        gpu=gpus,
        cpus_per_task=processors,
        mem_mb=memory,
        runtime=minutes,
    params:
        measurement=measurement_of,
    shell:
        "sglr features {wildcards.run} --scale {wildcards.scale} > {log} 2>&1"


rule time_steps:
    """Seconds of training steps of several methods in turn, in one process."""
    output:
        update("results/{scale}/overhead.json"),
    log:
        "logs/{scale}/overhead.log",
    conda:
        conda_environment
    threads: JOB_THREADS
    resources:
        gpu=gpus,
        cpus_per_task=processors,
        mem_mb=memory,
        runtime=30,
    shell:
        "sglr time-steps --scale {wildcards.scale} > {log} 2>&1"


rule count_forwards:
    """Table 1's counts on one real training step."""
    output:
        update("results/{scale}/forwards.json"),
    log:
        "logs/{scale}/forwards.log",
    conda:
        conda_environment
    threads: JOB_THREADS
    shell:
        "sglr count-forwards --scale {wildcards.scale} > {log} 2>&1"
