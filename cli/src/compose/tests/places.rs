//! One form of YAML at a time.

use super::*;
use crate::compose::edit_one_of;

#[test]
fn a_service_without_networks_stays_on_default() {
    let text = web("ports: ['80:80']");
    assert_eq!(
        diff(&text, &join("data_inner", Declared::External)).as_deref(),
        Some(
            "@@ -4,0 +5,3 @@\n+    networks:\n+      - default\n+      - data_inner\n@@ -6,0 +10,3 @@\n+networks:\n+  \
             data_inner:\n+    external: true\n"
        )
    );
}

#[test]
fn a_network_is_added_to_lists_and_mappings_as_they_are_written() {
    let text = web("networks:\n  - inner   # ours") + "networks:\n  inner: {}\n";
    assert_eq!(
        diff(&text, &join("x", Declared::External)).as_deref(),
        Some("@@ -5,0 +6 @@\n+      - x\n@@ -9,0 +11,2 @@\n+  x:\n+    external: true\n")
    );
    let text = web("networks: [inner]  # ours") + "networks: { inner: {} }\n";
    assert_eq!(
        diff(&text, &join("inner2", Declared::Already)).as_deref(),
        Some("@@ -4 +4 @@\n-    networks: [inner]  # ours\n+    networks: [inner, inner2]  # ours\n")
    );
    let text = web("networks:\n  inner:\n    aliases:\n      - one") + "networks:\n  inner:\n    driver: bridge";
    // The last line is not closed, so it would be part of a change behind it.
    assert_eq!(
        diff(&text, &join("x", Declared::New)).as_deref(),
        Some("@@ -7,0 +8 @@\n+      x: {}\n@@ -10,0 +12 @@\n+  x: {}\n")
    );
}

#[test]
fn a_network_that_the_file_declares_otherwise_is_left_alone() {
    let text = web("networks: [inner]") + "networks:\n  inner: {}\n  x: {}\n";
    assert_eq!(edit(&text, &join("x", Declared::External)), None);
    let text = text.replace("x: {}", "x: { external: true }");
    assert!(edit(&text, &join("x", Declared::External)).is_some());
    assert_eq!(edit(&text, &join("inner", Declared::Already)), None, "it is on it already");
}

#[test]
fn network_mode_gives_way_to_networks() {
    let leave = |network: Option<&str>| {
        let network = network.map(|name| ComposeNetwork { name: name.to_owned(), declared: Declared::Already });
        of_web(ComposeChange::LeaveNetworkMode { mode: "none".to_owned(), network })
    };
    let text = web("network_mode: none");
    assert_eq!(
        diff(&text, &leave(Some("back"))).as_deref(),
        Some("@@ -4 +4 @@\n-    network_mode: none\n+    networks: [back]\n")
    );
    assert_eq!(
        diff(&web("network_mode: 'none'"), &leave(None)).as_deref(),
        Some("@@ -4 +4 @@\n-    network_mode: 'none'\n+    networks: [default]\n")
    );
    assert_eq!(edit(&web("network_mode: host"), &leave(None)), None);
    assert_eq!(edit(&text, &join("back", Declared::Already)), None, "the two exclude each other");
}

#[test]
fn a_command_is_replaced_where_it_stands() {
    let change = command(&["mongod", "--port", "27018", "--bind_ip_all"]);
    let cases = [
        ("", "@@ -3,0 +4 @@\n+    command: [\"mongod\", \"--port\", \"27018\", \"--bind_ip_all\"]\n"),
        (
            "command: mongod --bind_ip 127.0.0.1 --port 27018",
            "@@ -4 +4 @@\n-    command: mongod --bind_ip 127.0.0.1 --port 27018\n+    command: [\"mongod\", \"--port\", \
             \"27018\", \"--bind_ip_all\"]\n",
        ),
        (
            "command: [mongod, --bind_ip, 127.0.0.1, --port, '27018'] # local",
            "@@ -4 +4 @@\n-    command: [mongod, --bind_ip, 127.0.0.1, --port, '27018'] # local\n+    command: [mongod, \
             --port, '27018', \"--bind_ip_all\"] # local\n",
        ),
        (
            "command:\n  - mongod\n  - --port\n  - '27018'\n  - --bind_ip\n  - 127.0.0.1\nrestart: always",
            "@@ -8,2 +8 @@\n-      - --bind_ip\n-      - 127.0.0.1\n+      - \"--bind_ip_all\"\n",
        ),
    ];
    for (lines, wanted) in cases {
        assert_eq!(diff(&web(lines), &change).as_deref(), Some(wanted), "{lines}");
    }
    for lines in ["entrypoint: [tini]", "command: mongod --port ${PORT}", "<<: *x"] {
        assert_eq!(edit(&web(lines), &change), None, "{lines}");
    }
    assert_eq!(edit(&web(""), &command(&["redis-server", "--requirepass", "***"])), None, "a mask is no password");
    let change = command(&["sh", "-c", "echo $HOME"]);
    assert!(
        edit(&web(""), &change).expect("an edit").text.contains("\"echo $$HOME\""),
        "compose knows no such variable"
    );
}

