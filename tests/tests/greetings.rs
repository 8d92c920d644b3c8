//! Servers that answer on their port, and say more than that: who they are, and why they turn a client away.

use std::time::Duration;

use dprobe_tests::servers::certificates::Claims;
use dprobe_tests::servers::{Access, Authority, Mariadb, Memcached, Mosquitto, Nats, Postgres, RabbitMq, Redis, Smtp};
use dprobe_tests::{Container, Network, Stack, check, until};

/// A network with somebody on it who connects.
fn stage(stack: &Stack) -> (Network, Container) {
    let net = stack.network("backend");
    let web = stack.container("web").on(&net).start();
    (net, web)
}

#[test]
fn redis_in_protected_mode() {
    let Some(stack) = Stack::with_servers() else { return };
    let (net, web) = stage(&stack);
    stack.server("redis", &Redis { protected: true, ..Redis::default() }).on(&net).alias("redis").start();

    check([web.name(), "redis:6379"]).unreachable("protected-mode");
    let outcome = check([web.name(), "redis://redis"]);
    outcome.unreachable("protected-mode").words(["DENIED", "redis-cli", "requirepass"]).fix_works(&stack);
    check([web.name(), "redis:6379"]).healthy();
}

#[test]
fn redis_that_is_published_keeps_its_protection() {
    let stack = Stack::new();
    let (net, web) = stage(&stack);
    let redis = stack.container("redis").on(&net).alias("redis").flags(["-p", "6379"]);
    let redis = redis.runs(["redis-server", "--bind", "*"]).start();

    let outcome = check([web.name(), &redis.port(6379)]);
    outcome.unreachable("protected-mode").words(["published", "password"]);
    assert!(!outcome.fix()["title"].as_str().unwrap_or_default().contains("turn protected mode off"));
}

#[test]
fn redis_that_has_all_its_clients() {
    let Some(stack) = Stack::with_servers() else { return };
    let (net, web) = stage(&stack);
    let redis = stack.server("redis", &Redis { max_clients: 1, ..Redis::default() }).on(&net).alias("redis").start();
    redis.exec_detached(&["redis-cli", "blpop", "nothing", "0"]);
    until("the one client", Duration::from_secs(20), || {
        redis.exec(&["redis-cli", "ping"]).stdout.contains("max number of clients").then_some(())
    });

    check([web.name(), "redis://redis"]).unreachable("too-many-connections").words(["max number of clients", "pool"]);
}

#[test]
fn postgres_whose_access_list_has_loopback_only() {
    let Some(stack) = Stack::with_servers() else { return };
    let (net, web) = stage(&stack);
    let hba = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
    stack.server("db", &Postgres { hba, ..Postgres::default() }).on(&net).alias("db").start();

    // Without a user there is nobody to turn away.
    check([web.name(), "db:5432"]).healthy();
    let outcome = check([web.name(), "postgres://app@db/shop"]);
    let subnet = format!("host shop app {}/28 scram-sha-256", net.address(0));
    outcome.unreachable("db-host-denied").words(["pg_hba.conf", &subnet]).fix_works(&stack);
}

#[test]
fn postgres_without_ssl_and_a_url_that_wants_it() {
    let Some(stack) = Stack::with_servers() else { return };
    let (net, web) = stage(&stack);
    stack.server("db", &Postgres::default()).on(&net).alias("db").start();

    let outcome = check([web.name(), "postgres://app@db/shop?sslmode=require"]);
    outcome.unreachable("db-tls-mismatch").words(["sslmode=prefer", "TLS"]);
    outcome.dial_works();
    for mode in ["disable", "prefer"] {
        check([web.name(), &format!("postgres://app@db/shop?sslmode={mode}")]).healthy();
    }
}

#[test]
fn postgres_that_wants_ssl_and_a_url_without() {
    let Some(stack) = Stack::with_servers() else { return };
    let (net, web) = stage(&stack);
    let pair = Authority::new("Test CA").issues(&Claims::of(["db"]));
    let hba = "local all all trust\nhostssl all all all scram-sha-256\n";
    stack.server("db", &Postgres { hba, ssl: Some(&pair), ..Postgres::default() }).on(&net).alias("db").start();

    let outcome = check([web.name(), "postgres://app@db/shop?sslmode=disable"]);
    outcome.unreachable("db-tls-mismatch").words(["sslmode=require", "hostssl"]);
    outcome.dial_works();
    check([web.name(), "postgres://app@db/shop"]).healthy();
    check([web.name(), "postgres://app@db/shop?sslmode=require"]).healthy();
}

