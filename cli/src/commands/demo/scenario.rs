//! The scenarios: what is made, what is dialled, and which cause that is.

use super::stage::Stage;
use crate::exit::Failure;

/// A broken stack.
pub(super) struct Scenario {
    /// What it is called on the command line.
    pub(super) name: &'static str,
    /// What it is, in one line.
    pub(super) about: &'static str,
    /// The code of its cause.
    pub(super) code: &'static str,
    /// The network of `web` and that of `mongodb`.
    networks: [&'static str; 2],
    /// Options of `docker run` for `mongodb`, beside its network.
    options: &'static [&'static str],
    /// How `mongod` is started.
    mongod: &'static [&'static str],
    /// What `web` dials.
    dial: Dial,
}

/// What `web` dials.
enum Dial {
    /// The name of the container and the usual port.
    Name,
    /// The name of the container and the port that the host publishes for it.
    HostPort,
    /// A URL that says localhost.
    Localhost,
}

const PORT: u16 = 27017;

/// All of them; the first is played when none is named.
pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "wrong-network",
        about: "web and mongodb are on different networks",
        code: "no-shared-network",
        networks: ["web-net", "favorites-net"],
        options: &[],
        mongod: &["mongod", "--bind_ip_all"],
        dial: Dial::Name,
    },
    Scenario {
        name: "loopback-bind",
        about: "mongod listens on 127.0.0.1, inside its own container only",
        code: "bind-loopback",
        networks: ["favorites-net", "favorites-net"],
        options: &[],
        mongod: &["mongod", "--bind_ip", "127.0.0.1"],
        dial: Dial::Name,
    },
    Scenario {
        name: "host-port",
        about: "the port that is published on the host, used between containers",
        code: "host-port-used-inside",
        networks: ["favorites-net", "favorites-net"],
        options: &["-p", "127.0.0.1::27017"],
        mongod: &["mongod", "--bind_ip_all"],
        dial: Dial::HostPort,
    },
    Scenario {
        name: "localhost",
        about: "a URL that says localhost, moved into a container",
        code: "localhost-is-container",
        networks: ["favorites-net", "favorites-net"],
        options: &[],
        mongod: &["mongod", "--bind_ip_all"],
        dial: Dial::Localhost,
    },
];

impl Scenario {
    /// The commands that make the stack.
    pub(super) fn set_up(&self, stage: &mut Stage) -> Vec<String> {
        let mut networks: Vec<&str> = self.networks.to_vec();
        networks.dedup();
        let mut commands: Vec<String> = networks.iter().map(|network| stage.make_network(network)).collect();
        commands.push(stage.make_container("web", self.networks[0], &[], &["web", "tcp:0.0.0.0:8080,http=200"]));
        commands.push(stage.make_container("mongodb", self.networks[1], self.options, self.mongod));
        commands
    }

    /// The commands that start `mongodb` with other arguments.
    pub(super) fn restart(&self, stage: &mut Stage, argv: &[String]) -> Vec<String> {
        let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
        vec![stage.remove_container("mongodb"), stage.make_container("mongodb", self.networks[1], self.options, &argv)]
    }

    /// What `web` dials.
    pub(super) fn target(&self, stage: &Stage) -> Result<String, Failure> {
        let name = stage.name("mongodb");
        Ok(match self.dial {
            Dial::Name => format!("{name}:{PORT}"),
            Dial::HostPort => format!("{name}:{}", stage.host_port("mongodb", PORT)?),
            Dial::Localhost => format!("mongodb://localhost:{PORT}/favorites"),
        })
    }
}