#[test]
fn ports_are_added_and_replaced() {
    let change = publish(8080, 80);
    let cases = [
        ("", "@@ -3,0 +4,2 @@\n+    ports:\n+      - \"8080:80\"\n"),
        ("ports:\n- '443:443'", "@@ -5,0 +6 @@\n+    - \"8080:80\"\n"),
        ("ports: []", "@@ -4 +4 @@\n-    ports: []\n+    ports: [\"8080:80\"]\n"),
        ("ports:\n  - target: 443\n    published: 443", "@@ -6,0 +7 @@\n+      - \"8080:80\"\n"),
    ];
    for (lines, wanted) in cases {
        assert_eq!(diff(&web(lines), &change).as_deref(), Some(wanted), "{lines}");
    }
    let change = republish("127.0.0.1:8080:80", "8080:80");
    assert_eq!(
        diff(&web("ports:\n  - '127.0.0.1:8080:80'\n  - 443:443"), &change).as_deref(),
        Some("@@ -5 +5 @@\n-      - '127.0.0.1:8080:80'\n+      - '8080:80'\n")
    );
    for lines in ["ports: ['${IP}:8080:80']", "ports: ['8080-8090:80-90']", "ports: [{target: 80}]", "image: x", ""] {
        assert_eq!(edit(&web(lines), &change), None, "{lines}");
    }
}

#[test]
fn extra_hosts_come_and_go() {
    let cases = [
        ("", "@@ -3,0 +4,2 @@\n+    extra_hosts:\n+      - \"host.docker.internal:host-gateway\"\n"),
        ("extra_hosts:\n  db: 10.0.0.1", "@@ -5,0 +6 @@\n+      \"host.docker.internal\": \"host-gateway\"\n"),
    ];
    for (lines, wanted) in cases {
        assert_eq!(diff(&web(lines), &add_host()).as_deref(), Some(wanted), "{lines}");
    }
    let cases = [
        ("extra_hosts: ['db:10.0.0.1']", "@@ -4 +3,0 @@\n-    extra_hosts: ['db:10.0.0.1']\n"),
        ("extra_hosts:\n  - db:10.0.0.1 # old", "@@ -4,2 +3,0 @@\n-    extra_hosts:\n-      - db:10.0.0.1 # old\n"),
        ("extra_hosts:\n  - a:10.0.0.1\n  - db:10.0.0.1", "@@ -6 +5,0 @@\n-      - db:10.0.0.1\n"),
        ("extra_hosts:\n  db: 10.0.0.1\n  a: 10.0.0.1", "@@ -5 +4,0 @@\n-      db: 10.0.0.1\n"),
        (
            "extra_hosts: ['db=10.0.0.1', 'a:10.0.0.1']",
            "@@ -4 +4 @@\n-    extra_hosts: ['db=10.0.0.1', 'a:10.0.0.1']\n+    extra_hosts: ['a:10.0.0.1']\n",
        ),
    ];
    for (lines, wanted) in cases {
        assert_eq!(diff(&web(lines), &remove_host("db")).as_deref(), Some(wanted), "{lines}");
    }
    assert_eq!(edit(&web("extra_hosts: ['a:10.0.0.1']"), &remove_host("db")), None);
}

#[test]
fn depends_on_becomes_a_condition() {
    let cases = [
        ("", "@@ -3,0 +4,3 @@\n+    depends_on:\n+      db:\n+        condition: service_healthy\n"),
        (
            "depends_on: [a, db]",
            "@@ -4 +4,5 @@\n-    depends_on: [a, db]\n+    depends_on:\n+      a:\n+        condition: \
             service_started\n+      db:\n+        condition: service_healthy\n",
        ),
        (
            "depends_on:\n  db:\n    condition: service_started",
            "@@ -6 +6 @@\n-        condition: service_started\n+        condition: service_healthy\n",
        ),
    ];
    for (lines, wanted) in cases {
        assert_eq!(diff(&web(lines), &wait_for("db")).as_deref(), Some(wanted), "{lines}");
    }
    let unchecked = ComposeChange::WaitUntilHealthy { service: "db".to_owned(), checked: false };
    assert_eq!(edit(&web(""), &of_web(unchecked)), None);
}

#[test]
fn what_others_share_is_not_changed_for_them() {
    let text = "x-nets: &nets [inner]\nx-common: &common\n  networks: [inner, outer]\nservices:\n  web:\n    networks: *nets  # both\n  \
                merged:\n    <<: *common\n  db: &db\n    image: x\n  db2: *db\nnetworks:\n  inner: {}\n  outer: {}\n  x: {}\n";
    let of = |service: &str| ComposeEdit { service: service.to_owned(), ..join("x", Declared::Already) };
    assert_eq!(
        diff(text, &of("web")).as_deref(),
        Some("@@ -6 +6 @@\n-    networks: *nets  # both\n+    networks: [inner, x]  # both\n")
    );
    assert_eq!(
        diff(text, &of("merged")).as_deref(),
        Some("@@ -8,0 +9,4 @@\n+    networks:\n+      - inner\n+      - outer\n+      - x\n")
    );
    assert_eq!(edit(text, &of("db")), None);
    assert_eq!(edit(text, &of("db2")), None);
    let text = text.replace("networks: *nets", "networks: &own [inner]");
    assert_eq!(edit(&text, &of("web")), None);
}

