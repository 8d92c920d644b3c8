use std::net::IpAddr;

use proptest::prelude::*;

use super::*;

fn address(text: &str) -> HostWord {
    HostWord::Address(text.parse::<IpAddr>().expect("an address"))
}

fn name(text: &str) -> HostWord {
    HostWord::Name(text.to_owned())
}

fn service(project: &str, service: &str) -> HostWord {
    HostWord::Service { project: project.to_owned(), service: service.to_owned() }
}

#[test]
fn a_source_is_a_place() {
    for (typed, place) in [
        ("web", PlaceWord::Container("web".to_owned())),
        (" web ", PlaceWord::Container("web".to_owned())),
        ("3f4e5a6b7c8d", PlaceWord::Container("3f4e5a6b7c8d".to_owned())),
        ("shop_web_1", PlaceWord::Container("shop_web_1".to_owned())),
        ("shop/web", PlaceWord::Service { project: "shop".to_owned(), service: "web".to_owned() }),
        ("host", PlaceWord::Host),
        ("net:favorites-net", PlaceWord::Network("favorites-net".to_owned())),
        ("gateway", PlaceWord::Container("gateway".to_owned())),
    ] {
        assert_eq!(source(typed).map(|word| word.place), Ok(place), "{typed}");
    }
}

#[test]
fn a_target_is_a_host_with_or_without_a_port() {
    let tcp = Protocol::Tcp;
    let udp = Protocol::Udp;
    for (typed, host, port, protocol) in [
        ("mongodb", name("mongodb"), None, tcp),
        ("mongodb:27017", name("mongodb"), Some(27017), tcp),
        ("dns:53/udp", name("dns"), Some(53), udp),
        ("dns:53/UDP", name("dns"), Some(53), udp),
        ("dns:53/tcp", name("dns"), Some(53), tcp),
        ("shop/web", service("shop", "web"), None, tcp),
        ("shop/udp", service("shop", "udp"), None, tcp),
        ("shop/web:80", service("shop", "web"), Some(80), tcp),
        ("shop/web:80/udp", service("shop", "web"), Some(80), udp),
        ("host", HostWord::Host, None, tcp),
        ("host:5432", HostWord::Host, Some(5432), tcp),
        ("gateway:80", HostWord::Gateway, Some(80), tcp),
        ("internet", HostWord::Internet, None, tcp),
        ("host.docker.internal:5432", name("host.docker.internal"), Some(5432), tcp),
        ("localhost:3000", name("localhost"), Some(3000), tcp),
        ("db.example.test.", name("db.example.test."), None, tcp),
        ("172.18.0.2", address("172.18.0.2"), None, tcp),
        ("172.18.0.2:27017", address("172.18.0.2"), Some(27017), tcp),
        ("172.18.0.2:53/udp", address("172.18.0.2"), Some(53), udp),
        ("172.18.0.2/udp", address("172.18.0.2"), None, udp),
        ("::1", address("::1"), None, tcp),
        ("[::1]", address("::1"), None, tcp),
        ("[::1]:80", address("::1"), Some(80), tcp),
        ("[::1]:53/udp", address("::1"), Some(53), udp),
        ("fe80::1:80", address("fe80::1:80"), None, tcp),
        ("::ffff:10.0.0.1", address("::ffff:10.0.0.1"), None, tcp),
        ("web:1", name("web"), Some(1), tcp),
        ("web:65535", name("web"), Some(65535), tcp),
    ] {
        let word = target(typed).unwrap_or_else(|error| panic!("{typed}: {error}"));
        assert_eq!((word.host, word.port.map(|port| port.port), word.protocol), (host, port, protocol), "{typed}");
        assert!(word.port.is_none_or(|port| port.typed), "{typed}");
        assert_eq!((word.scheme, word.url, word.typed), (None, None, typed.to_owned()));
    }
}

