//go:build linux || darwin

package metrics

func cpu(v float64) family {
	return only("process_cpu_seconds_total", "Seconds of processors that the process took, in user and in system mode.", counter, v)
}

func started(v float64) family {
	return only("process_start_time_seconds", "When the process began, in seconds since 1970.", gauge, v)
}

func openFiles(v float64) family {
	return only("process_open_fds", "File descriptors that are open.", gauge, v)
}

func mostFiles(v float64) family {
	return only("process_max_fds", "File descriptors that may be open.", gauge, v)
}

func mostVirtual(v float64) family {
	return only("process_virtual_memory_max_bytes", "Bytes of virtual memory that the process may have.", gauge, v)
}
