//! Real servers: each starts with its configuration, is reached at its port, answers its clients as it is told to, and goes
//! with its stack. The clients are those of the image, in a container beside the server.

use std::net::TcpStream;

use dprobe_tests::servers::certificates::Claims;
use dprobe_tests::servers::{
    Access, Authority, Caddy, Client, Haproxy, Mariadb, Memcached, Microsocks, Mosquitto, Nats, Nginx, Openssl, Pair,
    Postgres, RabbitMq, Redis, Server, Smtp, Tinyproxy, image,
};

use dprobe_tests::{Container, Network, Stack, check, docker, until};

/// `./dev` runs it before the others, so that one sees what is waited for, or why there is none.
#[test]
fn the_image_is_made() {
    let _ = image::name();
}

/// A server that is called `server` on its network, and a container beside it that has the clients of the image.
struct Bench {
    stack: Stack,
    net: Network,
    web: Container,
}

impl Bench {
    /// None where there is no image with servers.
    fn new() -> Option<Self> {
        let stack = Stack::with_servers()?;
        let net = stack.network("backend");
        let web = stack.server("web", &Client).on(&net).start();
        Some(Self { stack, net, web })
    }

    /// Puts a server on the network, under this name.
    fn start(&self, name: &str, server: &impl Server) -> Container {
        self.stack.server(name, server).on(&self.net).alias(name).start()
    }

    /// Asserts that a shell line in the container beside the servers prints something, on stdout or stderr.
    fn prints(&self, line: &str, what: &str) {
        let done = self.web.exec(&["timeout", "20", "sh", "-c", line]);
        let said = done.stdout + &done.stderr;
        assert!(said.contains(what), "`{line}` does not print `{what}`:\n{said}");
    }

    /// Asserts the same of what a web server says to `GET /`: its status, and the body.
    fn gets(&self, authority: &str, what: &str) {
        self.prints(&get(authority), what);
    }

    /// Asserts the same of what is left of a TLS handshake with this, as `openssl s_client` tells it.
    fn shakes_hands(&self, with: &str, what: &str) {
        self.prints(&format!("openssl s_client -connect {with} </dev/null"), what);
    }

    /// Asserts that bytes sent to a server, written as for `printf`, are answered by bytes that begin like this, in
    /// hexadecimal.
    fn answers(&self, port: u16, sent: &str, what: &str) {
        let python = "import socket,sys;s=socket.create_connection(('server',int(sys.argv[1])),10);\
                      s.sendall(sys.stdin.buffer.read());print('<'+s.recv(400).hex())";
        self.prints(&format!("printf '{sent}' | python3 -c \"{python}\" {port}"), &format!("<{what}"));
    }
}

/// A shell line that asks a web server for `/`.
fn get(authority: &str) -> String {
    format!(
        "python3 -c \"import http.client as h;c=h.HTTPConnection('{authority}');c.request('GET','/');r=c.getresponse();\
         print('status',r.status,r.read())\""
    )
}

/// A server is reached at its port, and nothing of it stays behind.
fn reached(server: &impl Server, port: u16, look: impl FnOnce(&Bench, &Container)) {
    let Some(bench) = Bench::new() else { return };
    let made = bench.start("server", server);
    check([bench.web.name(), &format!("server:{port}")]).healthy();
    look(&bench, &made);
    drop(bench);
    assert!(docker::inspect(made.name()).is_none(), "{made} stays behind");
}

/// A certificate for the name of the server.
fn pair() -> Pair {
    Claims::of(["server"]).self_signed()
}

#[test]
fn nginx_with_a_page_and_its_log() {
    reached(&Nginx::default(), 80, |bench, server| {
        bench.gets("server", "Welcome to nginx");
        server.wait_for_log("\"GET / HTTP/1.1\" 200");
    });
}

