//! What is known of images and programs, as data. A new image, chart or tool is a new row here, never a branch elsewhere.

use super::files::Baked;

/// Families whose configuration is a `redis.conf`.
pub(super) const REDIS_LIKE: &[&str] = &["redis", "valkey", "keydb"];

/// Families that keep data.
pub(super) const DATASTORES: &[&str] = &[
    "redis",
    "valkey",
    "keydb",
    "dragonfly",
    "memcached",
    "elasticsearch",
    "opensearch",
    "kafka",
    "cassandra",
    "postgres",
    "mysql",
    "mongodb",
    "rabbitmq",
    "etcd",
    "zookeeper",
    "clickhouse",
    "nats",
    "minio",
    "qdrant",
    "weaviate",
    "cockroachdb",
];

/// What an image does when the pod does not say otherwise.
#[derive(Debug)]
pub(super) struct Image {
    /// What runs in it.
    pub family: &'static str,
    /// Last segments of its repository.
    pub names: &'static [&'static str],
    /// Repositories end with one of these segments before the name; empty: any.
    pub owners: &'static [&'static str],
    /// What its entrypoint does with its arguments.
    pub entry: Entry,
    /// Its default arguments.
    pub command: &'static [&'static str],
    /// What its root file system holds.
    pub baked: Baked,
    /// Configuration files in it that set nothing this program asks about.
    pub plain: &'static [&'static str],
    /// Its working directory.
    pub directory: &'static str,
}

/// An entrypoint: runs its arguments; puts a program before them if the first begins with `-` or ends with `.conf`; appends the words
/// of a variable. [docker-library/redis: `docker-entrypoint.sh`; valkey-io/valkey-container: `docker-entrypoint.sh`]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    /// What is put before; empty: nothing.
    pub prefix: &'static str,
    /// The variable.
    pub appends: Option<&'static str>,
}

const BITNAMI: &[&str] = &["bitnami", "bitnamilegacy", "bitnamisecure", "bitnamipremium"];
const BITNAMI_ENTRY: Entry = Entry { prefix: "", appends: None };