#[test]
fn a_scheme_implies_its_port() {
    for (url, port) in [
        ("http://web", Some(80)),
        ("https://web/path", Some(443)),
        ("postgres://db/x", Some(5432)),
        ("postgresql+asyncpg://db/x", Some(5432)),
        ("mysql://db", Some(3306)),
        ("mongodb://db", Some(27017)),
        ("mongodb+srv://cluster.example.test/x", None),
        ("redis://cache", Some(6379)),
        ("rediss://cache", Some(6379)),
        ("amqp://mq", Some(5672)),
        ("amqps://mq", Some(5671)),
        ("kafka://broker", Some(9092)),
        ("nats://bus", Some(4222)),
        ("mqtt://bus", Some(1883)),
        ("memcached://cache", Some(11211)),
        ("smtp://mail", Some(25)),
        ("tcp://web", None),
        ("tls://web", None),
        ("udp://dns", None),
        ("jdbc:postgresql://db/x", Some(5432)),
        ("whatever://web", None),
    ] {
        let word = target(url).unwrap_or_else(|error| panic!("{url}: {error}"));
        assert_eq!(word.port, port.map(|port| PortWord { port, typed: false }), "{url}");
    }
    let word = target("HTTP://Web:8080/a?b#c").expect("a URL");
    assert_eq!(word.scheme.as_deref(), Some("http"));
    assert_eq!(word.url.as_deref(), Some("http://Web:8080/a?b#c"));
    assert_eq!(word.typed, "HTTP://Web:8080/a?b#c");
    assert_eq!(word.port, Some(PortWord { port: 8080, typed: true }));
    assert_eq!(target("udp://dns:53").expect("a URL").protocol, Protocol::Udp);
    assert_eq!(target("http://[::1]:3000/").expect("a URL").host, address("::1"));
    assert_eq!(target("http://gateway:8080/").expect("a URL").host, name("gateway"), "no special word in a URL");
}

#[test]
fn credentials_are_left_out() {
    for (given, url, host) in [
        ("postgres://u:p@db:5432/x", "postgres://db:5432/x", "db"),
        ("redis://:hunter2@cache:6379/0", "redis://cache:6379/0", "cache"),
        ("https://token@api.example.test/", "https://api.example.test/", "api.example.test"),
        ("https://u:p@ss@api.example.test/", "https://api.example.test/", "api.example.test"),
        ("http://web:3000/@vite/client", "http://web:3000/@vite/client", "web"),
        ("http://web/?token=hunter2&x=1", "http://web/?token=***&x=1", "web"),
        ("postgres://u:p%40ss%2Fw@db/x?password=hun&ter2&sslmode=require", "postgres://db/x?sslmode=require", "db"),
        ("postgres://db/x?user=me@corp", "postgres://db/x", "db"),
        ("postgresql+psycopg://u:p/ss@db/x", "postgresql+psycopg://db/x", "db"),
    ] {
        let word = target(given).unwrap_or_else(|error| panic!("{given}: {error}"));
        assert_eq!((word.url.as_deref(), word.host), (Some(url), name(host)), "{given}");
    }
}

/// The targets of a word as `host:port`, with what they have in common.
fn all(typed: &str) -> (Vec<String>, TargetWord) {
    let words = targets(typed).unwrap_or_else(|error| panic!("{typed}: {error}"));
    let at = |word: &TargetWord| match (&word.host, word.port) {
        (HostWord::Name(name), port) => format!("{name}:{}", port.map(|port| port.port).unwrap_or_default()),
        (HostWord::Address(address), port) => format!("{address}:{}", port.map(|port| port.port).unwrap_or_default()),
        other => format!("{other:?}"),
    };
    (words.iter().map(at).collect(), words[0].clone())
}

