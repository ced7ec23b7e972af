package dist

import (
	"os"
	"strconv"
)

// A launch is what started this process as one of several ranks.
type launch struct {
	launcher string
	size     int
	openMPI  bool // the library must be Open MPI
}

// launched finds by its environment whether a launcher has started this process.
func launched() (launch, bool) {
	for _, l := range []struct {
		name, size string
		openMPI    bool
	}{
		{"mpirun of Open MPI", "OMPI_COMM_WORLD_SIZE", true},
		{"mpiexec of MPICH", "PMI_SIZE", false},
		{"mpiexec of MPICH", "MPI_LOCALNRANKS", false},
		{"srun", "SLURM_STEP_NUM_TASKS", true}, // an sbatch script by itself has SLURM_NTASKS alone
	} {
		if n, err := strconv.Atoi(os.Getenv(l.size)); err == nil && n > 0 {
			return launch{l.name, n, l.openMPI}, true
		}
	}
	return launch{}, false
}
