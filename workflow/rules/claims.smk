# The paper's claims, judged on whatever tables and figures are drawn from; nothing here trains or imports torch.


rule collect_evidence:
    """Comparisons on the same images, seconds of training, information in weights."""
    input:
        lambda wildcards: [
            f"results/{wildcards.scale}/{path}"
            for path in PLANS[wildcards.scale].evidence_files(
                Path("results", wildcards.scale)
            )
        ],
    output:
        update(expand("results/{{scale}}/collected/{file}.csv", file=EVIDENCE)),
    log:
        "logs/{scale}/collect/evidence.log",
    localrule: True
    conda:
        "../../environment.yml"
    shell:
        "python -m sglr collect evidence --scale {wildcards.scale} > {log} 2>&1"


rule claims:
    """Every claim with its verdict, and where the paper's own numbers disagree."""
    input:
        lambda wildcards: expand(
            "results/{scale}/collected/{file}",
            scale=wildcards.scale,
            file=[
                *(file for files in COLLECTED.values() for file in files),
                *(f"{name}.csv" for name in EVIDENCE),
            ],
        ),
        expand(
            "{root}/sglr/claims/{module}.py",
            root=workflow.basedir,
            module=glob_wildcards(
                f"{workflow.basedir}/sglr/claims/{{module}}.py"
            ).module,
        ),
        f"{workflow.basedir}/config/published.csv",
    output:
        update("results/{scale}/claims.csv"),
        update("results/{scale}/claims.md"),
        update("results/{scale}/claims_paper.csv"),
    log:
        "logs/{scale}/claims.log",
    localrule: True
    conda:
        "../../environment.yml"
    params:
        label=lambda wildcards: PLANS[wildcards.scale].scale.label,
    shell:
        "python -m sglr claims --scale {wildcards.scale} > {log} 2>&1"
