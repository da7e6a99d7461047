package gateway

// A grpcStatus is how a gRPC call ends.
type grpcStatus struct {
	code    int
	message string
}

// codeNames are the names of gRPC's status codes, by number
// (https://grpc.github.io/grpc/core/md_doc_statuscodes.html).
func codeNames() []string {
	return []string{"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
		"PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
		"INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"}
}
