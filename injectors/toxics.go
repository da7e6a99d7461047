package injectors

import "math"

// Units of Toxiproxy's wire, as factors from ours.
const (
	toMillis    = 1e3  // seconds → milliseconds
	toMicros    = 1e6  // seconds → microseconds
	toKilobytes = 1e-3 // bytes per second → KB per second
	unscaled    = 1
)

// maxBytes bounds sizes (bytes) and rates (bytes per second): one million million.
// Toxiproxy multiplies them, and a product that overflows is negative, which
// kills a stock server at the first byte.
const maxBytes = 1e12

// The kinds here are Toxiproxy's own: they act on the bytes of a connection.

func latency() Kind {
	return Kind{
		Name: "latency", Level: Byte, Wire: "latency",
		Summary:    "answers arrive late",
		Attributes: []Attribute{latencyAttribute("2s"), jitterAttribute("250ms")},
		Example:    "{inject: latency, into: payments, latency: 2s, jitter: 250ms}",
		Caveats: []Caveat{
			{Attribute: "jitter", Text: "jitter is drawn for every chunk and chunks stay in order: a long answer is delayed by the largest draw, not the average"},
		},
		together: jitterWithinLatency,
	}
}

func down() Kind {
	return Kind{
		Name: "down", Level: Byte, Wire: "down", Streamless: true, CutsOnRemoval: false,
		Summary: "connections are refused, live ones are cut",
		Example: "{inject: down, into: payments}",
		Notes: []string{
			"on Linux `blastgauge proxy` refuses connect() (ECONNREFUSED) and keeps the port; on other systems, and at a share below 100%, it accepts connections and resets them, which a client may treat otherwise",
			"a stock toxiproxy-server disables the proxy: connect() is refused, and another program may take the port meanwhile",
		},
	}
}

func timeout() Kind {
	return Kind{
		Name: "timeout", Level: Byte, Wire: "timeout", CutsOnRemoval: true,
		Summary: "the dependency hangs: data stops, connections stay open",
		Attributes: []Attribute{
			{Name: "timeout", Unit: Duration, Max: 3600, Wire: "timeout", Scale: toMillis,
				Doc: "close the connection after this long; 0s, the default, hangs until the fault is removed"},
		},
		Example: "{inject: timeout, into: payments}",
		Caveats: []Caveat{
			{Text: "removing it closes the waiting connections, which the system sees as errors for a moment"},
			{Stock: true, Text: "a stock toxiproxy-server passes on that the dependency ends a connection: where it does so after each answer (HTTP/1.0, Connection: close), the system sees an empty end at once and no hang; `blastgauge proxy` keeps the end back, and with stream: upstream the dependency gets no request and hangs behind either"},
			{Attribute: "timeout", Text: "the time-out starts again while data arrives"},
		},
		together: func(a Attributes) mistake {
			// It would be sent as 0, which means for ever.
			if v := a.Number("timeout"); v > 0 && v < 0.001 {
				return mistake{"timeout", "timeout must be 0s, which hangs until the fault is removed, or at least 1ms"}
			}
			return mistake{}
		},
	}
}

func resetPeer() Kind {
	return Kind{
		Name: "reset_peer", Level: Byte, Wire: "reset_peer", CutsOnRemoval: true,
		Summary: "connections are reset (TCP RST)",
		Attributes: []Attribute{
			{Name: "timeout", Unit: Duration, Max: 3600, Wire: "timeout", Scale: toMillis,
				Doc: "reset after this long; 0s, the default, at once"},
		},
		Example: "{inject: reset_peer, into: carts, timeout: 500ms}",
		Caveats: []Caveat{
			{Text: "a connection that was open before may end with a plain EOF instead of a reset on a stock server"},
		},
	}
}

func bandwidth() Kind {
	return Kind{
		Name: "bandwidth", Level: Byte, Wire: "bandwidth",
		Summary: "each connection carries only so many bytes per second",
		Attributes: []Attribute{
			{Name: "rate", Unit: Bandwidth, Required: true, Min: 1000, Max: maxBytes, Wire: "rate", Scale: toKilobytes,
				Doc: "bytes per second of each connection, such as 100KB/s"},
		},
		Example: "{inject: bandwidth, into: catalogue, rate: 100KB/s}",
		Caveats: []Caveat{
			{Text: "the rate is per connection: 16 connections at 100KB/s carry 1600KB/s together"},
		},
	}
}

func slowClose() Kind {
	return Kind{
		Name: "slow_close", Level: Byte, Wire: "slow_close", CutsOnRemoval: true,
		Summary: "connections close late",
		Attributes: []Attribute{
			{Name: "delay", Unit: Duration, Required: true, Min: 0.001, Max: 3600, Wire: "delay", Scale: toMillis,
				Doc: "how much later, such as 1s"},
		},
		Example: "{inject: slow_close, into: catalogue, delay: 1s}",
		Caveats: []Caveat{
			{Text: "it never delays an answer, only the end of a connection: keep-alive clients do not feel it"},
		},
	}
}

func slicer() Kind {
	return Kind{
		Name: "slicer", Level: Byte, Wire: "slicer",
		Summary: "data arrives in small pieces",
		Attributes: []Attribute{
			{Name: "average_size", Unit: Size, Required: true, Min: 1, Max: maxBytes, Wire: "average_size", Scale: unscaled,
				Doc: "average size of a piece, such as 64B"},
			{Name: "size_variation", Unit: Size, Max: maxBytes, Wire: "size_variation", Scale: unscaled,
				Doc: "pieces vary by up to this much either way; less than average_size"},
			{Name: "delay", Unit: Duration, Max: 3600, Wire: "delay", Scale: toMicros,
				Doc: "pause between pieces, such as 10ms"},
		},
		Example: "{inject: slicer, into: catalogue, average_size: 64B, size_variation: 32B, delay: 10ms}",
		Caveats: []Caveat{
			{Attribute: "delay", Text: "with a delay it acts as a rate limit: average_size per delay"},
		},
		together: func(a Attributes) mistake {
			// Compared as they are sent: equal ones kill a stock server.
			if math.Round(a.Number("size_variation")) >= math.Round(a.Number("average_size")) {
				return mistake{"size_variation", "size_variation must be less than average_size"}
			}
			return mistake{}
		},
	}
}

func limitData() Kind {
	return Kind{
		Name: "limit_data", Level: Byte, Wire: "limit_data", CutsOnRemoval: true,
		Summary: "a connection ends after so many bytes",
		Attributes: []Attribute{
			{Name: "bytes", Unit: Size, Required: true, Min: 1, Max: maxBytes, Wire: "bytes", Scale: unscaled,
				Doc: "bytes that a connection may carry, such as 10KB"},
		},
		Example: "{inject: limit_data, into: catalogue, bytes: 10KB}",
		Caveats: []Caveat{
			{Text: "the quota adds up over the life of a connection: with keep-alive every Nth answer is cut, not every long one"},
		},
	}
}

func latencyAttribute(example string) Attribute {
	return Attribute{Name: "latency", Unit: Duration, Required: true, Min: 0.001, Max: 3600, Wire: "latency", Scale: toMillis,
		Doc: "how late, such as " + example}
}

func jitterAttribute(example string) Attribute {
	return Attribute{Name: "jitter", Unit: Duration, Max: 3600, Wire: "jitter", Scale: toMillis, fallback: 0.0,
		Doc: "latency varies by up to this much either way, such as " + example}
}

func jitterWithinLatency(a Attributes) mistake {
	if a.Number("jitter") > a.Number("latency") {
		return mistake{"jitter", "jitter must not exceed latency"}
	}
	return mistake{}
}
