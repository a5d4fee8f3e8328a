package main

// nodes: stands in for kube-scheduler and the kubelets. It keeps N Node objects Ready, binds every Pod that has no node,
// reports bound Pods as running, and finishes the deletion of Pods that have a deletionTimestamp.
// Not simulated: probes, volumes, logs, exec.

import (
	"context"
	"flag"
	"fmt"
	"hash/fnv"
	"log"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	coordv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/workqueue"
)

// notReady on a Pod keeps that Pod from ever becoming Ready: "true" for running but not ready, "pending" for never started.
const notReady = "control-plane.test/not-ready"

func runNodes() {
	fs := flag.NewFlagSet("nodes", flag.ExitOnError)
	kubeconfig := fs.String("kubeconfig", os.Getenv("KUBECONFIG"), "")
	count := fs.Int("count", 3, "number of Nodes")
	bind := fs.Bool("bind", true, "bind Pods to Nodes (false when kube-scheduler runs)")
	delay := fs.Duration("ready-after", 0, "time a Pod takes to become Ready")
	_ = fs.Parse(os.Args[1:])
	cfg, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		log.Fatal(err)
	}
	cfg.QPS, cfg.Burst = -1, 0
	cfg.ContentType = "application/vnd.kubernetes.protobuf"
	c := kubernetes.NewForConfigOrDie(cfg)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()

	names := make([]string, *count)
	for i := range names {
		names[i] = fmt.Sprintf("node-%d", i)
		for err = register(ctx, c, names[i]); err != nil && ctx.Err() == nil; err = register(ctx, c, names[i]) {
			time.Sleep(100 * time.Millisecond)
		}
	}
	go func() {
		for range time.Tick(10 * time.Second) {
			for _, n := range names {
				renew(ctx, c, n)
			}
		}
	}()

	f := informers.NewSharedInformerFactory(c, 0)
	pods := f.Core().V1().Pods()
	q := workqueue.NewTypedRateLimitingQueue(workqueue.NewTypedItemExponentialFailureRateLimiter[string](5*time.Millisecond, time.Second))
	add := func(o any) {
		if k, err := cache.DeletionHandlingMetaNamespaceKeyFunc(o); err == nil {
			q.Add(k)
		}
	}
	_, _ = pods.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: add, UpdateFunc: func(_, o any) { add(o) }})
	nodeLister := f.Core().V1().Nodes().Lister()
	f.Core().V1().Nodes().Informer()
	open := func(names []string) (out []string) { // Nodes that are not cordoned
		for _, n := range names {
			if o, err := nodeLister.Get(n); err == nil && !o.Spec.Unschedulable {
				out = append(out, n)
			}
		}
		return out
	}
	f.Start(ctx.Done())
	f.WaitForCacheSync(ctx.Done())
	for i := 0; i < 8; i++ {
		go func() {
			for {
				k, down := q.Get()
				if down {
					return
				}
				ns, name, _ := cache.SplitMetaNamespaceKey(k)
				p, err := pods.Lister().Pods(ns).Get(name)
				if err == nil {
					err = step(ctx, c, p, names, open, *bind, *delay, func(d time.Duration) { q.AddAfter(k, d) })
					if err != nil {
						q.AddRateLimited(k)
					} else {
						q.Forget(k)
					}
				}
				q.Done(k)
			}
		}()
	}
	log.Printf("nodes: %d ready", *count)
	<-ctx.Done()
	q.ShutDown()
}

var podNumber atomic.Uint32
var firstSeen sync.Map // UID of a Pod not yet started: time