#[test]
fn postgres_that_has_all_its_connections() {
    let Some(stack) = Stack::with_servers() else { return };
    let (net, web) = stage(&stack);
    let postgres = Postgres { max_connections: 5, ..Postgres::default() };
    let db = stack.server("db", &postgres).on(&net).alias("db").start();
    check([web.name(), "postgres://app@db/shop"]).healthy();
    postgres.exhaust(&db);

    check([web.name(), "postgres://app@db/shop"])
        .unreachable("too-many-connections")
        .words(["too many clients", "max_connections"]);
}

#[test]
fn mariadb_that_knows_no_user_from_there() {
    let Some(stack) = Stack::with_servers() else { return };
    let (net, web) = stage(&stack);
    let mariadb = Mariadb { access: Access::Nobody, ..Mariadb::default() };
    let db = stack.server("db", &mariadb).on(&net).alias("db").start();

    check([web.name(), "db:3306"]).unreachable("db-host-denied");
    let outcome = check([web.name(), "mysql://app@db/shop"]);
    outcome.unreachable("db-host-denied").words(["not allowed to connect", "'app'@'%'", "RENAME USER"]);
    db.exec(&["mariadb", "-e", "CREATE USER 'app'@'%'"]);
    outcome.passes_now();
}

#[test]
fn mariadb_that_has_all_its_connections() {
    let Some(stack) = Stack::with_servers() else { return };
    let (net, web) = stage(&stack);
    let mariadb = Mariadb { max_connections: 10, ..Mariadb::default() };
    let db = stack.server("db", &mariadb).on(&net).alias("db").start();
    mariadb.exhaust(&db);
    // The one that is kept for an administrator.
    db.exec_detached(&["mariadb", "-e", "select sleep(3600)"]);
    until("the last connection", Duration::from_secs(20), || {
        db.exec(&["mariadb", "-e", "select 1"]).stderr.contains("Too many connections").then_some(())
    });

    check([web.name(), "mysql://app@db/shop"]).unreachable("too-many-connections").words(["Too many connections"]);
}

#[test]
fn another_protocol_on_the_port() {
    let Some(stack) = Stack::with_servers() else { return };
    let (net, web) = stage(&stack);
    stack.server("redis", &Redis::default()).on(&net).alias("redis").start();
    stack.server("mail", &Smtp::default()).on(&net).alias("mail").start();
    stack.server("db", &Postgres::default()).on(&net).alias("db").start();
    stack.server("sql", &Mariadb::default()).on(&net).alias("sql").start();
    stack.server("nats", &Nats::default()).on(&net).alias("nats").start();
    stack.server("cache", &Memcached::default()).on(&net).alias("cache").start();
    stack.container("api").on(&net).alias("api").runs(["nginx"]).start();

    let outcome = check([web.name(), "postgres://app@redis:6379/shop"]);
    outcome.unreachable("protocol-mismatch").words(["speaks Redis, not PostgreSQL", "redis://"]);
    for (target, spoken) in [
        ("redis://db:5432", "PostgreSQL"),
        ("mysql://db:5432/shop", "PostgreSQL"),
        ("postgres://app@sql:3306/shop", "MySQL"),
        ("amqp://nats:4222", "NATS"),
        ("mqtt://mail:25", "SMTP"),
        ("mongodb://api:80", "HTTP"),
        ("kafka://cache:11211", "memcached"),
        ("memcached://redis:6379", "Redis"),
    ] {
        check([web.name(), target]).unreachable("protocol-mismatch").words([&format!("speaks {spoken}")]);
    }
}

#[test]
fn healthy_servers_of_every_protocol() {
    let Some(stack) = Stack::with_servers() else { return };
    let (net, web) = stage(&stack);
    stack.server("redis", &Redis::default()).on(&net).alias("redis").start();
    stack
        .server("secret", &Redis { password: Some("hunter2"), protected: true, ..Redis::default() })
        .on(&net)
        .alias("secret")
        .start();
    stack.server("db", &Postgres::default()).on(&net).alias("db").start();
    stack.server("sql", &Mariadb::default()).on(&net).alias("sql").start();
    stack.server("nats", &Nats::default()).on(&net).alias("nats").start();
    stack.server("token", &Nats { token: Some("hunter2"), ..Nats::default() }).on(&net).alias("token").start();
    stack.server("mqtt", &Mosquitto::default()).on(&net).alias("mqtt").start();
    stack.server("closed", &Mosquitto { anonymous: false, ..Mosquitto::default() }).on(&net).alias("closed").start();
    stack.server("cache", &Memcached::default()).on(&net).alias("cache").start();
    stack.server("mail", &Smtp::default()).on(&net).alias("mail").start();
    stack.container("mongo").on(&net).alias("mongo").runs(["mongod", "--bind_ip_all"]).start();

    for target in [
        "redis://redis",
        "redis://:hunter2@secret",
        "postgres://app:hunter2@db/shop",
        "postgresql://db",
        "mysql://app:hunter2@sql/shop",
        "mariadb://sql",
        "nats://nats",
        "nats://token",
        "mqtt://mqtt",
        "mqtt://closed",
        "memcached://cache",
        "smtp://mail",
        "mongodb://mongo/shop",
    ] {
        check([web.name(), target]).healthy();
    }
    let told = check([web.name(), "redis://:hunter2@secret"]);
    told.shows(["Redis answers, and wants a login"]);
    assert!(!told.report.to_string().contains("hunter2"), "a password got into the report");
}

