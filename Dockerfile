# The workflow's environment as an image: docker build -t sglr . && docker run --rm -v "$PWD":/work -w /work sglr
# snakemake --cores 8 all. As a jobs' image: snakemake --sdm apptainer --config container=docker-daemon://sglr:latest all
FROM python:3.11-slim
RUN apt-get update && apt-get install -y --no-install-recommends git && rm -rf /var/lib/apt/lists/*
COPY requirements.lock /tmp/requirements.lock
RUN pip install --no-cache-dir --require-hashes -r /tmp/requirements.lock
ENV MPLCONFIGDIR=/tmp/matplotlib