#[test]
fn every_host_is_a_target() {
    for (typed, hosts) in [
        ("mongodb://u:p@a:1,b:2,c/x?replicaSet=r", &["a:1", "b:2", "c:27017"][..]),
        ("postgres://u:p@a,b:5433/x", &["a:5432", "b:5433"]),
        ("postgresql:///x?host=a,b&port=1,2", &["a:1", "b:2"]),
        ("postgresql:///x?host=a,b&port=7", &["a:7", "b:7"]),
        ("postgresql://u@/x?host=db", &["db:5432"]),
        ("kafka://a:9092,b:9092", &["a:9092", "b:9092"]),
        ("a:9092,b:9092", &["a:9092", "b:9092"]),
        ("a:11211,b:11211", &["a:11211", "b:11211"]),
        ("nats://u:p@a:4222,nats://u:p@b:4222", &["a:4222", "b:4222"]),
        ("redis+sentinel://:p@s1,s2:26380/mymaster/0", &["s1:26379", "s2:26380"]),
        ("cache:6379,password=hunter2,ssl=True,abortConnect=False", &["cache:6379"]),
        ("jdbc:postgresql://db/x?user=u&password=hunter2", &["db:5432"]),
        ("jdbc:mysql://db:3307/x", &["db:3307"]),
        ("jdbc:mysql:loadbalance://a,b/x", &["a:3306", "b:3306"]),
        ("jdbc:mariadb://db/x", &["db:3306"]),
        ("jdbc:sqlserver://h:1433;database=x;user=u;password=hunter2", &["h:1433"]),
        ("jdbc:sqlserver://h\\SQLEXPRESS;database=x", &["h:1433"]),
        ("jdbc:oracle:thin:@//h:1521/x", &["h:1521"]),
        ("jdbc:oracle:thin:u/hunter2@h:1522:SID", &["h:1522"]),
        ("postgresql+asyncpg://u:p@db/x", &["db:5432"]),
        ("mysql+pymysql://u:p@db/x", &["db:3306"]),
        ("host=db port=5433 dbname=x user=u password='a b\\'c'", &["db:5433"]),
        ("host=a,b port=1,2 dbname=x", &["a:1", "b:2"]),
        ("host = db password = hunter2", &["db:5432"]),
        ("u:p/w:x@y@tcp(db:3307)/x?tls=true", &["db:3307"]),
        ("tcp(db)/x", &["db:3306"]),
        ("u:p@tcp([2001:db8::1]:3306)/x", &["2001:db8::1:3306"]),
        ("Server=db,1434;Database=x;User Id=sa;Password=hunter2;Encrypt=True", &["db:1434"]),
        ("Server=tcp:db.example.test,1433;Initial Catalog=x;Password=\"a;b\"", &["db.example.test:1433"]),
        ("Data Source=db\\SQLEXPRESS;Initial Catalog=x", &["db:1433"]),
        ("Host=db;Port=5432;Database=x;Username=u;Password=hunter2", &["db:5432"]),
        ("Server=db;Port=3306;Database=x;Uid=u;Pwd=hunter2", &["db:3306"]),
        ("tls://nats:4222", &["nats:4222"]),
        ("ssl://mqtt:8883", &["mqtt:8883"]),
        ("PLAINTEXT://a:9092,b:9092", &["a:9092", "b:9092"]),
        ("redis://[::1]:6379/0", &["::1:6379"]),
        ("mongodb://[2001:db8::1]:27017,[2001:db8::2]/x", &["2001:db8::1:27017", "2001:db8::2:27017"]),
        ("postgres://db:5432,db:5432/x", &["db:5432"]),
    ] {
        let (found, first) = all(typed);
        assert_eq!(found, hosts, "{typed}");
        assert!(!format!("{first:?}").contains("hunter2"), "{first:?}");
    }
    let (_, first) = all("mongodb://u:p@a:1,b:2/x?replicaSet=r");
    assert_eq!(first.url.as_deref(), Some("mongodb://a:1/x?replicaSet=r"));
    assert_eq!(first.typed, "mongodb://a:1/x?replicaSet=r");
    assert_eq!(all("host=db dbname=x").1.typed, "postgres://db/x");
}

