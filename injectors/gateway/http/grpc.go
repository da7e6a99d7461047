package http

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http2/hpack"

	"github.com/blastgauge/blastgauge/injectors"
)

// A grpcStatus is how a gRPC call ends.
type grpcStatus struct {
	code    int
	message string
}

func newGRPCStatus(a injectors.Attributes) *grpcStatus {
	return &grpcStatus{code: slices.Index(statusCodes(), a.Text("code")), message: a.Text("message")}
}

// fields returns the status as it stands in trailers, or in headers that stand alone.
func (s *grpcStatus) fields() []hpack.HeaderField {
	list := []hpack.HeaderField{{Name: "grpc-status", Value: strconv.Itoa(s.code)}}
	if s.message != "" {
		list = append(list, hpack.HeaderField{Name: "grpc-message", Value: percentEncode(s.message)})
	}
	return list
}

// percentEncode writes a message as gRPC wants it in a header: printable ASCII as
// it is, but for the percent sign
// (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
func percentEncode(message string) string {
	var b strings.Builder
	for i := range len(message) {
		if c := message[i]; c >= ' ' && c <= '~' && c != '%' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// isGRPC reports whether a request with this content type is a gRPC call:
// application/grpc, or that with a suffix such as +proto.
func isGRPC(contentType string) bool {
	rest, ok := strings.CutPrefix(strings.ToLower(contentType), "application/grpc")
	return ok && (rest == "" || rest[0] == '+' || rest[0] == ';')
}

// statusCodes returns the names of gRPC's status codes, by number
// (https://grpc.github.io/grpc/core/md_doc_statuscodes.html).
func statusCodes() []string {
	return []string{"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
		"PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
		"INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"}
}