/// Images by family; the first that matches counts.
pub(super) const IMAGES: &[Image] = &[
    Image {
        family: "redis",
        names: &["redis"],
        owners: BITNAMI,
        entry: BITNAMI_ENTRY,
        command: &["/opt/bitnami/scripts/redis/run.sh"],
        baked: Baked::Unknown,
        plain: &["/opt/bitnami/redis/etc/redis.conf", "/opt/bitnami/redis/etc/redis-default.conf"],
        directory: "/",
    },
    Image {
        family: "redis",
        names: &["redis-cluster"],
        owners: BITNAMI,
        entry: BITNAMI_ENTRY,
        command: &["/opt/bitnami/scripts/redis-cluster/run.sh"],
        baked: Baked::Unknown,
        plain: &["/opt/bitnami/redis/etc/redis.conf", "/opt/bitnami/redis/etc/redis-default.conf"],
        directory: "/",
    },
    Image {
        family: "valkey",
        names: &["valkey"],
        owners: BITNAMI,
        entry: BITNAMI_ENTRY,
        command: &["/opt/bitnami/scripts/valkey/run.sh"],
        baked: Baked::Unknown,
        plain: &["/opt/bitnami/valkey/etc/valkey.conf", "/opt/bitnami/valkey/etc/valkey-default.conf"],
        directory: "/",
    },
    Image {
        family: "valkey",
        names: &["valkey-cluster"],
        owners: BITNAMI,
        entry: BITNAMI_ENTRY,
        command: &["/opt/bitnami/scripts/valkey-cluster/run.sh"],
        baked: Baked::Unknown,
        plain: &["/opt/bitnami/valkey/etc/valkey.conf", "/opt/bitnami/valkey/etc/valkey-default.conf"],
        directory: "/",
    },
    Image {
        family: "keydb",
        names: &["keydb"],
        owners: BITNAMI,
        entry: BITNAMI_ENTRY,
        command: &["/opt/bitnami/scripts/keydb/run.sh"],
        baked: Baked::Unknown,
        plain: &["/opt/bitnami/keydb/etc/keydb.conf"],
        directory: "/",
    },
    Image {
        family: "redis",
        names: &["redis"],
        owners: &["", "library", "_", "docker-library", "mirror", "chainguard", "dockerhub", "docker.io"],
        entry: Entry { prefix: "redis-server", appends: None },
        command: &["redis-server"],
        baked: Baked::NoConfig,
        plain: &[],
        directory: "/data",
    },
    Image {
        family: "valkey",
        names: &["valkey"],
        owners: &["valkey", "library", ""],
        entry: Entry { prefix: "valkey-server", appends: Some("VALKEY_EXTRA_FLAGS") },
        command: &["valkey-server"],
        baked: Baked::NoConfig,
        plain: &[],
        directory: "/data",
    },
    Image {
        family: "keydb",
        names: &["keydb"],
        owners: &["eqalpha", "snapchat"],
        entry: Entry { prefix: "keydb-server", appends: None },
        command: &["keydb-server", "/etc/keydb/keydb.conf"],
        baked: Baked::Unknown,
        plain: &[],
        directory: "/data",
    },
    Image {
        family: "dragonfly",
        names: &["dragonfly", "dragonfly-weekly"],
        owners: &[],
        entry: Entry { prefix: "dragonfly", appends: None },
        command: &["dragonfly", "--logtostderr"],
        baked: Baked::NoConfig,
        plain: &[],
        directory: "/data",
    },
    Image {
        family: "redis",
        names: &["redis-stack", "redis-stack-server"],
        owners: &[],
        entry: Entry { prefix: "redis-server", appends: Some("REDIS_ARGS") },
        command: &["redis-server", "/opt/redis-stack/etc/redis-stack.conf"],
        baked: Baked::Unknown,
        plain: &["/opt/redis-stack/etc/redis-stack.conf"],
        directory: "/",
    },
    Image {
        family: "redis",
        names: &["redis", "redis-server", "redis-cluster", "redismod", "rejson", "falkordb", "redis-cache", "redis-store"],
        owners: &[],
        entry: Entry { prefix: "redis-server", appends: None },
        command: &[],
        baked: Baked::Unknown,
        plain: &[],
        directory: "/data",
    },
    Image {
        family: "valkey",
        names: &["valkey", "valkey-cluster", "valkey-server", "valkey-bundle"],
        owners: &[],
        entry: Entry { prefix: "valkey-server", appends: None },
        command: &[],
        baked: Baked::Unknown,
        plain: &[],
        directory: "/data",
    },
    Image {
        family: "keydb",
        names: &["keydb", "keydb-server"],
        owners: &[],
        entry: Entry { prefix: "keydb-server", appends: None },
        command: &[],
        baked: Baked::Unknown,
        plain: &[],
        directory: "/data",
    },
    other("memcached", &["memcached"]),
    other(
        "postgres",
        &[
            "postgres",
            "postgresql",
            "postgresql-repmgr",
            "postgis",
            "timescaledb",
            "spilo-15",
            "spilo-16",
            "spilo-17",
            "cloudnative-pg",
            "postgresql-bitnami",
            "harbor-db",
        ],
    ),
    other("mysql", &["mysql", "mariadb", "mariadb-galera", "percona-server", "percona-xtradb-cluster", "mysql-server", "percona"]),
    other("mongodb", &["mongo", "mongodb", "mongodb-sharded", "percona-server-mongodb", "mongodb-community-server"]),
    other("elasticsearch", &["elasticsearch"]),
    other("opensearch", &["opensearch"]),
    other("kafka", &["kafka", "cp-kafka", "kafka-native", "cp-server"]),
    other("cassandra", &["cassandra", "cassandra-dc"]),
    other("rabbitmq", &["rabbitmq", "rabbitmq-server"]),
    other("etcd", &["etcd"]),
    other("zookeeper", &["zookeeper", "cp-zookeeper", "kubernetes-zookeeper"]),
    other("clickhouse", &["clickhouse", "clickhouse-server", "clickhouse-keeper"]),
    other("nats", &["nats", "nats-server"]),
    other("minio", &["minio"]),
    other("qdrant", &["qdrant"]),
    other("weaviate", &["weaviate"]),
    other("cockroachdb", &["cockroach", "cockroachdb"]),
];