// step moves one Pod one step on.
func step(ctx context.Context, c kubernetes.Interface, p *corev1.Pod, nodes []string, schedulable func([]string) []string, bind bool, delay time.Duration, again func(time.Duration)) error {
	api := c.CoreV1().Pods(p.Namespace)
	switch {
	case p.DeletionTimestamp != nil:
		if p.Spec.NodeName == "" {
			return nil
		}
		return api.Delete(ctx, p.Name, metav1.DeleteOptions{GracePeriodSeconds: new(int64), Preconditions: metav1.NewUIDPreconditions(string(p.UID))})
	case p.Spec.NodeName == "":
		if !bind || len(p.Spec.SchedulingGates) > 0 {
			return nil
		}
		if nodes = schedulable(nodes); len(nodes) == 0 {
			again(100 * time.Millisecond)
			return nil
		}
		h := fnv.New32a()
		h.Write([]byte(p.Namespace + "/" + p.Name))
		return api.Bind(ctx, &corev1.Binding{
			ObjectMeta: metav1.ObjectMeta{Namespace: p.Namespace, Name: p.Name, UID: p.UID},
			Target:     corev1.ObjectReference{Kind: "Node", Name: nodes[int(h.Sum32()%uint32(len(nodes)))]},
		}, metav1.CreateOptions{})
	case p.Status.Phase != corev1.PodPending || p.Annotations[notReady] == "pending":
		return nil
	}
	// counted from when it was first seen here: creationTimestamp has whole seconds only
	if first, _ := firstSeen.LoadOrStore(p.UID, time.Now()); delay > 0 {
		if age := time.Since(first.(time.Time)); age < delay {
			again(delay - age)
			return nil
		}
	}
	firstSeen.Delete(p.UID)
	ready, now := corev1.ConditionTrue, metav1.Now()
	if p.Annotations[notReady] != "" {
		ready = corev1.ConditionFalse
	}
	p = p.DeepCopy()
	p.Status.Phase, p.Status.StartTime = corev1.PodRunning, &now
	n := podNumber.Add(1)
	p.Status.HostIP, p.Status.PodIP = "10.255.0.1", fmt.Sprintf("10.%d.%d.%d", 128+n>>16&63, n>>8&255, n&255)
	p.Status.PodIPs = []corev1.PodIP{{IP: p.Status.PodIP}}
	p.Status.HostIPs = []corev1.HostIP{{IP: p.Status.HostIP}}
	set := func(t corev1.PodConditionType, s corev1.ConditionStatus) {
		for i := range p.Status.Conditions {
			if p.Status.Conditions[i].Type == t {
				p.Status.Conditions[i].Status, p.Status.Conditions[i].LastTransitionTime = s, now
				return
			}
		}
		p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{Type: t, Status: s, LastTransitionTime: now})
	}
	set(corev1.PodScheduled, corev1.ConditionTrue)
	set(corev1.PodInitialized, corev1.ConditionTrue)
	set(corev1.ContainersReady, ready)
	set(corev1.PodReady, ready)
	ok := ready == corev1.ConditionTrue
	p.Status.ContainerStatuses = nil
	for _, ct := range p.Spec.Containers {
		p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, corev1.ContainerStatus{
			Name: ct.Name, Image: ct.Image, ImageID: ct.Image, ContainerID: "fake://" + string(p.UID) + ct.Name, Ready: ok, Started: &ok,
			State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: now}},
		})
	}
	_, err := api.UpdateStatus(ctx, p, metav1.UpdateOptions{})
	return err
}

func register(ctx context.Context, c kubernetes.Interface, name string) error {
	much := corev1.ResourceList{"cpu": resource.MustParse("64"), "memory": resource.MustParse("256Gi"), "pods": resource.MustParse("10000"), "ephemeral-storage": resource.MustParse("1Ti")}
	now := metav1.Now()
	n := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
			corev1.LabelHostname: name, corev1.LabelOSStable: "linux", corev1.LabelArchStable: "amd64", corev1.LabelTopologyZone: "zone-" + name}},
		Status: corev1.NodeStatus{Capacity: much, Allocatable: much, Conditions: []corev1.NodeCondition{
			{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "Test", LastHeartbeatTime: now, LastTransitionTime: now}}},
	}
	got, err := c.CoreV1().Nodes().Create(ctx, n, metav1.CreateOptions{})
	if err != nil {
		if got, err = c.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{}); err != nil {
			return err
		}
	}
	got.Status = n.Status
	got.Spec.Taints = nil // the admission plugin TaintNodesByCondition adds not-ready
	if _, err = c.CoreV1().Nodes().UpdateStatus(ctx, got, metav1.UpdateOptions{}); err != nil {
		return err
	}
	if got, err = c.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{}); err != nil {
		return err
	}
	got.Spec.Taints = nil
	_, err = c.CoreV1().Nodes().Update(ctx, got, metav1.UpdateOptions{})
	return err
}

func renew(ctx context.Context, c kubernetes.Interface, name string) {
	api := c.CoordinationV1().Leases("kube-node-lease")
	now, secs := metav1.NowMicro(), int32(40)
	l, err := api.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		_, _ = api.Create(ctx, &coordv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: coordv1.LeaseSpec{HolderIdentity: &name, LeaseDurationSeconds: &secs, RenewTime: &now}}, metav1.CreateOptions{})
		return
	}
	l.Spec.RenewTime = &now
	_, _ = api.Update(ctx, l, metav1.UpdateOptions{})
}