#[test]
fn healthy_rabbitmq() {
    let Some(stack) = Stack::with_servers() else { return };
    let (net, web) = stage(&stack);
    stack.server("rabbit", &RabbitMq::default()).on(&net).alias("rabbit").start();

    check([web.name(), "amqp://guest:hunter2@rabbit"]).healthy().shows(["RabbitMQ"]);
}

#[test]
fn a_server_that_says_nothing() {
    let stack = Stack::new();
    let (net, web) = stage(&stack);
    stack.container("db").on(&net).alias("db").runs(["web", "tcp:0.0.0.0:5432"]).start();
    stack.container("echo").on(&net).alias("echo").runs(["web", "tcp:0.0.0.0:6379,echo"]).start();

    // Nobody knows why, so no cause is named.
    let silent = check([web.name(), "postgres://app@db/shop"]);
    silent.says("unreachable", None, 1).shows(["says nothing in PostgreSQL"]);
    assert!(silent.codes().is_empty(), "{:?}", silent.codes());
    check([web.name(), "redis://echo"]).says("unreachable", None, 1).shows(["does not answer in Redis"]);
    check([web.name(), "db:5432"]).healthy();
}

#[test]
fn kafka_that_advertises_localhost() {
    let stack = Stack::new();
    let (net, web) = stage(&stack);
    let kafka = stack.container("kafka").on(&net).alias("kafka");
    let kafka = kafka.runs(["web", "tcp:0.0.0.0:9092,kafka=localhost:9092"]).start();

    check([web.name(), "kafka:9092"]).healthy();
    let outcome = check([web.name(), "kafka://kafka"]);
    outcome
        .unreachable("advertised-address")
        .words(["localhost:9092", "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://kafka:9092"]);
    kafka.recreate(["web", "tcp:0.0.0.0:9092,kafka=kafka:9092"]);
    outcome.passes_now();
}

#[test]
fn a_replica_set_that_knows_itself_by_another_name() {
    let stack = Stack::new();
    let (net, web) = stage(&stack);
    let mongo = stack.container("mongo").on(&net).alias("mongo");
    let mongo = mongo.runs(["web", "tcp:0.0.0.0:27017,mongodb=localhost:27017"]).start();

    let outcome = check([web.name(), "mongodb://mongo/shop"]);
    outcome.unreachable("advertised-address").words(["localhost:27017", "rs.reconfig"]);
    check([web.name(), "mongodb://mongo/shop?directConnection=true"]).healthy();
    mongo.recreate(["web", "tcp:0.0.0.0:27017,mongodb=mongo:27017"]);
    outcome.passes_now();
}

#[test]
fn a_cluster_whose_hosts_are_in_the_dns() {
    let stack = Stack::new();
    let net = stack.network("backend");
    let address = net.address(13).to_string();
    let zone = format!(
        "dns:0.0.0.0:53,srv=_mongodb._tcp.cluster.test=mongo1.test=27017,zone=mongo1.test={address},zone=plain.test={address}"
    );
    let server = net.address(14);
    stack.container("nameserver").on(&net).flags(["--ip", &server.to_string()]).runs(["web", &zone]).start();
    stack.container("mongo1").on(&net).flags(["--ip", &address]).runs(["mongod", "--bind_ip_all"]).start();
    let web = stack.container("web").on(&net).asks(server).start();

    check([web.name(), "mongodb+srv://cluster.test/shop?tls=false"]).healthy().shows(["mongo1.test:27017"]);
    for domain in ["plain.test", "nowhere.test"] {
        check([web.name(), &format!("mongodb+srv://{domain}/shop?tls=false")])
            .unreachable("dns-name-not-found")
            .words([&format!("_mongodb._tcp.{domain}"), &format!("mongodb://{domain}")]);
    }
}

#[test]
fn redis_with_tls_alone_and_redis_without() {
    let Some(stack) = Stack::with_servers() else { return };
    let (net, web) = stage(&stack);
    let pair = Authority::new("Test CA").issues(&Claims::of(["secure"]));
    stack.server("secure", &Redis { tls: Some(&pair), ..Redis::default() }).on(&net).alias("secure").start();
    stack.server("plain", &Redis::default()).on(&net).alias("plain").start();

    check([web.name(), "redis://secure"]).unreachable("tls-required").words(["rediss://secure"]);
    check([web.name(), "rediss://plain"]).unreachable("tls-not-spoken").words(["answers as Redis does"]);
}
