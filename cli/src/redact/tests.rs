use proptest::prelude::*;

use super::*;

fn list(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn passwords_in_argument_lists_are_masked() {
    for (given, clean) in [
        (&["redis-server", "--requirepass", "hunter2"][..], &["redis-server", "--requirepass", "***"][..]),
        (&["/usr/bin/mysqld", "-phunter2", "-P3306"], &["/usr/bin/mysqld", "-p***", "-P3306"]),
        (&["mysql", "--password=hunter2"], &["mysql", "--password=***"]),
        (&["redis-cli", "-a", "hunter2", "ping"], &["redis-cli", "-a", "***", "ping"]),
        (&["curl", "-u", "me:hunter2", "http://web/"], &["curl", "-u", "***", "http://web/"]),
        (
            &["timeout", "5", "redis-cli", "-h", "mysql", "-a", "hunter2"],
            &["timeout", "5", "redis-cli", "-h", "mysql", "-a", "***"],
        ),
        (
            &["/usr/bin/mosquitto_sub", "-P", "hunter2", "-p", "1883"],
            &["/usr/bin/mosquitto_sub", "-P", "***", "-p", "1883"],
        ),
        (&["microsocks", "-p", "1080", "-P", "hunter2"], &["microsocks", "-p", "1080", "-P", "***"]),
        (&["env", "DB_PASSWORD=hunter2", "node", "app.js"], &["env", "DB_PASSWORD=***", "node", "app.js"]),
        (&["app", "--dsn", "postgres://me:hunter2@db/x"], &["app", "--dsn", "postgres://me:***@db/x"]),
        (&["sh", "-c", "exec app --token hunter2 --port 80"], &["sh", "-c", "exec app --token *** --port 80"]),
        (&["app", "-H", "Authorization: Bearer hunter2"], &["app", "-H", "Authorization: ***"]),
        (&["vault", "server", "-dev-root-token-id=hunter2"], &["vault", "server", "-dev-root-token-id=***"]),
    ] {
        assert_eq!(arguments(&list(given)), list(clean));
    }
}

#[test]
fn what_is_no_secret_stays() {
    for words in [
        &["mongod", "--bind_ip", "127.0.0.1", "--port", "27017"][..],
        &["postgres", "-c", "listen_addresses=*", "-p", "5432"],
        &["node", "server.js", "--password-file", "/run/secrets/db"],
        &["nginx", "-g", "daemon off;"],
        &["http-server", "-a", "127.0.0.1", "-p", "8080"],
        &["mysqld", "-P", "3307", "--bind-address=127.0.0.1"],
        &["python", "-m", "http.server", "-b", "0.0.0.0"],
    ] {
        assert_eq!(arguments(&list(words)), list(words));
    }
    for text in [
        "Access denied for user 'root'@'172.18.0.3' (using password: YES)",
        "FATAL: password authentication failed for user \"app\"",
        "listening on http://0.0.0.0:3000/@vite/client",
        "POSTGRES_PASSWORD_FILE=/run/secrets/db",
        "basic setup is done",
        "at [::1]:8080 // comment",
    ] {
        assert_eq!(line(text), text);
    }
}

#[test]
fn secrets_in_log_lines_are_masked() {
    for (given, clean) in [
        ("connecting to mongodb://root:hunter2@db:27017/x ...", "connecting to mongodb://root:***@db:27017/x ..."),
        ("url=\"amqp://a:p@ss/w@mq:5672\" ok", "url=\"amqp://a:***@mq:5672\" ok"),
        ("https://ghp_hunter2@example.test/x", "https://***@example.test/x"),
        ("GET /x?token=hunter2&page=2", "GET /x?token=***&page=2"),
        ("{\"user\":\"me\",\"password\":\"hun ter2\",\"n\":1}", "{\"user\":\"me\",\"password\":***,\"n\":1}"),
        ("password: hunter2, retrying", "password: ***, retrying"),
        ("Authorization: Basic aHVudGVyMg==", "Authorization: ***"),
        ("sent bearer hunter2 to api", "sent bearer *** to api"),
        ("mysql -u root -phunter2 shop", "mysql -u root -p*** shop"),
        ("dial DSN=app:hun@ter2@tcp(db:3306)/shop: refused", "dial DSN=app:***@tcp(db:3306)/shop: refused"),
        ("token: mysql -u root -phunter2", "token: *** -u root -p***"),
        ("TOKEN= --password hunter2 next", "TOKEN= *** *** next"),
        ("token:  password: hunter2 next", "token:  *** *** next"),
        ("mysqladmin -uroot -phunter2 ping", "mysqladmin -uroot -p*** ping"),
        ("SECRET_KEY_BASE='hunter2'", "SECRET_KEY_BASE=***"),
        (r#"{"password":"hun\"ter2","n":1}"#, r#"{"password":***,"n":1}"#),
        (r#"{"msg":"{\"password\":\"hunter2\",\"n\":1}"}"#, r#"{"msg":"{\"password\":***,\"n\":1}"}"#),
        (r#"{"password":"hunter2\\","n":1}"#, r#"{"password":***,"n":1}"#),
        (r#"{"password":"hunter2 "token": "hunter2"}"#, r#"{"password":***token": ***}"#),
        (r#"auth: "password": "hunter2", n"#, "auth: ***, n"),
        (r#"{"tokens":["hunter2","ter2"],"n":1}"#, r#"{"tokens":***,"n":1}"#),
        ("PASSWORD='hun'ter2\"x\" next", "PASSWORD=*** next"),
    ] {
        assert_eq!(line(given), clean);
    }
}

#[test]
fn urls_lose_passwords_and_secret_parameters() {
    assert_eq!(url("postgres://u:p@ss@db:5432/x?sslmode=off"), "postgres://u:***@db:5432/x?sslmode=off");
    assert_eq!(url("redis://:hunter2@cache"), "redis://:***@cache");
    assert_eq!(url("http://web/?api_key=hunter2#top"), "http://web/?api_key=***#top");
    assert_eq!(
        url("jdbc:sqlserver://db:1433;user=sa;password=hunter2"),
        "jdbc:sqlserver://db:1433;user=sa;password=***"
    );
    assert_eq!(url("not a url"), "not a url");
}

#[test]
fn a_line_of_any_length_takes_no_time() {
    for unit in ["a://b@", "token=", "user:x@tcp(", "token: \"", "-p ", "pw=***x ", "\\\"pw\\\":", "[pw=", "é"] {
        let long = unit.repeat(7_500 / unit.len());
        let clean = line(&format!("mysql -psecret start {long} postgres://app:hunter2@db/x"));
        assert!(clean.len() <= 10_000 && !clean.contains("hunter2"), "{unit}: {}", clean.len());
        assert!(!line(&format!("{}postgres://app:hunter2@db/x", "x ".repeat(4_085))).contains("hun"), "cut in two");
    }
}

proptest! {
    #[test]
    fn a_password_in_a_url_never_survives(
        scheme in "postgres|mongodb|redis|amqp|mysql|nats",
        password in "[!-~&&[^\"<>`]]{0,12}",
        before in "[a-z ]{0,10}",
    ) {
        let text = format!("{before} {scheme}://user:s3cr3t{password}@db:5432/x end");
        prop_assert!(!line(&text).contains("s3cr3t"), "{}", line(&text));
        let clean = url(&format!("{scheme}://user:s3cr3t{password}@db/x"));
        prop_assert!(!clean.contains("s3cr3t"), "{}", clean);
        prop_assert!(!arguments(&[text]).concat().contains("s3cr3t"));
    }

    #[test]
    fn nothing_panics_and_a_clean_text_stays_clean(text in "\\PC{0,80}|[-a-z=:@/'\" ]{0,60}") {
        let once = line(&text);
        prop_assert_eq!(line(&once), once.clone());
        prop_assert_eq!(arguments(std::slice::from_ref(&text)).len(), 1);
        let _ = url(&text);
        let _ = query(&text);
    }

    #[test]
    fn words_without_a_name_for_a_secret_stay(text in "([b-o]{1,8}[ /,.]){0,8}") {
        prop_assert_eq!(line(&text), text);
    }
}
