# The page: everything that has been shown and judged, in one file; nothing here trains or imports torch.


rule report:
    """One self-contained page: verdicts, tables, figures, curves, where each number comes from, what was not run."""
    input:
        lambda wildcards: claims(wildcards.scale),
        lambda wildcards: [
            file
            for name in PLANS[wildcards.scale].artefacts
            for file in files_of(wildcards.scale, name)
        ],
        lambda wildcards: package_files("page"),
    output:
        "results/{scale}/report.html",
    log:
        "logs/{scale}/report.log",
    localrule: True
    conda:
        conda_environment
    params:
        label=lambda wildcards: PLANS[wildcards.scale].scale.label,
    shell:
        "sglr report --scale {wildcards.scale} > {log} 2>&1"
