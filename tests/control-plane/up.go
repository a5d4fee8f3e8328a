package main

// up: starts etcd, kube-apiserver, kube-controller-manager and the nodes as plain processes on 127.0.0.1, waits until
// /readyz answers, writes DIR/kubeconfig and prints one line, "ready URL KUBECONFIG=PATH seconds=N".
// Then it reads commands, one a line, and answers each with a line: "kill NAME" (SIGKILL, waits for its end),
// "start NAME" (the same arguments again), "wait" (until /readyz answers). It ends everything when its standard input closes.
// Every component has a NAME.log and a NAME.pid in DIR, and dies with this process.

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// plane is what runs: the arguments of every component, and the processes.
type plane struct {
	dir     string
	server  string
	args    map[string][]string
	running map[string]*process
}

type process struct {
	command *exec.Cmd
	ended   chan struct{}
}

func (p *plane) in(name string) string { return filepath.Join(p.dir, name) }

func runUp() {
	runtime.LockOSThread() // Pdeathsig follows the thread that started a child, not the process.
	begin := time.Now()
	flags := flag.NewFlagSet("up", flag.ExitOnError)
	dir := flags.String("dir", "", "new or empty directory for data, certificates, kubeconfig, logs")
	nodes := flags.Int("nodes", 3, "simulated Nodes (0: none)")
	withScheduler := flags.Bool("scheduler", false, "let kube-scheduler bind Pods, not the nodes")
	controllerNames := flags.String("controllers", "*", "as kube-controller-manager's flag")
	extra := flags.String("apiserver-flags", "", "more kube-apiserver flags, separated by spaces")
	readyAfter := flags.Duration("ready-after", 0, "time a Pod takes to become Ready")
	serviceIPs := flags.String("service-ips", "127.96.0.0/16", "service CIDR; a loopback range makes ClusterIPs reachable without kube-proxy")
	check(flags.Parse(os.Args[1:]))
	if *dir == "" {
		log.Fatal("up: --dir is needed")
	}
	check(os.MkdirAll(*dir, 0o700))
	absolute, err := filepath.Abs(*dir)
	check(err)

	p := &plane{dir: absolute, args: map[string][]string{}, running: map[string]*process{}}
	writeCerts(p.in)
	ports := freePorts(5)
	etcd, peer := fmt.Sprintf("http://127.0.0.1:%d", ports[0]), fmt.Sprintf("http://127.0.0.1:%d", ports[1])
	p.server = fmt.Sprintf("https://127.0.0.1:%d", ports[2])
	kubeconfig := p.in("kubeconfig")
	writeKubeconfig(kubeconfig, p.server, p.in("ca.crt"), p.in("admin.crt"), p.in("admin.key"))

	p.args["etcd"] = []string{
		"--name=test", "--data-dir=" + p.in("etcd"), "--unsafe-no-fsync", "--log-level=error",
		"--listen-client-urls=" + etcd, "--advertise-client-urls=" + etcd,
		"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer, "--initial-cluster=test=" + peer,
	}
	p.args["kube-apiserver"] = append([]string{
		"--etcd-servers=" + etcd, "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", ports[2]), "--endpoint-reconciler-type=none", "--cert-dir=" + absolute,
		"--tls-cert-file=" + p.in("apiserver.crt"), "--tls-private-key-file=" + p.in("apiserver.key"), "--client-ca-file=" + p.in("ca.crt"),
		"--authorization-mode=RBAC", "--service-cluster-ip-range=" + *serviceIPs, "--allow-privileged=true",
		"--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file=" + p.in("sa.pub"),
		"--service-account-signing-key-file=" + p.in("sa.key"), "--profiling=false",
	}, strings.Fields(*extra)...)
	p.args["kube-controller-manager"] = []string{
		"--kubeconfig=" + kubeconfig, "--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", ports[3]),
		"--cert-dir=" + p.in("kcm"), "--leader-elect=false", "--controllers=" + *controllerNames,
		"--use-service-account-credentials", // as in real clusters: webhooks see system:serviceaccount:kube-system:NAME
		"--service-account-private-key-file=" + p.in("sa.key"), "--root-ca-file=" + p.in("ca.crt"),
		"--kube-api-qps=500", "--kube-api-burst=1000", "--profiling=false",
	}
	p.args["nodes"] = []string{"--kubeconfig=" + kubeconfig, fmt.Sprintf("--count=%d", *nodes), fmt.Sprintf("--bind=%v", !*withScheduler), "--ready-after=" + readyAfter.String()}
	p.args["kube-scheduler"] = []string{"--kubeconfig=" + kubeconfig, "--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", ports[4]), "--leader-elect=false"}

	names := []string{"etcd", "kube-apiserver", "kube-controller-manager"}
	if *nodes > 0 {
		names = append(names, "nodes")
	}
	if *withScheduler {
		names = append(names, "kube-scheduler")
	}
	for _, name := range names {
		check(p.start(name))
	}
	check(p.wait())
	fmt.Printf("ready %s KUBECONFIG=%s seconds=%.2f\n", p.server, kubeconfig, time.Since(begin).Seconds())

	go func() { // an interrupt ends it as the end of input does
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGTERM, os.Interrupt)
		<-stop
		os.Exit(0)
	}()
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		if err := p.obey(strings.Fields(lines.Text())); err != nil {
			fmt.Printf("error %v\n", err)
		} else {
			fmt.Println("ok")
		}
	}
	for _, name := range names {
		_ = p.kill(name)
	}
}

func (p *plane) obey(words []string) error {
	switch {
	case len(words) == 2 && words[0] == "kill":
		return p.kill(words[1])
	case len(words) == 2 && words[0] == "start":
		return p.start(words[1])
	case len(words) == 1 && words[0] == "wait":
		return p.wait()
	}
	return fmt.Errorf("unknown command %q: kill NAME, start NAME or wait", strings.Join(words, " "))
}

func (p *plane) start(name string) error {
	args, known := p.args[name]
	if !known || p.running[name] != nil {
		return fmt.Errorf("%s cannot be started: unknown, or running", name)
	}
	output, err := os.OpenFile(p.in(name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer output.Close()
	command := exec.Command("/proc/self/exe", args...)
	command.Args[0] = name // the component is chosen by this
	command.Stdout, command.Stderr = output, output
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		return err
	}
	started := &process{command: command, ended: make(chan struct{})}
	p.running[name] = started
	go func() {
		err := command.Wait()
		close(started.ended)
		log.Printf("%s ended: %v", name, err)
	}()
	return os.WriteFile(p.in(name+".pid"), fmt.Append(nil, command.Process.Pid), 0o600)
}

// kill is SIGKILL: on SIGTERM the API server waits a minute for open watches.
func (p *plane) kill(name string) error {
	running := p.running[name]
	if running == nil {
		return fmt.Errorf("%s is not running", name)
	}
	delete(p.running, name)
	if err := running.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-running.ended
	return nil
}

func (p *plane) wait() error {
	ca, err := os.ReadFile(p.in("ca.crt"))
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}}
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		for _, name := range []string{"etcd", "kube-apiserver"} {
			if running := p.running[name]; running != nil {
				select {
				case <-running.ended:
					return fmt.Errorf("%s ended; see %s", name, p.in(name+".log"))
				default:
				}
			}
		}
		if answer, err := client.Get(p.server + "/readyz"); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
	}
	return fmt.Errorf("not ready after two minutes; see %s", p.in("kube-apiserver.log"))
}

// freePorts holds all ports until the last is found, so that they differ. Another process may take one before it is used.
func freePorts(count int) (ports []int) {
	for range count {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		check(err)
		defer listener.Close()
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports
}
