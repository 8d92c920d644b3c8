//! Greetings, as short as they can be said.

use dprobe_probes::application::{Application, ApplicationProtocol, Security, Verify};
use dprobe_probes::greeting::{
    Advertised, GreetingFact, GreetingOutcome, GreetingPhases, Refusal, RefusalKind, SpokenProtocol,
};
use dprobe_probes::tcp::{AfterConnect, TcpOutcome};
use dprobe_probes::wire::Fact;

use super::Facts;

/// A greeting of a protocol in plain text that ended well.
pub(in crate::diagnosis::tests) fn greeting(protocol: ApplicationProtocol, host: &str, port: u16) -> GreetingFact {
    let security = match protocol {
        ApplicationProtocol::Postgres | ApplicationProtocol::Mysql => Security::Preferred,
        _ => Security::Plain,
    };
    let verify = if security == Security::Preferred { Verify::Nothing } else { Verify::Full };
    GreetingFact {
        host: host.to_owned(),
        port,
        address: None,
        application: Application { protocol, security, verify },
        patience_ms: 4000,
        answered: Some(protocol.into()),
        outcome: GreetingOutcome::Welcome,
        errno: None,
        refusal: None,
        software: None,
        version: None,
        tls_offered: None,
        tls: None,
        tls_failure: None,
        advertised: Vec::new(),
        first: None,
        phases: GreetingPhases::default(),
    }
}

/// The same, turned away.
pub(in crate::diagnosis::tests) fn refused(greeting: GreetingFact, kind: RefusalKind, text: &str) -> GreetingFact {
    let refusal = Some(Refusal { kind, code: None, text: text.to_owned() });
    GreetingFact { outcome: GreetingOutcome::Refused, refusal, ..greeting }
}

/// The same, answered by somebody who speaks something else.
pub(in crate::diagnosis::tests) fn answered(greeting: GreetingFact, by: SpokenProtocol) -> GreetingFact {
    GreetingFact { outcome: GreetingOutcome::OtherProtocol, answered: Some(by), ..greeting }
}

/// An address that clients are sent to.
pub(in crate::diagnosis::tests) fn advertised(host: &str, port: u16, vital: bool) -> Advertised {
    Advertised { host: host.to_owned(), port, vital }
}

impl Facts {
    /// What the source came to when it greeted.
    pub(in crate::diagnosis::tests) fn greets(self, fact: GreetingFact) -> Self {
        let place = self.from.clone();
        self.see(&place, Fact::Greeting(fact))
    }

    /// Connects, and is told something unasked.
    pub(in crate::diagnosis::tests) fn hears(self, host: &str, address: &str, port: u16, first: &str) -> Self {
        self.dial(host, address, port, TcpOutcome::Connected, Some(AfterConnect::Spoke { first: first.to_owned() }))
    }
}