#[test]
fn nginx_in_front_of_others() {
    let Some(bench) = Bench::new() else { return };
    let upstream = bench.stack.container("api").on(&bench.net).alias("api").runs(["node", "tcp:0.0.0.0:8080,http=200"]);
    let upstream = upstream.start();
    let config = "proxy_read_timeout 1s;\nproxy_connect_timeout 1s;\nserver { listen 80; location / { proxy_pass http://api:8080/; } }\n";
    let proxy = bench.start("server", &Nginx::with(config));
    bench.gets("server", "status 200");
    upstream.recreate(["node", "tcp:0.0.0.0:8080,hang"]);
    proxy.docker("restart");
    until("nginx to be back", std::time::Duration::from_secs(20), || {
        bench.web.exec(&["sh", "-c", &get("server")]).stdout.contains("status 504").then_some(())
    });
    upstream.docker("stop");
    bench.gets("server", "status 50");

    let lost = "server { listen 80; location / { proxy_pass http://nobody.test:8080/; } }\n";
    let lost = bench.stack.server("lost", &Nginx::with(lost)).on(&bench.net).unready().start();
    lost.wait_for_status("exited");
    lost.wait_for_log("host not found in upstream");
}

#[test]
fn nginx_over_tls() {
    let Some(bench) = Bench::new() else { return };
    let authority = Authority::new("Acme Root");
    let issuer = authority.intermediate("Acme Servers");
    let claims = Claims::of(["server"]);
    let start = |name: &str, pair| bench.start(name, &Nginx::secure(&pair));
    start("server", issuer.issues(&claims).with(issuer.pem()));
    start("self", Claims::of(["self"]).self_signed());
    start("expired", authority.issues(&claims.clone().expired()));
    start("early", authority.issues(&claims.clone().not_yet_valid()));
    start("huge", authority.issues(&claims.padded(1_000_000)));
    bench.web.put("/etc/ssl/certs/acme.pem", authority.pem());

    check([bench.web.name(), "server:443"]).healthy();
    let with_authority = |name: &str| format!("{name}:443 -CAfile /etc/ssl/certs/acme.pem");
    bench.shakes_hands("server:443", "unable to get local issuer certificate");
    bench.shakes_hands(&with_authority("server"), "Verify return code: 0 (ok)");
    bench.shakes_hands(&(with_authority("server") + " -verify_hostname other"), "hostname mismatch");
    bench.shakes_hands("self:443", "self-signed certificate");
    bench.shakes_hands(&with_authority("expired"), "certificate has expired");
    bench.shakes_hands(&with_authority("early"), "certificate is not yet valid");
    bench.shakes_hands("huge:443", "excessive message size");
    bench.prints("printf 'GET / HTTP/1.0\\r\\n\\r\\n' | openssl s_client -quiet -connect server:443", "200 OK");
    bench.gets("server:443", "The plain HTTP request was sent to HTTPS port");
}

#[test]
fn openssl_that_refuses() {
    let pair = pair();
    reached(&Openssl { pair: &pair, options: &["-tls1_2"] }, 443, |bench, _| {
        bench.shakes_hands("server:443", "Protocol  : TLSv1.2");
        bench.shakes_hands("server:443 -tls1_3", "alert protocol version");
        let strict = Openssl { pair: &pair, options: &["-tls1_2", "-Verify", "1", "-verify_return_error"] };
        bench.start("strict", &strict);
        bench.shakes_hands("strict:443", "handshake failure");
    });
}

#[test]
fn haproxy_and_caddy() {
    let Some(bench) = Bench::new() else { return };
    let front = "frontend front\n    bind :8080\n    default_backend back\nbackend back\n    server one 127.0.0.1:9\n";
    bench.start("haproxy", &Haproxy { config: front, port: 8080 });
    bench.start("caddy", &Caddy { config: ":8080 {\n    reverse_proxy 127.0.0.1:9\n}\n", port: 8080 });
    for (name, status) in [("haproxy", 503), ("caddy", 502)] {
        check([bench.web.name(), &format!("{name}:8080")]).healthy();
        bench.gets(&format!("{name}:8080"), &format!("status {status}"));
    }
}

#[test]
fn redis() {
    reached(&Redis::default(), 6379, |bench, _| bench.prints("redis-cli -h server ping", "PONG"));
}

