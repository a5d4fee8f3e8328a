//! What is known of images, as data. A new image, chart or tool is a new row here, never a branch elsewhere.

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

/// Variables that make a server's image a router: it passes queries on, and keeps nothing.
pub(super) const ROUTERS: &[(&str, &str)] = &[("MONGODB_SHARDING_MODE", "mongos")];
