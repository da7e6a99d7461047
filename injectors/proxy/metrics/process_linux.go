package metrics

import (
	"os"

	"github.com/prometheus/procfs"
)

// ofProcess are the metrics of the process. What cannot be read is left out.
func ofProcess() (families []family) {
	p, err := procfs.NewProc(os.Getpid())
	if err != nil {
		return nil
	}
	if stat, err := p.Stat(); err == nil {
		families = append(families, cpu(stat.CPUTime()),
			only("process_virtual_memory_bytes", "Bytes of virtual memory of the process.", gauge, float64(stat.VirtualMemory())),
			only("process_resident_memory_bytes", "Bytes of the process in memory.", gauge, float64(stat.ResidentMemory())))
		if at, err := stat.StartTime(); err == nil {
			families = append(families, started(at))
		}
	}
	if n, err := p.FileDescriptorsLen(); err == nil {
		families = append(families, openFiles(float64(n)))
	}
	if most, err := p.Limits(); err == nil {
		families = append(families, mostFiles(float64(most.OpenFiles)), mostVirtual(float64(most.AddressSpace)))
	}
	if net, err := p.Netstat(); err == nil {
		// Those of the network that the process is in: a container's, or the machine's.
		families = append(families,
			only("process_network_receive_bytes_total", "Bytes received by the network of the process.", counter, octets(net.InOctets)),
			only("process_network_transmit_bytes_total", "Bytes sent by the network of the process.", counter, octets(net.OutOctets)))
	}
	return families
}

func octets(n *float64) float64 {
	if n == nil {
		return 0
	}
	return *n
}