#[test]
fn redis_that_refuses() {
    let Some(bench) = Bench::new() else { return };
    bench.start("protected", &Redis { protected: true, ..Redis::default() });
    bench.start("locked", &Redis { password: Some("apple"), ..Redis::default() });
    bench.start("loopback", &Redis { bind: "127.0.0.1", ..Redis::default() });
    bench.prints("redis-cli -h protected ping", "DENIED Redis is running in protected mode");
    bench.prints("redis-cli -h locked ping", "NOAUTH");
    bench.prints("redis-cli -h loopback ping", "Connection refused");
    check([bench.web.name(), "loopback:6379"]).unreachable("bind-loopback");

    let full = bench.start("full", &Redis { max_clients: 1, ..Redis::default() });
    // The host is on the bridge as well.
    let one = TcpStream::connect((full.ip(bench.net.name()), 6379)).expect("a connection");
    bench.prints("redis-cli -h full ping", "max number of clients");
    drop(one);
}

#[test]
fn redis_over_tls() {
    let pair = pair();
    reached(&Redis { tls: Some(&pair), ..Redis::default() }, 6379, |bench, _| {
        bench.prints("redis-cli -h server --tls --insecure ping", "PONG");
    });
}

#[test]
fn postgres() {
    reached(&Postgres::default(), 5432, |bench, _| {
        bench.prints("psql -h server -U postgres -w", "fe_sendauth: no password supplied");
        bench.prints("psql 'host=server user=postgres sslmode=require'", "server does not support SSL");
    });
}

#[test]
fn postgres_that_refuses() {
    let Some(bench) = Bench::new() else { return };
    bench.start(
        "picky",
        &Postgres { hba: "local all all trust\nhost all all 192.0.2.0/24 trust\n", ..Postgres::default() },
    );
    bench.prints("psql -h picky -U postgres", "no pg_hba.conf entry for host");
    bench.start("loopback", &Postgres { listen: "localhost", ..Postgres::default() });
    check([bench.web.name(), "loopback:5432"]).unreachable("bind-loopback");

    let small =
        Postgres { max_connections: 2, hba: "local all all trust\nhost all all all trust\n", ..Postgres::default() };
    let full = bench.start("full", &small);
    bench.prints("psql -h full -U postgres -c 'select 40 + 2'", "42");
    small.exhaust(&full);
    bench.prints("psql -h full -U postgres -c 'select 1'", "too many clients already");
}

#[test]
fn postgres_over_tls() {
    let pair = pair();
    reached(&Postgres { ssl: Some(&pair), ..Postgres::default() }, 5432, |bench, _| {
        bench.shakes_hands("server:5432 -starttls postgres", "self-signed certificate");
    });
}

#[test]
fn mariadb() {
    reached(&Mariadb::default(), 3306, |bench, _| {
        bench.prints("mariadb -h server -u app -e 'select 40 + 2'", "42");
        bench.prints("mariadb -h server -u app -Ne \"show variables like 'have_ssl'\"", "DISABLED");
    });
}

#[test]
fn mariadb_that_refuses() {
    let Some(bench) = Bench::new() else { return };
    bench.start("nobody", &Mariadb { access: Access::Nobody, ..Mariadb::default() });
    bench.prints("mariadb -h nobody -u app -e 'select 1'", "1130");
    bench.start("elsewhere", &Mariadb { access: Access::From("192.0.2.%"), ..Mariadb::default() });
    bench.prints("mariadb -h elsewhere -u app -e 'select 1'", "is not allowed to connect to this MariaDB server");

    let small = Mariadb { max_connections: 10, ..Mariadb::default() };
    let full = bench.start("full", &small);
    small.exhaust(&full);
    bench.prints("mariadb -h full -u app -e 'select 1'", "Too many connections");
}

#[test]
fn mariadb_over_tls() {
    let pair = pair();
    reached(&Mariadb { tls: Some(&pair), ..Mariadb::default() }, 3306, |bench, _| {
        bench.shakes_hands("server:3306 -starttls mysql", "self-signed certificate");
    });
}

/// A CONNECT packet of MQTT 3.1.1 with an empty client id.
const MQTT_CONNECT: &str = "\\020\\014\\000\\004MQTT\\004\\002\\000\\074\\000\\000";

#[test]
fn mosquitto() {
    reached(&Mosquitto::default(), 1883, |bench, _| bench.answers(1883, MQTT_CONNECT, "20020000"));
}

