//! What a container is told to connect to, found in its environment and on its command line.

use dprobe::discovery::{Configuration, dependencies};
use dprobe::engine::fuzzing;
use dprobe::words::Login;
use serde_json::json;

use crate::check::{self, SECRET, escaped};

/// The most dependencies of one container, and of its places in the configuration.
const MOST: usize = 64;

/// The longest value that is looked at.
const LONGEST: usize = 4096;

/// A configuration: a variable a line, an argument a line that begins with a blank. `@` stands for a user with a password.
pub(super) fn configured(data: &[u8]) {
    let text = String::from_utf8_lossy(data).replace('@', &format!("user:{SECRET}@"));
    let mut configuration = Configuration {
        environment: vec![format!("DB_PASSWORD={SECRET}"), "DB_HOST=db".to_owned()],
        arguments: vec!["node".to_owned()],
        image_environment: vec!["IMAGE_URL=http://image.test".to_owned()],
        depends_on: vec!["db".to_owned(), "cache".to_owned()],
    };
    for line in text.lines() {
        match line.strip_prefix(' ') {
            Some(argument) => configuration.arguments.push(argument.to_owned()),
            None => configuration.environment.push(line.to_owned()),
        }
    }
    let container = |name: &str, address: &str| {
        json!({"Id": format!("{name}id"), "Name": format!("/{name}"), "State": {"Status": "running"},
            "Config": {"ExposedPorts": {"80/tcp": {}}, "Labels": {
                "com.docker.compose.project": "shop", "com.docker.compose.service": name}},
            "NetworkSettings": {"Networks": {"app": {"NetworkID": "n", "IPAddress": address}}}})
    };
    let topology = fuzzing::topology(json!({
        "networks": [{"Id": "n", "Name": "app", "Driver": "bridge"}],
        "containers": [container("web", "172.18.0.2"), container("db", "172.18.0.3")],
    }));
    let mut found = dependencies(&configuration, &topology.containers["web"], &topology);
    assert!(found.len() <= MOST, "{found:?}");
    check::all_printable(&found);
    check::all_shorter(&found, escaped(LONGEST));
    // As whom it logs in is for the agent to know and for no report. In rubbish, a whole URL can be the name of a database.
    for found in &mut found {
        found.login = Login::default();
    }
    check::no_secret(&format!("{found:?}"));
    check::comes_back(&found);
    // What was found can be asked for, unless it was left out.
    for dependency in found.iter().filter(|found| found.left_out.is_none() && found.malformed.is_none()) {
        let read = dprobe::words::targets(&dependency.target);
        assert!(read.is_ok(), "{dependency:?}: {read:?}");
    }
}
