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
                expand("results/{{scale}}/collected/{file}", file=COLLECTED[artefact])
            ),
        log:
            f"logs/{{scale}}/collect/{artefact}.log",
        localrule: True
        conda:
            "../../environment.yml"
        params:
            artefact=artefact,
        shell:
            "python -m sglr collect {params.artefact} --scale {wildcards.scale} > {log} 2>&1"


rule table:
    """One table as CSV, Markdown and LaTeX."""
    input:
        "results/{scale}/collected/table{number}.csv",
        f"{workflow.basedir}/sglr/artefacts/tables.py",
        f"{workflow.basedir}/config/published.csv",
    output:
        report(
            update("results/{scale}/tables/table{number}.csv"),
            caption="../report/table.rst",
            category="Tables",
            labels={"table": "{number}", "scale": "{scale}"},
        ),
        update(multiext("results/{scale}/tables/table{number}", ".md", ".tex")),
    log:
        "logs/{scale}/table{number}.log",
    localrule: True
    conda:
        "../../environment.yml"
    params:
        label=lambda wildcards: PLANS[wildcards.scale].scale.label,
    shell:
        "python -m sglr table {wildcards.number} --scale {wildcards.scale} > {log} 2>&1"


rule headline:
    """The central finding, compared on the same images, as CSV, Markdown and LaTeX."""
    input:
        "results/{scale}/collected/headline.csv",
        f"{workflow.basedir}/sglr/artefacts/headline.py",
    output:
        report(
            update("results/{scale}/tables/headline.csv"),
            caption="../report/headline.rst",
            category="Tables",
            labels={"table": "headline", "scale": "{scale}"},
        ),
        update(multiext("results/{scale}/tables/headline", ".md", ".tex")),
    log:
        "logs/{scale}/headline.log",
    localrule: True
    conda:
        "../../environment.yml"
    params:
        label=lambda wildcards: PLANS[wildcards.scale].scale.label,
    shell:
        "python -m sglr headline --scale {wildcards.scale} > {log} 2>&1"


rule figure:
    """One figure as PDF, PNG and SVG."""
    input:
        lambda wildcards: expand(
            "results/{scale}/collected/{file}",
            scale=wildcards.scale,
            file=COLLECTED[f"figure{wildcards.number}"],
        ),
        f"{workflow.basedir}/sglr/artefacts/figures.py",
    output:
        report(
            "figures/{scale}/figure{number}.svg",
            caption="../report/figure.rst",
            category="Figures",
            labels={"figure": "{number}", "scale": "{scale}"},
        ),
        multiext("figures/{scale}/figure{number}", ".pdf", ".png"),
    log:
        "logs/{scale}/figure{number}.log",
    localrule: True
    conda:
        "../../environment.yml"
    params:
        label=lambda wildcards: PLANS[wildcards.scale].scale.label,
    shell:
        "python -m sglr figure {wildcards.number} --scale {wildcards.scale} > {log} 2>&1"
