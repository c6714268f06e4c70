package clients

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9/logging"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
	"github.com/tenant-redis/tenant-redis/test/ledger"
)

const (
	repository = "../.."
	// writers is how many each service has.
	writers = 2
)

// Every run tests what needs nothing but Go. With the packages of
// ci/images/clients, and after npm ci in the folders of Node.js, "go test
// ./test/clients -libraries all -update" tests them all.
var (
	libraries = flag.String("libraries", "go-redis,rueidis", "examples to run, separated by commas, or all")
	update    = flag.Bool("update", false, "write the table of docs/clients.md")
)

// The clients' own log repeats what the tests measure.
func init() { logging.Disable() }

// chosen are the examples that -libraries names.
func chosen(t *testing.T) []Client {
	t.Helper()
	if *libraries == "all" {
		return All
	}
	var some []Client
	for name := range strings.SplitSeq(*libraries, ",") {
		at := slices.IndexFunc(All, func(c Client) bool { return c.Name == name })
		require.GreaterOrEqual(t, at, 0, "no example is called %s", name)
		some = append(some, All[at])
	}
	return some
}

// compile makes a Go example's program.
func compile(t *testing.T, c Client, folder string) string {
	t.Helper()
	program := filepath.Join(folder, c.Name)
	out, err := exec.CommandContext(t.Context(), "go", "build", "-C", c.path(), "-o", program, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return program
}

// compileAll returns the programs of the examples in Go by their names. It comes before
// any Sentinel runs: the compiler would take its time from it.
func compileAll(t *testing.T, examples []Client) map[string]string {
	t.Helper()
	folder, programs := t.TempDir(), map[string]string{}
	for _, example := range examples {
		if example.IsGo() {
			programs[example.Name] = compile(t, example, folder)
		}
	}
	return programs
}

// path is that of the example's folder.
func (c Client) path() string {
	path, _ := filepath.Abs(filepath.Join(repository, c.Folder()))
	return path
}

// serve runs the example against the lab until the test ends, and returns it as
// a service of a ledger. Environment comes after what the lab's Secret and ConfigMap
// would have.
func serve(t *testing.T, i *lab.Instance, c Client, program string, environment ...string) ledger.Service {
	t.Helper()
	deployment, _, err := c.Manifest(repository, Instance)
	require.NoError(t, err)
	container := deployment.Spec.Template.Spec.Containers[0]
	port := freePort(t)
	command := container.Command
	for n := range command {
		command[n] = strings.ReplaceAll(command[n], "$(PORT)", port)
	}
	if c.IsGo() {
		command[0] = program
	}
	process := exec.CommandContext(t.Context(), command[0], command[1:]...)
	process.Dir = c.path()
	process.Env = os.Environ()
	for _, variable := range container.Env {
		process.Env = append(process.Env, variable.Name+"="+variable.Value)
	}
	process.Env = append(process.Env, "PORT="+port, "REDIS_SENTINEL_HOST="+i.Service.IP,
		"REDIS_SENTINEL_PORT="+lab.SentinelPort, "REDIS_SENTINEL_MASTER="+lab.MasterName, "REDIS_PASSWORD="+i.Password)
	process.Env = append(process.Env, environment...)
	log, err := os.Create(filepath.Join(i.Dir, c.Name+".log"))
	require.NoError(t, err)
	process.Stdout, process.Stderr = log, log
	// Some fork: the whole group has to end.
	process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	require.NoError(t, process.Start())
	t.Cleanup(func() {
		_ = syscall.Kill(-process.Process.Pid, syscall.SIGKILL)
		_ = process.Wait()
		said, _ := os.ReadFile(log.Name())
		_ = log.Close()
		if t.Failed() {
			t.Logf("%s says:\n%s", c.Name, said)
		}
	})
	base := "http://127.0.0.1:" + port
	i.Eventually(5*time.Second, func() string {
		if status := get(t, base+"/healthz"); status != http.StatusOK {
			return fmt.Sprintf("%s is not up: %d", c.Name, status)
		}
		return ""
	})
	return ledger.Service{Name: ledger.Kind(c.Name), URL: base + "/keys"}
}

// lastPort is the last port that a client was given.
var lastPort atomic.Int32

// freePort returns one on which nobody listens, and which no connection gets before the client
// listens: the kernel gives those from 32768 on.
func freePort(t *testing.T) string {
	t.Helper()
	var config net.ListenConfig
	for {
		port := strconv.Itoa(20000 + int(lastPort.Add(1)))
		listener, err := config.Listen(t.Context(), "tcp", ":"+port)
		if err == nil {
			require.NoError(t, listener.Close())
			return port
		}
		require.ErrorIs(t, err, syscall.EADDRINUSE)
	}
}

// get returns the status of an answer, zero if there is none.
func get(t *testing.T, url string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode
}

// calm waits until no Sentinel is in TILT, which it enters when it got no time for
// two seconds, and in which it does nothing for thirty.
func calm(i *lab.Instance) {
	i.T.Helper()
	i.Eventually(30*time.Second, func() string {
		for _, s := range i.Sentinels {
			client := i.Client(s, lab.SentinelPort)
			defer func() { _ = client.Close() }()
			if info := client.Info(i.T.Context(), "sentinel").Val(); !strings.Contains(info, "sentinel_tilt:0") {
				return s.IP + " says " + info
			}
		}
		return ""
	})
	i.Settled(i.Redis[0])
}

// account runs a ledger over the services; fault comes when all are at work.
func account(t *testing.T, i *lab.Instance, services []ledger.Service, writing time.Duration, fault func()) (ledger.Report, time.Time) {
	t.Helper()
	contract := ledger.Contract{Sentinel: net.JoinHostPort(i.Service.IP, lab.SentinelPort), Master: lab.MasterName, Password: i.Password}
	settings := ledger.Settings{
		Services: services, Writers: writers, Rate: 10, Duration: writing, Timeout: 10 * time.Second, WaitFor: time.Second,
		Replicas: 2, WholeWithin: time.Minute,
	}
	progress := &signal{word: "READY\n", seen: make(chan struct{})}
	type result struct {
		report ledger.Report
		err    error
	}
	results := make(chan result, 1)
	go func() {
		report, err := ledger.Run(t.Context(), contract, settings, progress)
		results <- result{report, err}
	}()
	select {
	case <-progress.seen:
	case <-time.After(writing):
		t.Error("not every service could write")
	}
	at := time.Now()
	fault()
	kept := <-results
	require.NoError(t, kept.err)
	var table strings.Builder
	require.NoError(t, kept.report.WriteTable(&table))
	t.Logf("%s", &table)
	return kept.report, at
}

// signal is a log that is waited on for a word.
type signal struct {
	word string
	seen chan struct{}
}

// Write looks for the word, which comes once.
func (s *signal) Write(data []byte) (int, error) {
	if string(data) == s.word {
		close(s.seen)
	}
	return len(data), nil
}

// handOver does what Kubernetes does to a Pod that is deleted: it runs the
// chart's stop.sh and then tells Redis to stop.
func handOver(t *testing.T, i *lab.Instance, p *lab.Process) {
	t.Helper()
	hook := i.Command(t.Context(), p, "sh", lab.Script("stop.sh"))
	out, err := hook.CombinedOutput()
	require.NoError(t, err, "%s", out)
	p.Signal(syscall.SIGTERM)
	rejoin(i, p)
}

// rejoin starts a Redis again, as a replica of the master that was elected.
func rejoin(i *lab.Instance, p *lab.Process) {
	i.T.Helper()
	master := i.Elected(p, 10*time.Second)
	i.Start(p)
	i.Do(p, "REPLICAOF", master.IP, lab.RedisPort)
}
