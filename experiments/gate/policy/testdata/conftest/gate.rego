# Deny unless a passing statement about the candidate is there: what conftest can judge of
# statements whose signatures were checked before. Run it over both envelopes:
#
#	conftest test --combine --parser json -p . -d data.json test-result.json resilience.json
package main

import rego.v1

statements := [json.unmarshal(base64.decode(envelope.contents.payload)) | some envelope in input]

about_candidate(statement) if {
	some subject in statement.subject
	subject.digest.sha256 == data.gate.candidate
}

passed contains statement if {
	some statement in statements
	statement.predicateType == "https://in-toto.io/attestation/test-result/v0.1"
	about_candidate(statement)
	statement.predicate.result == "PASSED"
	every id in data.gate.experiments { id in statement.predicate.passedTests }
}

fresh contains statement if {
	some statement in statements
	statement.predicateType == "https://github.com/blastgauge/blastgauge/resilience/v0.1"
	about_candidate(statement)
	time.parse_rfc3339_ns(statement.predicate.valid_until) > time.now_ns()
	statement.predicate.attempts.count < data.gate.max_attempts
	not statement.predicate.bypass

	# What a gate measured, and nothing that is only named beside it.
	object.get(statement.predicate, ["change", "to", "sha256"], data.gate.candidate) == data.gate.candidate
	every experiment in statement.predicate.experiments {
		every journey in experiment.journeys { journey.harm.high <= data.gate.max_harm }
		every fault in experiment.faults { fault.removal_verified }
	}
}

deny contains "no test result of the candidate passed with every required experiment" if count(passed) == 0

deny contains "no fresh measurement of the candidate is within the limits" if count(fresh) == 0