#[test]
fn mosquitto_that_refuses() {
    reached(&Mosquitto { anonymous: false, ..Mosquitto::default() }, 1883, |bench, _| {
        bench.answers(1883, MQTT_CONNECT, "20020005");
        bench.start("local", &Mosquitto { listener: false, ..Mosquitto::default() });
        check([bench.web.name(), "local:1883"]).unreachable("bind-loopback");
    });
}

#[test]
fn mosquitto_over_tls() {
    let pair = pair();
    reached(&Mosquitto { tls: Some(&pair), ..Mosquitto::default() }, 1883, |bench, _| {
        bench.shakes_hands("server:1883", "self-signed certificate");
    });
}

#[test]
fn nats() {
    reached(&Nats::default(), 4222, |bench, _| bench.answers(4222, "", "494e464f20"));
    let pair = pair();
    reached(&Nats { tls: Some(&pair), token: Some("apple"), ..Nats::default() }, 4222, |bench, _| {
        bench.prints(
            "python3 -c \"import socket;print(socket.create_connection(('server',4222)).recv(999))\"",
            "\"tls_required\":true",
        );
    });
}

#[test]
fn rabbitmq() {
    let pair = pair();
    reached(&RabbitMq { tls: Some(&pair) }, 5672, |bench, _| {
        // Connection.Start, on channel 0.
        bench.answers(5672, "AMQP\\000\\000\\011\\001", "010000");
        bench.shakes_hands("server:5671", "self-signed certificate");
    });
}

#[test]
fn memcached() {
    reached(&Memcached::default(), 11211, |bench, _| bench.answers(11211, "version\\r\\n", "56455253494f4e20"));
}

#[test]
fn smtp() {
    reached(&Smtp::default(), 25, |bench, _| bench.answers(25, "", "32323020"));
    let pair = pair();
    reached(&Smtp { starttls: Some(&pair), required: true }, 25, |bench, _| {
        bench.shakes_hands("server:25 -starttls smtp", "self-signed certificate");
    });
}

#[test]
fn tinyproxy() {
    let url = |options: &str| {
        format!(
            "python3 -c \"import urllib.request as r;o=r.build_opener(r.ProxyHandler({{'http':'http://{options}server:8888'}}));\
             print(o.open('http://page/').read())\""
        )
    };
    let Some(bench) = Bench::new() else { return };
    bench.start("page", &Nginx::default());
    let proxy = bench.start("server", &Tinyproxy::default());
    check([bench.web.name(), "server:8888"]).healthy();
    bench.prints(&url(""), "Welcome to nginx");
    proxy.remove();
    bench.start("server", &Tinyproxy { auth: Some(("app", "apple")), ..Tinyproxy::default() });
    bench.prints(&url(""), "407");
    bench.prints(&url("app:apple@"), "Welcome to nginx");
}

#[test]
fn microsocks() {
    // No authentication, and that answer (RFC 1928).
    reached(&Microsocks::default(), 1080, |bench, _| bench.answers(1080, "\\005\\001\\000", "0500"));
    let auth = Some(("app", "apple"));
    reached(&Microsocks { auth }, 1080, |bench, _| bench.answers(1080, "\\005\\001\\000", "05ff"));
}

#[test]
fn servers_of_a_compose_project() {
    let Some(stack) = Stack::with_servers() else { return };
    let file = "
version: '3.7'
x-servers: &servers @servers
services:
  front:
    <<: *servers
    command: [nginx, -g, 'daemon off;']
    volumes: ['./default.conf:/etc/nginx/conf.d/default.conf:ro']
    networks: [inner]
  postgres_db:
    <<: *servers
    command: [postgres]
    user: postgres
    networks: [inner]
  mariadb:
    <<: *servers
    command: [mariadbd]
    user: mysql
    networks: [inner]
networks:
  inner: @subnet
";
    let config = "server { listen 8080; location / { return 204; } }\n";
    let shop = stack.compose_with("shop", file, &[("default.conf", config)]);
    for (service, said) in [("postgres_db", "ready to accept connections"), ("mariadb", "ready for connections")] {
        shop.wait_for_log(service, said);
    }
    let front = shop.service("front");
    check([&front, "postgres_db:5432"]).healthy();
    // As Debian makes it, it has users of its own host alone.
    check([&front, "mysql://mariadb/shop"]).unreachable("db-host-denied");
    check([&shop.service("mariadb"), "front:8080"]).healthy();
}
