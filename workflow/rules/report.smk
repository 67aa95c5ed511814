# The page: everything that has been shown and judged, in one file; nothing here trains or imports torch.


rule report:
    """One self-contained page: verdicts, tables, figures, curves, where each number comes from, what was not run."""
    input:
        lambda wildcards: claims(wildcards.scale),
        lambda wildcards: expand(
            "results/{scale}/tables/{table}.{e}",
            scale=wildcards.scale,
            table=[*(f"table{n}" for n in TABLES), "headline"],
            e=["csv", "md"],
        ),
        lambda wildcards: expand(
            "figures/{scale}/figure{n}.svg", scale=wildcards.scale, n=FIGURES
        ),
        sorted(map(str, Path(workflow.basedir, "sglr/page").glob("*.*"))),
        expand(
            "{root}/workflow/report/{kind}.rst",
            root=workflow.basedir,
            kind=["table", "headline", "figure"],
        ),
    output:
        "results/{scale}/report.html",
    log:
        "logs/{scale}/report.log",
    localrule: True
    conda:
        "../../environment.yml"
    params:
        label=lambda wildcards: PLANS[wildcards.scale].scale.label,
    shell:
        "python -m sglr report --scale {wildcards.scale} > {log} 2>&1"