#[test]
fn tls_is_what_the_parameters_say() {
    use dprobe_probes::application::{ApplicationProtocol as P, Security as S, Verify as V};
    for (typed, protocol, security, verify) in [
        ("postgres://db/x", P::Postgres, S::Preferred, V::Nothing),
        ("postgres://db/x?sslmode=disable", P::Postgres, S::Plain, V::Nothing),
        ("postgres://db/x?sslmode=require", P::Postgres, S::Upgrade, V::Nothing),
        ("postgres://db/x?sslmode=verify-ca", P::Postgres, S::Upgrade, V::Chain),
        ("host=db sslmode=verify-full", P::Postgres, S::Upgrade, V::Full),
        ("postgres://db/x?sslmode=require&sslnegotiation=direct", P::Postgres, S::Tls, V::Nothing),
        ("jdbc:postgresql://db/x?ssl=true", P::Postgres, S::Upgrade, V::Full),
        ("Host=db;Username=u;SSL Mode=Require", P::Postgres, S::Upgrade, V::Nothing),
        ("mysql://db/x", P::Mysql, S::Preferred, V::Nothing),
        ("mysql://db/x?ssl-mode=REQUIRED", P::Mysql, S::Upgrade, V::Nothing),
        ("jdbc:mysql://db/x?sslMode=VERIFY_IDENTITY", P::Mysql, S::Upgrade, V::Full),
        ("jdbc:mysql://db/x?useSSL=false", P::Mysql, S::Plain, V::Nothing),
        ("u:p@tcp(db:3306)/x", P::Mysql, S::Plain, V::Nothing),
        ("u:p@tcp(db:3306)/x?tls=skip-verify", P::Mysql, S::Upgrade, V::Nothing),
        ("u:p@tcp(db:3306)/x?tls=true", P::Mysql, S::Upgrade, V::Full),
        ("mongodb://db/x", P::Mongodb, S::Plain, V::Full),
        ("mongodb://db/x?tls=true", P::Mongodb, S::Tls, V::Full),
        ("mongodb://db/x?ssl=true&tlsAllowInvalidCertificates=true", P::Mongodb, S::Tls, V::Nothing),
        ("mongodb+srv://cluster.example.test/x", P::Mongodb, S::Tls, V::Full),
        ("mongodb+srv://cluster.example.test/x?tls=false", P::Mongodb, S::Plain, V::Full),
        ("rediss://cache", P::Redis, S::Tls, V::Full),
        ("rediss://cache?ssl_cert_reqs=none", P::Redis, S::Tls, V::Nothing),
        ("cache:6380,ssl=True", P::Redis, S::Tls, V::Full),
        ("redis+sentinel://s1/m", P::Redis, S::Plain, V::Full),
        ("amqps://mq", P::Amqp, S::Tls, V::Full),
        ("amqps://mq?verify=verify_none", P::Amqp, S::Tls, V::Nothing),
        ("a:9092,b:9092", P::Kafka, S::Plain, V::Full),
        ("kafka+ssl://a", P::Kafka, S::Tls, V::Full),
        ("tls://bus:4222", P::Nats, S::Upgrade, V::Full),
        ("ssl://web:443", P::Tls, S::Tls, V::Full),
        ("smtp://mail:465", P::Smtp, S::Tls, V::Full),
        ("smtp+starttls://mail:587", P::Smtp, S::Upgrade, V::Full),
    ] {
        let application = all(typed).1.application.unwrap_or_else(|| panic!("{typed} says nothing"));
        assert_eq!(
            (application.protocol, application.security, application.verify),
            (protocol, security, verify),
            "{typed}"
        );
    }
    for typed in ["db:5432", "tcp://db:5432", "jdbc:oracle:thin:@//h:1521/x", "Server=db,1433;Database=x", "a:1,b:2"] {
        assert_eq!(all(typed).1.application, None, "{typed}");
    }
}

#[test]
fn a_login_is_a_user_and_a_database() {
    for (typed, user, database) in [
        ("postgres://app:hunter2@db/shop", Some("app"), Some("shop")),
        ("postgres://ap%40p:hunter2@db/shop?sslmode=require", Some("ap@p"), Some("shop")),
        ("jdbc:postgresql://db/shop?user=app&password=hunter2", Some("app"), Some("shop")),
        ("host=db dbname=shop user=app password=hunter2", Some("app"), Some("shop")),
        ("app:hunter2@tcp(db:3306)/shop", Some("app"), Some("shop")),
        ("mysql://app:hunter2@tcp(db:3306)/shop", Some("app"), Some("shop")),
        ("Host=db;Database=shop;Username=app;Password=hunter2", Some("app"), Some("shop")),
        ("mysql://db", None, None),
    ] {
        let login = all(typed).1.login;
        assert_eq!((login.user.as_deref(), login.database.as_deref()), (user, database), "{typed}");
    }
}