const fn other(family: &'static str, names: &'static [&'static str]) -> Image {
    Image {
        family,
        names,
        owners: &[],
        entry: Entry { prefix: "", appends: None },
        command: &[],
        baked: Baked::Unknown,
        plain: &[],
        directory: "/",
    }
}

/// Words in an image's name that say it is not the server: exporters, proxies, tools. With the role they have.
pub(super) const NOT_SERVERS: &[(&str, &str)] = &[
    ("exporter", "exporter"),
    ("sentinel", "sentinel"),
    ("insight", "client"),
    ("commander", "client"),
    ("operator", "client"),
    ("proxy", "client"),
    ("twemproxy", "client"),
    ("envoy", "client"),
    ("backup", "client"),
    ("cli", "client"),
    ("benchmark", "client"),
    ("session-assistant", "client"),
    ("k8s-controller", "client"),
    ("services-rigger", "client"),
    ("bulldog", "client"),
    ("shake", "client"),
    ("reloader", "client"),
    ("kubectl", "client"),
    ("os-shell", "client"),
];

/// A family's memory model has no `maxmemory`, or its nodes are configured through custom resources.
pub(super) const NOT_REDIS: &[&str] = &["kvrocks", "redislabs/redis", "redis-enterprise"];

/// Programs that are servers, by file name.
pub(super) const PROGRAMS: &[(&str, &str)] = &[
    ("redis-server", "redis"),
    ("valkey-server", "valkey"),
    ("keydb-server", "keydb"),
    ("keydb-pro-server", "keydb"),
    ("dragonfly", "dragonfly"),
    ("memcached", "memcached"),
    ("postgres", "postgres"),
    ("mysqld", "mysql"),
    ("mariadbd", "mysql"),
    ("mongod", "mongodb"),
    ("rabbitmq-server", "rabbitmq"),
    ("etcd", "etcd"),
    ("java", "jvm"),
    ("node", "nodejs"),
    ("nats-server", "nats"),
];

/// Programs that are a Sentinel.
pub(super) const SENTINELS: &[&str] = &["redis-sentinel", "valkey-sentinel", "keydb-sentinel"];

/// Arguments with which a server only says something and ends.
pub(super) const SAYS: &[&str] = &["--version", "-v", "--help", "-h", "--test-memory", "--check-system"];

/// Programs that run the rest of their arguments, and how many of their own come first, options not counted.
pub(super) const WRAPPERS: &[(&str, usize)] = &[
    ("tini", 0),
    ("dumb-init", 0),
    ("catatonit", 0),
    ("gosu", 1),
    ("su-exec", 1),
    ("setpriv", 0),
    ("nohup", 0),
    ("nice", 0),
    ("env", 0),
    ("timeout", 1),
    ("command", 0),
    ("builtin", 0),
    ("time", 0),
    ("chroot", 1),
    ("stdbuf", 0),
    ("ionice", 0),
    ("chrt", 1),
    ("numactl", 0),
    ("sudo", 0),
    ("xargs", 0),
];

/// Shells.
pub(super) const SHELLS: &[&str] = &["sh", "bash", "ash", "dash", "busybox"];

/// Scripts of images whose text is not in the manifests.
#[derive(Debug)]
pub(super) struct Script {
    /// Its path; after a `*`, how its path ends.
    pub path: &'static str,
    /// What it does.
    pub runs: Runs,
}

/// What an image's script runs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Runs {
    /// Its arguments.
    Arguments,
    /// A server with this file, then the words of a variable, then its arguments.
    /// [bitnami/containers: `rootfs/opt/bitnami/scripts/*/run.sh`]
    /// Files found in `mounted` come first: its file of the same name takes the place of `config`, `overrides.conf` is included after it.
    Server { program: &'static str, config: &'static str, mounted: &'static str, flags: &'static str, settings: &'static [Setting] },
    /// A Sentinel.
    Sentinel,
}

/// A variable that the script writes into the configuration: name, value (lower case; empty: any), directive line.
pub(super) type Setting = (&'static str, &'static str, &'static str);

const REDIS_SETTINGS: &[Setting] = &[
    ("REDIS_AOF_ENABLED", "yes", "appendonly yes"),
    ("REDIS_AOF_ENABLED", "no", "appendonly no"),
    ("REDIS_RDB_POLICY_DISABLED", "yes", "save \"\""),
];
const VALKEY_SETTINGS: &[Setting] = &[
    ("VALKEY_AOF_ENABLED", "yes", "appendonly yes"),
    ("VALKEY_AOF_ENABLED", "no", "appendonly no"),
    ("VALKEY_RDB_POLICY_DISABLED", "yes", "save \"\""),
];

const REDIS_RUN: Runs = Runs::Server {
    program: "redis-server",
    config: "/opt/bitnami/redis/etc/redis.conf",
    mounted: "/opt/bitnami/redis/mounted-etc",
    flags: "REDIS_EXTRA_FLAGS",
    settings: REDIS_SETTINGS,
};
const VALKEY_RUN: Runs = Runs::Server {
    program: "valkey-server",
    config: "/opt/bitnami/valkey/etc/valkey.conf",
    mounted: "/opt/bitnami/valkey/mounted-etc",
    flags: "VALKEY_EXTRA_FLAGS",
    settings: VALKEY_SETTINGS,
};

/// Known scripts, the longest path first.
pub(super) const SCRIPTS: &[Script] = &[
    Script { path: "/opt/bitnami/scripts/redis/run.sh", runs: REDIS_RUN },
    Script { path: "/opt/bitnami/scripts/redis-cluster/run.sh", runs: REDIS_RUN },
    Script { path: "/opt/bitnami/scripts/valkey/run.sh", runs: VALKEY_RUN },
    Script { path: "/opt/bitnami/scripts/valkey-cluster/run.sh", runs: VALKEY_RUN },
    Script {
        path: "/opt/bitnami/scripts/keydb/run.sh",
        runs: Runs::Server {
            program: "keydb-server",
            config: "/opt/bitnami/keydb/etc/keydb.conf",
            mounted: "/opt/bitnami/keydb/mounted-etc",
            flags: "KEYDB_EXTRA_FLAGS",
            settings: &[],
        },
    },
    Script { path: "/opt/bitnami/scripts/redis-sentinel/run.sh", runs: Runs::Sentinel },
    Script { path: "/opt/bitnami/scripts/valkey-sentinel/run.sh", runs: Runs::Sentinel },
    Script { path: "/run.sh", runs: REDIS_RUN },
    Script { path: "*/entrypoint.sh", runs: Runs::Arguments },
    Script { path: "*docker-entrypoint.sh", runs: Runs::Arguments },
];

/// Variables that look like a cap and have no effect where their image's own script does not run.
pub(super) const FLAG_VARIABLES: &[&str] = &[
    "REDIS_EXTRA_FLAGS",
    "VALKEY_EXTRA_FLAGS",
    "KEYDB_EXTRA_FLAGS",
    "REDIS_ARGS",
    "VALKEY_ARGS",
    "REDIS_MAXMEMORY",
    "VALKEY_MAXMEMORY",
    "MAXMEMORY",
    "REDIS_MAX_MEMORY",
];

/// Programs that neither start a server nor write a file that counts here.
pub(super) const TOOLS: &[&str] = &[
    "redis-cli",
    "valkey-cli",
    "keydb-cli",
    "sleep",
    "date",
    "hostname",
    "getent",
    "mkdir",
    "chmod",
    "chown",
    "chgrp",
    "ls",
    "find",
    "id",
    "whoami",
    "ps",
    "kill",
    "killall",
    "pkill",
    "sysctl",
    "nslookup",
    "dig",
    "nc",
    "ping",
    "curl",
    "wget",
    "kubectl",
    "openssl",
    "seq",
    "basename",
    "dirname",
    "uname",
    "stat",
    "df",
    "du",
    "sync",
    "ulimit",
    "umask",
    "stty",
    "tail",
    "mount",
    "umount",
    "rmdir",
    "readlink",
    "realpath",
    "md5sum",
    "sha256sum",
    "base64",
    "expr",
    "bc",
    "jq",
    "yq",
    "logger",
    "apk",
    "apt-get",
    "git",
    "tar",
    "gzip",
    "gunzip",
    "unzip",
    "rsync",
    "redis-check-aof",
    "redis-check-rdb",
    "which",
    "type",
    "hash",
    "alias",
    "unalias",
    "shopt",
    "nproc",
    "free",
    "top",
    "tput",
    "psql",
    "pg_isready",
    "mysql",
    "mysqladmin",
    "mongo",
    "mongosh",
];

/// Programs that run another user's shell: `su redis -c script`.
pub(super) const USERS: &[&str] = &["su", "runuser"];

/// Programs whose own script may start anything.
pub(super) const INTERPRETERS: &[&str] = &["perl", "python", "python3", "ruby"];

/// Files that only one server reads, by name.
pub(super) const CONFIGS: &[(&str, &str)] =
    &[("redis.conf", "redis-server"), ("valkey.conf", "valkey-server"), ("keydb.conf", "keydb-server")];

/// Options that only servers of the Redis family take, as words of their own.
pub(super) const OPTIONS: &[&str] = &[
    "--maxmemory",
    "--maxmemory-policy",
    "--appendonly",
    "--cluster-enabled",
    "--requirepass",
    "--masterauth",
    "--replicaof",
    "--slaveof",
];

/// Variables that make a server's image a router: it passes queries on, and keeps nothing.
pub(super) const ROUTERS: &[(&str, &str)] = &[("MONGODB_SHARDING_MODE", "mongos")];

/// Clients that a probe asks the server of its own container with.
pub(super) const CLIENTS: &[(&str, &str)] = &[("redis-cli", "redis"), ("valkey-cli", "valkey"), ("keydb-cli", "keydb")];

/// Programs that print something made from their input.
pub(super) const FILTERS: &[&str] = &[
    "awk", "gawk", "grep", "egrep", "fgrep", "cut", "tr", "head", "tail", "sort", "uniq", "wc", "rev", "paste", "column", "perl", "python",
    "python3",
];
