use proptest::prelude::*;

use super::*;
use crate::diagnosis::tests::facts::container;
use crate::topology::{LeftOut, Link};

/// What is found in an environment, as target and origins; `web` has `db` and `cache` beside it.
fn in_environment(environment: &[&str]) -> Vec<(String, Vec<String>)> {
    let configuration = Configuration { environment: owned(environment), ..Configuration::default() };
    told(&found(&configuration))
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

fn topology() -> Topology {
    let mut topology = Topology::default();
    for (name, image) in [("web", "shop"), ("db", "postgres"), ("cache", "redis")] {
        let container = container(name, image).on("shop", "172.18.0.9");
        topology.containers.insert(name.to_owned(), container);
    }
    topology
}

fn found(configuration: &Configuration) -> Vec<Dependency> {
    let topology = topology();
    dependencies(configuration, &topology.containers["web"], &topology)
}

fn told(found: &[Dependency]) -> Vec<(String, Vec<String>)> {
    let origins = |dependency: &Dependency| dependency.origins.iter().map(Origin::text).collect();
    found
        .iter()
        .filter(|dependency| dependency.left_out.is_none())
        .map(|dependency| (dependency.target.clone(), origins(dependency)))
        .collect()
}

/// The same without the origins.
fn targets(environment: &[&str]) -> Vec<String> {
    in_environment(environment).into_iter().map(|(target, _)| target).collect()
}

#[test]
fn connection_strings_are_found_whatever_they_are_called() {
    for (entry, expected) in [
        ("DATABASE_URL=postgres://app:hunter2@db:5432/shop", "postgres://db:5432/shop"),
        ("CELERY_BROKER_URL=redis://:hunter2@cache:6379/0", "redis://cache:6379/0"),
        ("SPRING_DATASOURCE_URL=jdbc:postgresql://db/shop", "jdbc:postgresql://db/shop"),
        (
            "ConnectionStrings__Default=Server=db,1433;Database=shop;User Id=sa;Password=hunter2",
            "sqlserver://db:1433/shop",
        ),
        ("DSN=app:hunter2@tcp(db:3306)/shop", "mysql://db:3306/shop"),
        ("PG=host=db port=5433 user=app password='hunter2 x'", "postgres://db:5433"),
        ("PDO=mysql:host=db;dbname=shop", "mysql://db/shop"),
        ("API=https://api.outside.test/v1", "https://api.outside.test/v1"),
        ("KAFKA_BROKERS=a:9092", "kafka://a:9092"),
        ("MEMCACHED_SERVERS=cache:11211", "cache:11211"),
        ("ZOOKEEPER_CONNECT=zk:2181/kafka", "zk:2181"),
        ("GRPC_ADDR=api:50051", "api:50051"),
        ("JAVA_OPTS=-Xmx1g -Dspring.datasource.url=jdbc:mysql://db/shop", "jdbc:mysql://db/shop"),
        ("HTTP_PROXY=http://u:hunter2@proxy:3128", "proxy:3128"),
        ("ES_HOSTS=http://es:9200", "http://es:9200"),
    ] {
        assert_eq!(targets(&[entry]), [expected], "{entry}");
    }
    assert_eq!(targets(&["MONGO_URL=mongodb://u:p@a,b:2/x?replicaSet=r"]).len(), 2);
}

#[test]
fn hosts_and_ports_belong_together() {
    for (environment, expected) in [
        (&["DB_HOST=db", "DB_PORT=5432"][..], "db:5432"),
        (&["PGHOST=db", "PGPORT=5433"], "postgres://db:5433"),
        (&["PGHOST=db"], "postgres://db"),
        (&["REDIS_HOST=cache"], "redis://cache"),
        (&["REDIS_HOST=cache", "REDIS_TLS=true"], "cache"),
        (&["MYSQL_HOST=localhost"], "mysql://localhost"),
        (&["WORDPRESS_DB_HOST=db:3306"], "db:3306"),
        (&["API_HOST=api", "API_PORT=8080"], "api:8080"),
        (&["DB_HOST=dbb"], "dbb"),
        (&["POSTGRES_HOST=fd00::5", "POSTGRES_PORT=5432"], "postgres://[fd00::5]:5432"),
    ] {
        assert_eq!(targets(environment), [expected], "{environment:?}");
    }
}

#[test]
fn nothing_is_invented() {
    for entry in [
        "HOST=0.0.0.0",
        "PORT=3000",
        "HOSTNAME=web",
        "BIND_ADDR=0.0.0.0:80",
        "LISTEN_ADDRESS=db:80",
        "LISTEN_URL=http://0.0.0.0:80",
        "KAFKA_LISTENERS=PLAINTEXT://kafka:9092",
        "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://kafka:9092",
        "SELF=http://web:3000/",
        "GRPC_ADDR=:50051",
        "HTTP_ADDR=0.0.0.0:80",
        "APP_HOST=localhost",
        "APP_HOST=www.outside.test",
        "DB_PORT=tcp://172.17.0.2:5432",
        "DB_PORT_5432_TCP=tcp://172.17.0.2:5432",
        "DB_PORT_5432_TCP_ADDR=172.17.0.2",
        "DB_NAME=/web/db",
        "VERSION=1.2.3",
        "PATH=/usr/bin:/bin",
        "MAIL_FROM=shop@outside.test",
        "TEMPLATE=https://{{host}}/x",
        "DATA=file:///var/lib",
        "DB=sqlite:///x.db",
        "IMAGE=redis:alpine",
        "TZ=Europe/Berlin",
        "LANG=C.UTF-8",
        "REPO=git+https://code.outside.test/x",
        "DB_USER=db",
        "DB_PASSWORD=db",
        "POSTGRES_DB=shop",
        "JSON={\"a\": \"b\"}",
        "NO_PROXY=db,cache",
        "LABEL=a,b,c",
        "VIRTUAL_HOST=db",
        "RATE=10:20",
        "TIME_SERVER=12:30",
        "DATABASE_HOST=",
        "DATABASE_URL=",
        "NAME=host=db",
        "PATTERN=http://*.outside.test",
    ] {
        let found = targets(&[entry]);
        let expected: &[&str] = if entry == "NAME=host=db" { &["postgres://db"] } else { &[] };
        assert_eq!(found, expected, "{entry}");
    }
}

#[test]
fn what_is_for_browsers_is_told_and_not_checked() {
    for entry in [
        "NEXT_PUBLIC_API=https://www.outside.test/api",
        "VITE_API_URL=http://localhost:3000",
        "APP_PUBLIC_URL=https://outside.test",
        "GF_SERVER_ROOT_URL=http://localhost:3000/",
        "CORS_ORIGIN=http://localhost:5173",
        "APP_URL=http://localhost",
    ] {
        let found = found(&Configuration { environment: owned(&[entry]), ..Configuration::default() });
        let why: Vec<Option<LeftOut>> = found.iter().map(|dependency| dependency.left_out).collect();
        assert_eq!(why, [Some(LeftOut::ForBrowsers)], "{entry}");
    }
}

#[test]
fn what_came_with_the_image_counts_where_somebody_has_the_name() {
    let image = owned(&[
        "PYTHON_GET_PIP_URL=https://code.outside.test/get-pip.py",
        "API=http://db:80/",
        "REDIS_URL=redis://far:6379",
        "DB_HOST=far",
    ]);
    let configuration =
        Configuration { environment: image.clone(), image_environment: image.clone(), ..Configuration::default() };
    let targets: Vec<String> = told(&found(&configuration)).into_iter().map(|(target, _)| target).collect();
    assert_eq!(targets, ["http://db:80/", "redis://far:6379"]);
    let changed = Configuration {
        environment: owned(&["DB_HOST=farther"]),
        image_environment: image,
        ..Configuration::default()
    };
    assert_eq!(told(&found(&changed)).len(), 1, "somebody has set it");
}

#[test]
fn one_server_is_one_dependency_with_all_its_origins() {
    let found = in_environment(&[
        "DB_HOST=db",
        "DB_PORT=5432",
        "DATABASE_URL=postgres://app:hunter2@db:5432/shop",
        "READ_URL=postgres://app:hunter2@DB:5432/shop",
    ]);
    let origins = vec!["DATABASE_URL".to_owned(), "READ_URL".to_owned(), "DB_HOST, DB_PORT".to_owned()];
    assert_eq!(found, [("postgres://db:5432/shop".to_owned(), origins)]);
    assert_eq!(targets(&["A=http://api:80/a", "B=http://api:80/b"]).len(), 2);
}

#[test]
fn relations_lead_to_what_nothing_else_names() {
    let configuration = Configuration {
        environment: owned(&["DATABASE_URL=postgres://db/shop"]),
        depends_on: owned(&["db", "cache", "web"]),
        ..Configuration::default()
    };
    let found = told(&found(&configuration));
    assert_eq!(found[0], ("postgres://db/shop".to_owned(), vec!["DATABASE_URL".to_owned(), "depends_on".to_owned()]));
    assert_eq!(found[1], ("cache".to_owned(), vec!["depends_on".to_owned()]));
    assert_eq!(found.len(), 2, "not on itself");

    let mut topology = topology();
    let link = Link { container: "db".to_owned(), alias: "store".to_owned() };
    topology.containers.get_mut("web").expect("web").links.push(link);
    let linked = dependencies(&Configuration::default(), &topology.containers["web"], &topology);
    assert_eq!(told(&linked), [("store".to_owned(), vec!["link store".to_owned()])]);
}

#[test]
fn arguments_name_servers_too() {
    for (arguments, expected) in [
        (&["node", "app.js", "--db-url=postgres://app:hunter2@db/shop"][..], &["postgres://db/shop"][..]),
        (
            &["migrate", "-database", "postgres://app:hunter2@db/shop?sslmode=disable"],
            &["postgres://db/shop?sslmode=disable"],
        ),
        (&["psql", "-h", "db", "-p", "5433"], &["postgres://db:5433"]),
        (&["/usr/bin/redis-cli", "-h", "cache", "-a", "hunter2"], &["redis://cache"]),
        (&["mysql", "--host=db", "-phunter2"], &["mysql://db"]),
        (&["sh", "-c", "exec psql \"postgres://app:hunter2@db/shop\""], &["postgres://db/shop"]),
        (&["prometheus", "--web.external-url=http://localhost:9090"], &[]),
        (&["dockerd", "-H", "tcp://0.0.0.0:2375"], &[]),
        (&["etcd", "--advertise-client-urls", "http://etcd:2379"], &[]),
        (&["nginx", "-g", "daemon off;"], &[]),
        (&["web", "tcp:0.0.0.0:80,http=200"], &[]),
        (&["redis-server", "--requirepass", "hunter2"], &[]),
    ] {
        let configuration = Configuration { arguments: owned(arguments), ..Configuration::default() };
        let targets: Vec<String> = told(&found(&configuration)).into_iter().map(|(target, _)| target).collect();
        assert_eq!(targets, expected, "{arguments:?}");
    }
}

#[test]
fn mistakes_are_kept_without_the_secret() {
    for (entry, certain) in [
        ("DATABASE_URL=postgres://app:hun/ter2@db/shop", true),
        ("DATABASE_URL=\"postgres://app:hunter2@db/shop\"", true),
        ("DATABASE_URL=postgres://app:hunter2@db/shop\n", false),
        ("DATABASE_URL=postgres://app:hun@ter2@db/shop", false),
        ("DATABASE_URL=postgre://app:hunter2@db/shop", true),
        ("DATABASE_URL=postgres://app:hunter2@${DB_HOST}/shop", true),
        ("REDIS_URL=redis:cache:6379", true),
    ] {
        let found = found(&Configuration { environment: owned(&[entry]), ..Configuration::default() });
        assert_eq!(found.len(), 1, "{entry}: {found:?}");
        assert_eq!(found[0].malformed.as_ref().map(|malformed| malformed.certain), Some(certain), "{entry}: {found:?}");
        let seen = format!("{found:?}");
        assert!(!seen.contains("hun") && !seen.contains("ter2"), "{seen}");
    }
    let replaced = ["DATABASE_URL=postgres://app@${DB_SERVER}/shop", "DB_SERVER="];
    let found = found(&Configuration { environment: owned(&replaced), ..Configuration::default() });
    assert_eq!(found[0].left_out, Some(LeftOut::Unresolved), "some programs replace it");
}

proptest! {
    #[test]
    fn no_secret_survives_and_nothing_panics(
        name in "[A-Z]{1,4}_(URL|HOST|DSN|SERVERS|BROKERS|OPTS)|DATABASE_URL",
        scheme in "postgres|mongodb|redis|amqp|mysql\\+pymysql|https?|kafka",
        before in "[!-~]{0,6}",
        after in "[!-~]{0,6}",
        more in ".{0,40}",
    ) {
        let secret = format!("{before}s3cr3t{after}");
        // Numbers in front of what ends a host can not be told from a port.
        let number = before.trim_start_matches(|c: char| c.is_ascii_digit() || c == ',');
        prop_assume!(number == before || !number.starts_with(['/', '?', '#']));
        let environment = [
            format!("{name}={scheme}://app:{secret}@db:5432/shop"),
            format!("MORE=host=db password='{}'", secret.replace(['\'', '\\'], "x")),
            format!("SQL=app:{secret}@tcp(db:3306)/shop"),
            format!("X_URL={more}"),
        ];
        let arguments = [format!("--url={scheme}://app:{secret}@db/shop"), more];
        let configuration = Configuration { environment: environment.to_vec(), arguments: arguments.to_vec(), ..Configuration::default() };
        let seen = format!("{:?}", found(&configuration));
        prop_assert!(!seen.contains("s3cr3t"), "{}", seen);
    }
}
