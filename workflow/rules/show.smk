# From the runs' text files to tables and figures; nothing here trains or imports torch, and nothing
# goes to a cluster's queue.

for artefact in ARTEFACTS:

    rule:
        name:
            f"collect_{artefact}"
        input:
            collected_inputs(artefact),
        output:
            update(
                expand(
                    "results/{{scale}}/collected/{file}.csv",
                    file=load(artefact).COLLECTED,
                )
            ),
        log:
            f"logs/{{scale}}/collect/{artefact}.log",
        localrule: True
        conda:
            conda_environment
        params:
            artefact=artefact,
        shell:
            "sglr collect {params.artefact} --scale {wildcards.scale} > {log} 2>&1"


rule table:
    """One table as CSV, Markdown and LaTeX."""
    input:
        lambda wildcards: collected_frames(wildcards, wildcards.table),
        lambda wildcards: module_file(wildcards.table),
        lambda wildcards: config_file("published.csv"),
    output:
        report(
            update("results/{scale}/tables/{table}.csv"),
            caption="../report/artefact.rst",
            category="Tables",
            labels={"table": "{table}", "scale": "{scale}"},
        ),
        update(multiext("results/{scale}/tables/{table}", ".md", ".tex")),
    log:
        "logs/{scale}/{table}.log",
    localrule: True
    conda:
        conda_environment
    params:
        label=lambda wildcards: PLANS[wildcards.scale].scale.label,
        caption=lambda wildcards: load(wildcards.table).CAPTION,
    shell:
        "sglr draw {wildcards.table} --scale {wildcards.scale} > {log} 2>&1"


rule figure:
    """One figure as PDF, PNG and SVG."""
    input:
        lambda wildcards: collected_frames(wildcards, wildcards.figure),
        lambda wildcards: module_file(wildcards.figure),
    output:
        report(
            update("figures/{scale}/{figure}.svg"),
            caption="../report/artefact.rst",
            category="Figures",
            labels={"figure": "{figure}", "scale": "{scale}"},
        ),
        update(multiext("figures/{scale}/{figure}", ".pdf", ".png")),
    log:
        "logs/{scale}/{figure}.log",
    localrule: True
    conda:
        conda_environment
    params:
        label=lambda wildcards: PLANS[wildcards.scale].scale.label,
        caption=lambda wildcards: load(wildcards.figure).CAPTION,
    shell:
        "sglr draw {wildcards.figure} --scale {wildcards.scale} > {log} 2>&1"
