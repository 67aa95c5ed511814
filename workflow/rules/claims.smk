# The paper's claims, judged on whatever tables and figures are drawn from; nothing here trains or imports torch.


rule collect_evidence:
    """Comparisons on the same images, seconds of training, information in weights."""
    input:
        lambda wildcards: below_results(wildcards, evidence_inputs),
    output:
        update(expand("results/{{scale}}/collected/{file}.csv", file=EVIDENCE)),
    log:
        "logs/{scale}/collect/evidence.log",
    localrule: True
    conda:
        conda_environment
    shell:
        "sglr collect evidence --scale {wildcards.scale} > {log} 2>&1"


rule claims:
    """Every claim with its verdict, and where the paper's own numbers disagree."""
    input:
        lambda wildcards: collected_frames(wildcards, *PLANS[wildcards.scale].artefacts),
        expand("results/{{scale}}/collected/{file}.csv", file=EVIDENCE),
        "results/{scale}/overhead.json",
        lambda wildcards: package_files("claims"),
        lambda wildcards: config_file("claims.yaml"),
        lambda wildcards: config_file("published.csv"),
    output:
        update(expand("results/{{scale}}/{file}", file=LEDGER)),
    log:
        "logs/{scale}/claims.log",
    localrule: True
    conda:
        conda_environment
    params:
        label=lambda wildcards: PLANS[wildcards.scale].scale.label,
    shell:
        "sglr claims --scale {wildcards.scale} > {log} 2>&1"