#[test]
fn what_is_wrong_with_a_connection_string_is_said_without_the_secret() {
    for (typed, words) in [
        (
            "postgres://app:hun@ter2@db:5432/x",
            "has a `@` in its password that is not escaped; write @ as %40: postgres://***%40***@db:5432/x",
        ),
        ("postgres://app:hun/ter2@db/x", "has a `/` in its password"),
        ("postgres://app:hun?ter2@db/x", "write ? as %3F"),
        ("postgres://app:hun#ter2@db/x", "write # as %23"),
        ("postgres://app:100%@db/x", "write % as %25"),
        ("mongodb://app:hun:ter2@db/x", "write : as %3A"),
        ("postgres://app:hun ter2@db/x", "write a blank as %20"),
        ("postgres://app:hunter2/x", "`postgres://app:***/x` has a port that is none, `***`"),
        ("postgres://app:hunter2@/x", "is a URL without a host; name the host: postgres://***@db/x"),
        ("postgres:///x", "is a URL without a host; name the host: postgres://db/x"),
        (
            "postgre://app:hunter2@db/x",
            "has a scheme that no driver knows, `postgre`; write postgres: postgres://***@db/x",
        ),
        ("htpp://web/", "write http: http://web/"),
        ("mongo://db", "write mongodb: mongodb://db"),
        ("reddis://cache", "write redis: redis://cache"),
        ("postgres:app:hunter2@db/x", "lacks the slashes of a URL; write :// after the scheme: postgres://***@db/x"),
        ("postgres:/db/x", "lacks the slashes of a URL"),
        ("redis//cache:6379", "redis://cache:6379"),
        ("jdbc:postgresql:db/x", "jdbc:postgresql://db/x"),
        ("http://web:/", "ends where its port should be"),
        ("redis://cache:6379a", "has a port that is none, `***`"),
        ("redis://cache:70000", "has a port that is none, `70000`"),
        ("host=db port=hunter2 dbname=x", "`host=… port=… dbname=…` has a port that is none, `***`"),
        ("Server=tcp:db,0;Password=hunter2", "has a port that is none, `0`"),
        ("postgres://my db/x", "has a blank in it"),
        ("postgres://app:hunter2@${DB_HOST}:5432/x", "still has `${DB_HOST}` in it"),
        ("postgres://app:${DB_PASSWORD}@db/x", "still has `${DB_PASSWORD}` in it"),
        ("postgres://app:$DB_PASSWORD@db/x", "still has `$DB_PASSWORD` in it"),
        ("postgres://app:<password>@db/x", "still has `<…>` in it"),
        ("redis://{{ redis_host }}:6379", "still has `{{…}}` in it"),
        ("\"postgres://app:hunter2@db/x\"", "`\"postgres://db/x\"` has \" around it"),
        ("'redis://cache:6379'", "leave the quotes out: redis://cache:6379"),
    ] {
        let error = targets(typed).expect_err(typed);
        assert!(matches!(error, WordError::Malformed(_)), "{typed}: {error:?}");
        let message = error.to_string();
        assert!(message.contains(words), "{typed}: {message}");
        assert!(!message.contains("hun") && !message.contains("ter2"), "{message}");
    }
    for typed in [
        "sqlite:///var/lib/x.db",
        "file:///etc/hosts",
        "host=/var/run/postgresql dbname=x",
        "u:p@unix(/run/x.sock)/y",
        "jdbc:sqlite:x.db",
    ] {
        assert!(matches!(targets(typed), Err(WordError::Local { .. })), "{typed}: {:?}", targets(typed));
    }
    for typed in ["redis:6379", "kafka:9092", "postgres:5432", "grpc://api:50051", "whatever://web", "etcd://etcd:2379"]
    {
        assert!(targets(typed).is_ok(), "{typed}: {:?}", targets(typed));
    }
}

#[test]
fn what_only_some_drivers_can_read_is_read_where_nobody_typed_it() {
    for (value, certain) in [
        ("postgres://app:hun@ter2@db:5432/x", false),
        ("mongodb://app:hun@ter2@db/x", true),
        ("postgresql+asyncpg://app:hun@ter2@db/x", true),
        ("postgres://app:hun/ter2@db/x", true),
        ("postgresql://app:hun/ter2@db/x", false),
        ("postgres://app:${DB_PASSWORD}@db/x", false),
        ("postgres://app:pw@${DB_HOST}/x", true),
    ] {
        match read(value) {
            Ok(words) => {
                assert!(!certain && words[0].malformed.is_some() && words[0].host == name("db"), "{value}: {words:?}");
            }
            Err(WordError::Malformed(malformed)) => assert!(certain && malformed.certain, "{value}"),
            Err(error) => panic!("{value}: {error}"),
        }
    }
    let Err(WordError::Malformed(malformed)) = read("postgres://app:hun/ter2@db/x") else { panic!("it is malformed") };
    assert_eq!(malformed.fault, Fault::Unescaped { characters: "/".to_owned(), dials: Some("app".to_owned()) });
    let malformed = read("postgres://app:hun@ter2@db/x").expect("some read it")[0].malformed.clone();
    let dials = Some("***@db".to_owned());
    assert_eq!(malformed.map(|it| it.fault), Some(Fault::Unescaped { characters: "@".to_owned(), dials }));
}