#[test]
fn line_ends_stay_as_they_are() {
    let text = web("networks: [inner]").replace('\n', "\r\n");
    let edited = edit(&text, &join("x", Declared::External)).expect("an edit").text;
    assert_eq!(edited.matches('\n').count(), edited.matches("\r\n").count());
    assert_eq!(diff(&text, &join("x", Declared::External)), None, "a terminal does not paste such lines");
    let text = web("networks: [inner]");
    let open = text.trim_end();
    let edited = edit(open, &join("x", Declared::External)).expect("an edit").text;
    assert!(
        !edited.ends_with('\n') && edited.starts_with("networks:\n  x:\n    external: true\nservices:\n"),
        "{edited:?}"
    );
}

#[test]
fn what_is_inherited_or_elsewhere_is_in_doubt() {
    assert_eq!(edit(&web("extends: { service: base }"), &join("x", Declared::New)), None);
    assert!(edit(&web("extends: { service: base }\nnetworks: [a]"), &join("x", Declared::New)).is_some());
    for text in
        ["", "web:\n  image: nginx\n", "services: []", "services:\n  web:\n", "services:\n  web: null\n", "\t", "{"]
    {
        assert_eq!(edit(text, &publish(80, 80)), None, "{text:?}");
    }
    let several = format!("{}---\n{}", web(""), web(""));
    assert_eq!(edit(&several, &publish(80, 80)), None);
}

#[test]
fn of_several_files_the_one_that_has_the_key_is_changed() {
    let base = web("networks: [inner]") + "networks:\n  inner: {}\n  x: {}\n";
    let over = "services:\n  web:\n    command: [nginx]\n  other:\n    image: x\n".to_owned();
    let last = "services:\n  other:\n    image: y\n".to_owned();
    let files = [base, over, last];
    let chosen = |change: &ComposeEdit| edit_one_of(&files, change).map(|(index, _)| index);
    assert_eq!(chosen(&command(&["nginx", "-g"])), Some(1));
    assert_eq!(chosen(&join("x", Declared::Already)), Some(0));
    assert_eq!(chosen(&publish(80, 80)), Some(1), "no file has the key: the last one with the service");
    let nobody = ComposeEdit { service: "nobody".to_owned(), ..publish(80, 80) };
    assert_eq!(chosen(&nobody), None);
}

#[test]
fn nothing_is_shown_that_stands_beside_a_change() {
    // All in one line: the line would have to be shown.
    let text = "services:\n  web: { image: nginx, environment: { PASSWORD: hunter2 }, networks: [inner] }\n";
    let change = join("x", Declared::Already);
    assert!(edit(text, &change).is_some());
    assert_eq!(diff(text, &change), None);
    let text = web("command: mongod --bind_ip 127.0.0.1 --password hunter2");
    assert_eq!(diff(&text, &command(&["mongod", "--bind_ip_all"])), None, "the old line holds a secret");
    let text = web("environment:\n  PASSWORD: hunter2\nnetworks: [inner]\nenv_file: [secret.env]");
    let shown = diff(&text, &change).expect("a diff");
    assert_eq!(shown, "@@ -6 +6 @@\n-    networks: [inner]\n+    networks: [inner, x]\n");
    let text = web("environment:\n  PASSWORD: hunter2");
    let shown = diff(&text, &publish(80, 80)).expect("a diff");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn variables_are_set_where_they_stand_and_others_are_not_shown() {
    let set = of_web(ComposeChange::SetVariables {
        variables: ["NO_PROXY", "no_proxy"]
            .map(|name| Assignment { name: name.to_owned(), value: "localhost,api".to_owned() })
            .to_vec(),
    });
    let shown = |body: &str| diff(&web(body), &set);
    assert_eq!(
        shown("environment:\n  TOKEN: abc\n  NO_PROXY: localhost").as_deref(),
        Some(
            "@@ -6 +6,2 @@\n-      NO_PROXY: localhost\n+      NO_PROXY: \"localhost,api\"\n+      no_proxy: \"localhost,api\"\n"
        )
    );
    assert_eq!(
        shown("environment:\n  - NO_PROXY=localhost\n  - TOKEN=abc").as_deref(),
        Some(
            "@@ -5 +5 @@\n-      - NO_PROXY=localhost\n+      - \"NO_PROXY=localhost,api\"\n@@ -6,0 +7 @@\n+      - \
             \"no_proxy=localhost,api\"\n"
        )
    );
    assert_eq!(
        shown("ports: ['80:80']").as_deref(),
        Some(
            "@@ -4,0 +5,3 @@\n+    environment:\n+      NO_PROXY: \"localhost,api\"\n+      no_proxy: \"localhost,api\"\n"
        )
    );
    // Where others stand on the same line, a diff would show them.
    assert_eq!(shown("environment: { TOKEN: abc, NO_PROXY: x }"), None);
    assert_eq!(edit(&web("environment:\n  NO_PROXY: ${NO_PROXY}"), &set), None);
}
