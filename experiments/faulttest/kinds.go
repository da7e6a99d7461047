package faulttest

import "time"

// Latency delays what clients get. Every piece of an answer is late; see [Jitter].
func Latency(d time.Duration, options ...Option) Fault {
	return New("latency", Attributes{"latency": d}, options...)
}

// Bandwidth lets each connection carry only so many bytes per second; at least 1000.
func Bandwidth(bytesPerSecond int64, options ...Option) Fault {
	return New("bandwidth", Attributes{"rate": bytesPerSecond}, options...)
}

// Timeout stops the data and keeps connections open, until it is removed; those that hang
// are closed then. With d above 0 it closes them after so long.
func Timeout(d time.Duration, options ...Option) Fault {
	return New("timeout", Attributes{"timeout": d}, options...)
}

// ResetPeer resets connections (TCP RST): at once, or with d above 0 so long after their
// first data.
func ResetPeer(d time.Duration, options ...Option) Fault {
	return New("reset_peer", Attributes{"timeout": d}, options...)
}

// SlowClose lets connections end late.
func SlowClose(d time.Duration, options ...Option) Fault {
	return New("slow_close", Attributes{"delay": d}, options...)
}

// Slicer lets data arrive in pieces of this size on average. With("delay", d) is a pause
// between them, With("size_variation", n) by how many bytes they vary.
func Slicer(averageSize int64, options ...Option) Fault {
	return New("slicer", Attributes{"average_size": averageSize}, options...)
}

// LimitData ends a connection after so many bytes.
func LimitData(bytes int64, options ...Option) Fault {
	return New("limit_data", Attributes{"bytes": bytes}, options...)
}

// Down refuses connections, and resets those that are open. On Linux connect() fails with
// ECONNREFUSED, before anybody can count who tried; elsewhere, and with a [Share] below 1,
// connections are accepted and reset, and counted.
func Down(options ...Option) Fault { return New("down", nil, options...) }

// HTTPError answers requests with a status from 200 to 599. See [After] for work that is
// done although the caller is told that it failed, and With("headers", ...) and
// With("body", ...) for what else is in the answer.
func HTTPError(status int, options ...Option) Fault {
	return New("http_error", Attributes{"status": status}, options...)
}

// HTTPLatency answers single requests late.
func HTTPLatency(d time.Duration, options ...Option) Fault {
	return New("http_latency", Attributes{"latency": d}, options...)
}

// HTTPAbort breaks the connection instead of an answer: before the dependency sees the
// request, [After] it did the work, or with With("when", "middle") in the middle of the
// answer.
func HTTPAbort(options ...Option) Fault { return New("http_abort", nil, options...) }

// HTTPConfig serves a document that has gone bad, by an operator such as scale, drop,
// truncate or stale and its parameters: HTTPConfig("scale", Attributes{"path":
// "/price/factor", "by": 100}). `blastgauge faults http_config` lists them. A file that
// they name is read when the fault is injected.
func HTTPConfig(operator string, parameters Attributes, options ...Option) Fault {
	if parameters == nil {
		parameters = Attributes{}
	}
	return New("http_config", Attributes{operator: parameters}, options...)
}

// GRPCError ends calls with a status, such as UNAVAILABLE.
func GRPCError(code string, options ...Option) Fault {
	return New("grpc_error", Attributes{"code": code}, options...)
}

// RedisError refuses commands with an error: one of those of a server, such as READONLY or
// LOADING, for the commands that it refuses so; or a whole error, for all.
func RedisError(text string, options ...Option) Fault {
	return New("redis_error", Attributes{"error": text}, options...)
}

// RedisEmpty lets reads find nothing, as a Redis that has lost its data. Writes succeed,
// unless With("writes", "fail").
func RedisEmpty(options ...Option) Fault { return New("redis_empty", nil, options...) }

// RedisLatency delays single commands.
func RedisLatency(d time.Duration, options ...Option) Fault {
	return New("redis_latency", Attributes{"latency": d}, options...)
}

// PostgresError fails statements or connections with an SQLSTATE. With [After] and
// Match("statement", "commit") a transaction is committed, and reported as failed.
func PostgresError(sqlstate string, options ...Option) Fault {
	return New("postgres_error", Attributes{"sqlstate": sqlstate}, options...)
}

// PostgresLatency delays single statements.
func PostgresLatency(d time.Duration, options ...Option) Fault {
	return New("postgres_latency", Attributes{"latency": d}, options...)
}
