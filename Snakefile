# The workflow is workflow/Snakefile; from here `snakemake --cores 8 all` finds it.
include: "workflow/Snakefile"
