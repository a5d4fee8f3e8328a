#!/usr/bin/env python3
"""Lints generated trees of manifests, each command cold, and prints wall time, CPU time, peak memory and time per object.

usage: benches/tree.py [--bin target/release/kubelint] [--files 200,1000,10000] [--runs 3] [--peers kube-linter,kube-score,polaris]

A file holds five objects of one release: a StatefulSet of three containers, its Service, ConfigMap, PodDisruptionBudget
and NetworkPolicy (7.9 KB). Peers that are on PATH run on the same tree in the same call, in turn; ratios are of median wall times.
"""
import argparse, os, resource, shutil, statistics, subprocess, sys, tempfile, time
from pathlib import Path

PEERS = {
    "kube-linter": lambda tree: ["kube-linter", "lint", str(tree)],
    "kube-score": lambda tree: ["kube-score", "score", "--output-format", "ci", *map(str, sorted(tree.rglob("*.yaml")))],
    "polaris": lambda tree: ["polaris", "audit", "--audit-path", str(tree), "--format", "json"],
}

FILE = """apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: store-{n}
  namespace: team-{team}
  labels: &labels
    app.kubernetes.io/name: redis
    app.kubernetes.io/instance: store-{n}
    app.kubernetes.io/component: cache
spec:
  serviceName: store-{n}-headless
  replicas: 3
  selector:
    matchLabels:
      app.kubernetes.io/name: redis
      app.kubernetes.io/instance: store-{n}
  updateStrategy:
    type: RollingUpdate
  template:
    metadata:
      labels:
        app.kubernetes.io/name: redis
        app.kubernetes.io/instance: store-{n}
        app.kubernetes.io/component: cache
      annotations:
        checksum/config: {checksum}
    spec:
      serviceAccountName: store-{n}
      terminationGracePeriodSeconds: 60
      initContainers:
      - name: prepare
        image: registry.example.com/tools/prepare:1.4.{patch}
        command: ["/bin/sh", "-c"]
        args:
        - |
          set -e
          chown -R 999:999 /data
          echo "prepared $(hostname)"
        volumeMounts:
        - name: data
          mountPath: /data
      containers:
      - name: redis
        image: redis:7.4.{patch}
        command: ["redis-server", "/etc/redis/redis.conf"]
        ports:
        - name: redis
          containerPort: 6379
        resources:
          requests:
            cpu: 500m
            memory: {request}Mi
          limits:
            memory: {limit}Mi
        livenessProbe:
          exec:
            command: ["sh", "-c", "redis-cli ping"]
          initialDelaySeconds: 20
          periodSeconds: 5
          timeoutSeconds: 5
        {readiness}
        volumeMounts:
        - name: data
          mountPath: /data
        - name: config
          mountPath: /etc/redis
      - name: exporter
        image: oliver006/redis_exporter:v1.62.{patch}
        env:
        - name: REDIS_ADDR
          value: redis://localhost:6379
        - name: REDIS_EXPORTER_LOG_FORMAT
          value: json
        ports:
        - name: metrics
          containerPort: 9121
        resources:
          requests: {{cpu: 20m, memory: 64Mi}}
          limits: {{memory: 64Mi}}
        readinessProbe:
          httpGet:
            path: /health
            port: metrics
      - name: backup
        image: registry.example.com/tools/backup:latest
        env:
        - name: BUCKET
          value: backups-{n}
        - name: TOKEN
          valueFrom:
            secretKeyRef:
              name: store-{n}-backup
              key: token
        volumeMounts:
        - name: data
          mountPath: /data
          readOnly: true
      volumes:
      - name: config
        configMap:
          name: store-{n}
  volumeClaimTemplates:
  - metadata:
      name: data
    spec:
      accessModes: ["ReadWriteOnce"]
      storageClassName: fast
      resources:
        requests:
          storage: 20Gi
---
apiVersion: v1
kind: Service
metadata:
  name: store-{n}-headless
  namespace: team-{team}
  labels:
    app.kubernetes.io/name: redis
    app.kubernetes.io/instance: store-{n}
spec:
  clusterIP: None
  publishNotReadyAddresses: true
  selector:
    app.kubernetes.io/name: redis
    app.kubernetes.io/instance: store-{n}
  ports:
  - name: redis
    port: 6379
    targetPort: redis
  - name: metrics
    port: 9121
    targetPort: metrics
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: store-{n}
  namespace: team-{team}
data:
  redis.conf: |
    bind 0.0.0.0
    port 6379
    dir /data
    appendonly yes
    appendfsync everysec
    save 900 1
    save 300 10
    maxmemory {maxmemory}mb
    maxmemory-policy allkeys-lru
    activedefrag yes
    lazyfree-lazy-eviction yes
    lazyfree-lazy-expire yes
  notes.md: |
{notes}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: store-{n}
  namespace: team-{team}
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      app.kubernetes.io/instance: {pdb}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: store-{n}
  namespace: team-{team}
spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/instance: store-{n}
  policyTypes: ["Ingress", "Egress"]
  ingress:
  - from:
    - podSelector:
        matchLabels:
          uses: store-{n}
    ports:
    - port: 6379
      protocol: TCP
  egress:
  - to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: kube-system
    ports:
    - port: 53
      protocol: UDP
"""
READINESS = """readinessProbe:
          exec:
            command: ["sh", "-c", "redis-cli ping | grep -q PONG"]
          periodSeconds: 5
          timeoutSeconds: 3"""
