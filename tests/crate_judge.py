"""The RO-Crate validator's judgement: `crate_judge.py CRATE CONTEXT.json` prints a line for each requirement not met.

CONTEXT.json is the JSON-LD context that the validator would load from w3id.org: here it has no network. It is RO-Crate
1.3's, as the library `rocrate` brings it; 1.1 calls four terms by other addresses.
"""

import json
import sys
from pathlib import Path

import requests
from rocrate_validator import models, services
from rocrate_validator.utils.http import HttpRequester

BIOSCHEMAS = "https://bioschemas.org/"
OF_1_1 = {
    "ComputationalWorkflow": f"{BIOSCHEMAS}ComputationalWorkflow",
    "FormalParameter": f"{BIOSCHEMAS}FormalParameter",
    "input": f"{BIOSCHEMAS}ComputationalWorkflow#input",
    "output": f"{BIOSCHEMAS}ComputationalWorkflow#output",
}

crate, context = map(Path, sys.argv[1:])
answer = requests.Response()
answer.status_code, answer.headers["Content-Type"] = 200, "application/ld+json"
terms = json.loads(context.read_text())["@context"]
answer._content = json.dumps({"@context": terms | OF_1_1}).encode()
HttpRequester.get = lambda self, url, **_: answer
settings = services.ValidationSettings(
    rocrate_uri=str(crate),
    profile_identifier="workflow-run-crate",
    requirement_severity=models.Severity.RECOMMENDED,
)
for issue in services.validate(settings).get_issues():
    print(issue.severity.name, issue.check.identifier, issue.message)
