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
        ("postgres://u:p@ss@w@db/x", "postgres://db/x", "db"),
        ("redis://:hunter2@cache:6379/0", "redis://cache:6379/0", "cache"),
        ("https://token@api.example.test/", "https://api.example.test/", "api.example.test"),
        ("http://web:3000/@vite/client", "http://web:3000/@vite/client", "web"),
        ("http://web/?token=hunter2&x=1", "http://web/?token=***&x=1", "web"),
        ("mongodb://u:p@a:1,b:2,c/x?replicaSet=r", "mongodb://a:1/x?replicaSet=r", "a"),
        ("nats://u:p@a:4222,nats://u:p@b:4222", "nats://a:4222", "a"),
    ] {
        let word = target(given).unwrap_or_else(|error| panic!("{given}: {error}"));
        assert_eq!((word.url.as_deref(), word.host), (Some(url), name(host)), "{given}");
    }
    let word = target("mongodb://u:p@a:1,b:2,c/x").expect("a URL");
    assert_eq!((word.typed.as_str(), word.further_hosts), ("mongodb://a:1,b:2,c/x", 2));
    assert_eq!(target("nats://a:4222,nats://b:4222").expect("a URL").further_hosts, 1);
    assert_eq!(target("http://web/").expect("a URL").further_hosts, 0);
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
        ("http:web", "lacks the slashes of a URL; for example: http://web"),
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
        ("http://", "is a URL without a host; for example: http://mongodb/"),
        ("http:///path", "is a URL without a host"),
        ("http://user:hunter2@/x", "`http://***@/x` is a URL without a host"),
        ("http://:80/", "has a port and no host"),
        ("http://web:/", "ends where its port should be"),
        ("http://web:0/", "`0` in `http://web:0/` is not a port"),
        ("http://web:99999/", "is not a port"),
        ("://web", "has no scheme before `://`"),
        ("1http://web", "has no scheme before `://`"),
        ("postgres:///x?host=/var/run/postgresql", "is a URL without a host"),
        ("postgresql://%2Fvar%2Frun/x", "`%` in"),
        ("postgres://u:hun/ter2@db/x", "if the password contains `/`"),
        ("http://u:hun/ter2@db/x", "if the password contains `/`"),
        ("we\u{200b}b", "`\\u{200b}` in `we\\u{200b}b` can not stand there"),
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
    fn a_name_and_a_port_come_back(host in "[a-z][a-z0-9_-]{0,20}", port in 1u16..) {
        prop_assume!(!["host", "gateway", "internet", "net"].contains(&host.as_str()));
        let word = target(&format!("{host}:{port}")).expect("a name and a port");
        prop_assert_eq!(word.host, HostWord::Name(host));
        prop_assert_eq!(word.port, Some(PortWord { port, typed: true }));
    }
}