#[test]
fn what_is_wrong_with_a_target_is_said() {
    for (typed, words) in [
        ("", "TARGET is empty"),
        ("  ", "TARGET is empty"),
        ("web:", "ends where its port should be"),
        ("web:0", "`0` in `web:0` is not a port: ports are numbers from 1 to 65535; for example: web:8080"),
        ("web:65536", "`65536` in `web:65536` is not a port"),
        ("web:abc", "`abc` in `web:abc` is not a port"),
        ("web:+80", "is not a port"),
        ("web:-1", "is not a port"),
        (":80", "has a port and no host; for example: mongodb:80, or localhost:80"),
        (":", "ends where its port should be"),
        ("web:80/sctp", "`sctp` in `web:80/sctp` is not a protocol: write /tcp or /udp; for example: web:80/udp"),
        ("web:80/api/v1", "looks like a URL without its scheme; for example: http://web:80/api/v1"),
        ("http:web", "lacks the slashes of a URL; write :// after the scheme: http://web"),
        ("a/b/c", "project/service"),
        ("/web", "project/service"),
        ("web/", "project/service"),
        ("[::1", "brackets that do not enclose an IPv6 address"),
        ("[::1]80", "brackets that do not enclose an IPv6 address"),
        ("[web]:80", "brackets that do not enclose an IPv6 address"),
        ("[127.0.0.1]:80", "brackets that do not enclose an IPv6 address"),
        ("2001:db8::1:65536", "the address stands in brackets, for example: [2001:db8::1]:8080"),
        ("web:80:90", "has several colons"),
        ("[fe80::1%eth0]:80", "names an interface after `%`"),
        ("fe80::1%eth0", "names an interface after `%`"),
        ("10.0.0.300", "is not an IPv4 address"),
        ("10.0.0:80", "is not an IPv4 address"),
        ("10.0.0.0/24", "is a range of addresses; name one of them, for example: 10.0.0.0:80"),
        ("my web", "` ` in `my web` can not stand there"),
        ("web@db", "`@` in `***@db` can not stand there"),
        ("-", "names have letters"),
        ("a..b", "has a dot too many"),
        (".", "has a dot too many"),
        ("net:favorites-net", "only FROM can be one"),
        ("http://", "is a URL without a host; name the host: http://mongodb"),
        ("http:///path", "is a URL without a host"),
        ("http://user:hunter2@/x", "`http://***@/x` is a URL without a host"),
        ("http://:80/", "has a port and no host"),
        ("http://web:/", "ends where its port should be"),
        ("http://web:0/", "`http://web:0/` has a port that is none, `0`"),
        ("http://web:99999/", "has a port that is none, `99999`"),
        ("://web", "has no scheme before `://`"),
        ("1http://web", "has no scheme before `://`"),
        ("postgres:///x?host=/var/run/postgresql", "is a URL without a host"),
        ("postgresql://%2Fvar%2Frun/x", "`%` in"),
        ("postgres://u:hun/ter2@db/x", "write / as %2F"),
        ("http://u:hun/ter2@db/x", "write / as %2F"),
        ("we\u{200b}b", "`we\\u{200b}b` contains a control character, or one that is not seen"),
        ("http://web/\u{202e}x", "contains a control character"),
        ("we\x1b[31mb", "`we\\x1b[31mb` contains a control character"),
        ("web\n", ""),
        ("we\nb", "contains a control character"),
    ] {
        match target(typed) {
            Ok(word) => assert!(words.is_empty(), "{typed:?} is taken for {word:?}"),
            Err(error) => {
                let message = error.to_string();
                assert!(!words.is_empty() && message.contains(words), "{typed:?}: {message}");
                assert!(!message.contains("hunter2") && !message.contains("ter2"), "{message}");
                assert!(!message.chars().any(char::is_control), "{message:?}");
            }
        }
    }
    assert!(matches!(target(&"a".repeat(254)), Err(WordError::NameTooLong { length: 254, .. })));
    assert!(matches!(target(&"a".repeat(1 << 20)), Err(WordError::TooLong { .. })));
}

