//! The form of Go's MySQL driver: `[USER[:PASSWORD]@]tcp(HOST[:PORT])/DATABASE[?PARAMETERS]`.

use super::parameters::Parameters;
use super::spec::{Place, Spec};
use super::{Login, WordError, scheme};

/// The transports that the driver knows by name.
const NETWORKS: [&str; 4] = ["tcp(", "tcp4(", "tcp6(", "unix("];

/// Where the transport stands in a word of this form. Of URLs only those of the database have it, as tools for migrations take
/// them (`mysql://app:password@tcp(db:3306)/shop`).
pub(super) fn find(word: &str) -> Option<usize> {
    let scheme = word.split_once("://").map(|(scheme, _)| scheme).filter(|scheme| !is_own(scheme));
    if scheme.is_some_and(|scheme| scheme::known(&scheme.to_ascii_lowercase())) {
        return None;
    }
    // Behind the transport, the name of one may be part of anything.
    let ends = |at: &usize| *at == 0 || word[..*at].ends_with('@');
    NETWORKS.iter().filter_map(|network| word.rmatch_indices(network).map(|(at, _)| at).find(ends)).max()
}

/// Whether a scheme is one of this database.
fn is_own(scheme: &str) -> bool {
    ["mysql", "mariadb"].iter().any(|own| scheme.eq_ignore_ascii_case(own))
}

/// What such a string says.
pub(super) fn read(word: &str, at: usize) -> Result<Spec, WordError> {
    let typed = || "***@tcp(…)/…".to_owned();
    let (network, rest) = word[at..].split_once('(').unwrap_or(("tcp", ""));
    if network == "unix" {
        return Err(WordError::Local { typed: typed() });
    }
    let wrong = || WordError::NoHost { typed: typed(), example: "app:***@tcp(db:3306)/shop" };
    let (address, after) = rest.split_once(')').ok_or_else(wrong)?;
    let place = Place::read(address, &format!("tcp({address})"))?;
    if place.host.is_empty() {
        return Err(wrong());
    }
    let (path, query) = after.split_once('?').unwrap_or((after, ""));
    let database = path.strip_prefix('/').filter(|name| !name.is_empty());
    let url = word[..at].split_once("://").filter(|(scheme, _)| is_own(scheme));
    let info = url.map_or(&word[..at], |(_, info)| info);
    let user = info.trim_end_matches('@').split(':').next().filter(|user| !user.is_empty());
    let parameters = Parameters::of_query(query);
    let mut spec = Spec::of("mysql", vec![place], database);
    // The driver speaks TLS only where it is told to.
    let plain = dprobe_probes::application::Security::Plain;
    let told = parameters.has(&["tls"]);
    spec.application = spec.application.map(|application| {
        let refined = parameters.refine(application, false);
        if told { refined } else { dprobe_probes::application::Application { security: plain, ..refined } }
    });
    spec.login = Login::of(user.map(str::to_owned), database.map(str::to_owned));
    Ok(spec)
}
