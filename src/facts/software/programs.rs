//! What is known of programs, scripts of images and variables, as data. A new one is a new row here, never a branch elsewhere.

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

/// Clients that a probe asks the server of its own container with.
pub(super) const CLIENTS: &[(&str, &str)] = &[("redis-cli", "redis"), ("valkey-cli", "valkey"), ("keydb-cli", "keydb")];

/// Programs that print something made from their input.
pub(super) const FILTERS: &[&str] = &[
    "awk", "gawk", "grep", "egrep", "fgrep", "cut", "tr", "head", "tail", "sort", "uniq", "wc", "rev", "paste", "column", "perl", "python",
    "python3",
];