#[test]
fn what_is_wrong_with_a_source_is_said() {
    for (typed, words) in [
        ("", "FROM is empty"),
        ("net:", "names no network"),
        ("net:http://u:hunter2@web/", "`net:http://***@web/` is a URL"),
        ("jdbc:mysql:loadbalance://u:hunter2@db/", "`jdbc:mysql:loadbalance://***@db/` is a URL"),
        ("net://u:hunter2@db", "`net://***@db` is a URL"),
        ("u:hunter2@tcp(db:3306)/x://@y", "`***@y` is a URL"),
        ("web:80", "has a port, and FROM takes none"),
        ("http://u:hunter2@web/", "`http://***@web/` is a URL, and FROM is who connects"),
        ("172.18.0.2", "is an address, and FROM is who connects"),
        ("[::1]", "is an address, and FROM is who connects"),
        ("a/b/c", "project/service"),
        ("we\tb", "contains a control character"),
    ] {
        let message = source(typed).expect_err(typed).to_string();
        assert!(message.contains(words), "{typed:?}: {message}");
    }
}

proptest! {
    #[test]
    fn nothing_panics_and_messages_are_printable(text in ".{0,60}|[a-z0-9:/@\\[\\].%,?#-]{0,40}|[a-z]{1,9}://[ -~]{0,40}") {
        for message in [target(&text).map(|word| word.typed), source(&text).map(|word| word.typed)]
            .map(|result| result.unwrap_or_else(|error| error.to_string()))
        {
            prop_assert!(!message.chars().any(char::is_control), "{:?}", message);
        }
    }

    #[test]
    fn a_password_never_shows(
        scheme in "postgres|postgresql|mysql|mongodb|mongodb\\+srv|redis|amqp|kafka|nats|https?",
        password in "[!-~]{0,16}",
        rest in "[!-~]{0,12}",
    ) {
        let user = "user:s3cr3t";
        let text = format!("{scheme}://{user}{password}@db{rest}");
        let seen = format!("{:?} {:?}", target(&text), source(&text));
        prop_assert!(!seen.contains("s3cr3t"), "{}", seen);
        let messages = [target(&text).map(|_| ()), source(&text).map(|_| ())]
            .map(|result| result.map_or_else(|error| error.to_string(), |()| String::new()));
        prop_assert!(!messages.concat().contains("s3cr3t"), "{:?}", messages);
    }

    #[test]
    fn a_secret_does_not_survive_wherever_it_stands(
        form in 0usize..9,
        before in "[!-~]{0,6}",
        after in "[!-~]{0,6}",
    ) {
        let secret = format!("{before}s3cr3t{after}");
        // Numbers in front of what ends a host can not be told from a port.
        let number = before.trim_start_matches(|c: char| c.is_ascii_digit() || c == ',');
        prop_assume!(number == before || !number.starts_with(['/', '?', '#']));
        let quoted = secret.replace(['\'', '\\'], "x");
        let text = match form {
            0 => format!("postgres://app:{secret}@db:5432/shop"),
            1 => format!("mongodb://app:{secret}@a:1,b:2/x?replicaSet=r"),
            2 => format!("redis://:{secret}@cache:6379/0"),
            3 => format!("jdbc:mysql://db/x?user=app&password={secret}"),
            4 => format!("host=db user=app password='{quoted}' dbname=shop"),
            5 => format!("app:{secret}@tcp(db:3306)/shop"),
            6 => format!("Server=db,1433;Database=x;Password={secret};Encrypt=true"),
            7 => format!("amqps://app:{secret}@mq/vhost"),
            _ => format!("cache:6379,ssl=true,password={secret}"),
        };
        for seen in [format!("{:?}", targets(&text)), format!("{:?}", read(&text)), format!("{:?}", target(&format!("\"{text}\"")))] {
            prop_assert!(!seen.contains("s3cr3t"), "{}: {}", text, seen);
        }
        if let Err(error) = targets(&text) {
            prop_assert!(!error.to_string().contains("s3cr3t"), "{}: {}", text, error);
        }
    }

    #[test]
    fn a_name_and_a_port_come_back(host in "[a-z][a-z0-9_-]{0,20}", port in 1u16..) {
        prop_assume!(!["host", "gateway", "internet", "net"].contains(&host.as_str()));
        let word = target(&format!("{host}:{port}")).expect("a name and a port");
        prop_assert_eq!(word.host, HostWord::Name(host));
        prop_assert_eq!(word.port, Some(PortWord { port, typed: true }));
    }
}