NOTE = "    Release {n} keeps the sessions of team {team}; ask them before you touch it, and read the runbook first ({line}).\n"


def generate(tree, files):
    """`files` files, a hundred a folder; every third workload lacks something."""
    for n in range(files):
        team, limit = n % 97, 1024 + n % 7 * 512
        text = FILE.format(n=n, team=team, patch=n % 10, checksum=f"{n * 2654435761 % 2**32:08x}" * 8, limit=limit, request=limit if n % 2 else limit // 2,
                           maxmemory=limit * (4 if n % 3 else 5) // 5, readiness=READINESS if n % 3 else "terminationMessagePolicy: File",
                           pdb=f"store-{n}" if n % 3 else f"other-{n}", notes="".join(NOTE.format(n=n, team=team, line=i) for i in range(32)).rstrip("\n"))
        folder = tree / f"d{n // 100:03}"
        folder.mkdir(exist_ok=True)
        (folder / f"f{n:05}.yaml").write_text(text)


def run(command):
    """Wall seconds, CPU seconds, peak MiB and exit status of one cold run."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--bin", default="target/release/kubelint")
    p.add_argument("--files", default="200,1000,10000")
    p.add_argument("--runs", type=int, default=3)
    p.add_argument("--peers", default=",".join(PEERS), help="peers to run where they are on PATH; empty for none")
    p.add_argument("--keep", metavar="DIR", help="only generate the largest tree there, and stop")
    a = p.parse_args()
    sizes = [int(n) for n in a.files.split(",")]
    if a.keep:
        Path(a.keep).mkdir(parents=True)
        generate(Path(a.keep), max(sizes))
        return 0
    if not Path(a.bin).exists():
        print(f"{a.bin} is not there: cargo build --release", file=sys.stderr)
        return 2
    commands = {"kubelint": lambda tree: [a.bin, "lint", "--format", "json", str(tree)], **{n: PEERS[n] for n in a.peers.split(",") if n and shutil.which(n)}}
    print(f"{'files':>6} {'program':<12} {'wall s':>8} {'cpu s':>8} {'peak MiB':>9} {'us/object':>10} {'exit':>5} {'ratio':>7}")
    for files in sizes:
        with tempfile.TemporaryDirectory() as tmp:
            tree = Path(tmp)
            generate(tree, files)
            rows = {name: [] for name in commands}
            for _ in range(a.runs):  # in turn, so that a drifting machine hits all alike
                for name, command in commands.items():
                    rows[name].append(run(command(tree)))
            base = statistics.median(r[0] for r in rows["kubelint"])
            for name, runs in rows.items():
                wall, cpu, peak = (statistics.median(r[i] for r in runs) for i in range(3))
                print(f"{files:>6} {name:<12} {wall:>8.3f} {cpu:>8.3f} {peak:>9.1f} {wall / files / 5 * 1e6:>10.1f} {runs[-1][3]:>5} {wall / base:>6.1f}x")
    return 0


if __name__ == "__main__":
    sys.exit(main())
