package postgres

import (
	"encoding/binary"
	"strconv"
	"strings"
)

// A function may be called by its number, in a message of its own. That is a SELECT of it,
// but for how it is sent: libpq and JDBC work on large objects so.

// functionNames returns what functions are called that write, or that drivers call. Their
// numbers are the same in all versions; see src/include/catalog/pg_proc.dat of PostgreSQL.
func functionNames() map[uint32]string {
	return map[uint32]string{
		952: "lo_open", 953: "lo_close", 954: "loread", 955: "lowrite", 956: "lo_lseek", 3170: "lo_lseek64", 958: "lo_tell", 3171: "lo_tell64",
		957: "lo_creat", 715: "lo_create", 964: "lo_unlink", 1004: "lo_truncate", 3172: "lo_truncate64",
		764: "lo_import", 767: "lo_import", 765: "lo_export", 3457: "lo_from_bytea", 3458: "lo_get", 3459: "lo_get", 3460: "lo_put",
		1574: nextNumber, 1576: "setval", 1765: "setval", 2078: "set_config",
	}
}

// newFunctionCall returns what the body of a function call asks for. The text of a function
// of the server itself is a SELECT that calls it without arguments; others have none.
func newFunctionCall(body []byte) *query {
	q := &query{statements: []statement{{kind: selects, tag: "FUNCTION CALL"}}}
	if len(body) < 4 {
		return q // the server refuses it
	}
	name, st := functionNames()[binary.BigEndian.Uint32(body)], &q.statements[0]
	if name == "" {
		return q
	}
	q.text = "SELECT " + name + "()"
	if st.does = effectsOf(name); st.does != 0 {
		st.called = name + "()"
	}
	if name == "lo_open" && numberArgument(body[4:], 1)&invWrite != 0 {
		st.does, st.called = adjusts, openedToWrite
	}
	return q
}

// numberArgument returns an argument of a function call that is a number of four bytes: as
// it is, or in digits. It is 0 where there is none. b is what stands behind the function's
// number.
func numberArgument(b []byte, index int) int64 {
	formats, b := shorts(b)
	_, b = cutShort(b)
	for range index {
		_, b = cutValue(b)
	}
	value, _ := cutValue(b)
	format := uint16(0)
	switch {
	case len(formats) == 1:
		format = formats[0]
	case index < len(formats):
		format = formats[index]
	}
	switch {
	case format == 0:
		text := strings.TrimSpace(string(value))
		if n, err := strconv.ParseInt(text, 10, 32); err == nil {
			return n
		}
		n, _ := strconv.ParseInt(text, 0, 32) // 0x20000
		return n
	case len(value) == 4:
		return int64(int32(binary.BigEndian.Uint32(value)))
	}
	return 0
}

// shorts splits a list of numbers of two bytes, and its length before it, from the rest.
func shorts(b []byte) (list []uint16, rest []byte) {
	n, rest := cutShort(b)
	for range n {
		if len(rest) < 2 {
			return list, nil
		}
		var one uint16
		one, rest = cutShort(rest)
		list = append(list, one)
	}
	return list, rest
}

func cutShort(b []byte) (n uint16, rest []byte) {
	if len(b) < 2 {
		return 0, nil
	}
	return binary.BigEndian.Uint16(b), b[2:]
}

// cutValue splits a value, and its length before it, from the rest; NULL is nil.
func cutValue(b []byte) (value, rest []byte) {
	if len(b) < 4 {
		return nil, nil
	}
	n := int64(int32(binary.BigEndian.Uint32(b)))
	switch b = b[4:]; {
	case n < 0:
		return nil, b
	case n > int64(len(b)):
		return nil, nil
	}
	return b[:n], b[n:]
}
