//! The user's own compose files, where the labels of a container name them and they can be read.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::document::{Document, Id, Kind};
use super::patch::{commands, up};
use super::{edit_one_of, patch};
use crate::report::Check;
use crate::topology::{ComposeService, EngineInfo, Topology};

/// The longest compose file that is read, in bytes, and how many of a project.
const LONGEST: u64 = 256 * 1024;
const MOST: usize = 8;

/// Turns the snippets of all fixes into patches of the user's own files, as far as those can be read and changed safely.
pub fn patch_fixes(checks: &mut [Check], topology: &Topology, engine: &EngineInfo) {
    // The files of an engine elsewhere are elsewhere.
    if !engine.address.starts_with("unix://") {
        return;
    }
    for check in checks {
        patch_check(check, topology);
    }
}

fn patch_check(check: &mut Check, topology: &Topology) {
    for followed in &mut check.followed {
        patch_check(&mut followed.check, topology);
    }
    for fix in check.diagnoses.iter_mut().flat_map(|diagnosis| &mut diagnosis.fixes) {
        let Some(edit) = &fix.edit else { continue };
        let mut services = topology.containers.values().filter_map(|container| container.compose.as_ref());
        let known = services.find(|known| known.project == edit.project && known.service == edit.service);
        let Some(known) = known else { continue };
        let Some((paths, texts)) = read(known) else { continue };
        let Some((index, edited)) = edit_one_of(&texts, edit) else { continue };
        let Some(diff) = patch(&paths[index], &texts[index], &edited) else { continue };
        let old = known.version.starts_with("1.");
        let Some(up) = up(old, &edit.project, &paths, &edit.service) else { continue };
        let Some(patch) = commands(&paths[index], &diff, &up) else { continue };
        fix.compose = Some(diff);
        fix.patch = Some(patch);
    }
}

/// The services that a service waits for by its own compose file (`depends_on`), for versions of compose that tell it in no
/// label; without those that are to end before it starts. Empty where the files can not be read.
#[must_use]
pub fn depends_on(service: &ComposeService, engine: &EngineInfo) -> Vec<String> {
    let readable = Some(service).filter(|_| engine.address.starts_with("unix://"));
    let Some((_, texts)) = readable.and_then(read) else { return Vec::new() };
    let mut found: Vec<String> = texts
        .iter()
        .filter_map(|text| Document::parse(text))
        .flat_map(|file| waited_for(&file, &service.service))
        .collect();
    found.sort();
    found.dedup();
    found
}

/// `depends_on` as a list, or as a mapping with a condition for each.
fn waited_for(file: &Document<'_>, service: &str) -> Vec<String> {
    let services = file.effective(file.root(), "services");
    let list = services
        .and_then(|services| file.effective(services, service))
        .and_then(|service| file.effective(service, "depends_on"));
    let Some(list) = list else { return Vec::new() };
    match &file.node(list).kind {
        Kind::Sequence { items, .. } => items.iter().filter_map(|item| file.scalar(*item)).map(str::to_owned).collect(),
        Kind::Mapping { entries, .. } => {
            let ends = |value: Id| {
                let condition = file.effective(value, "condition").and_then(|condition| file.scalar(condition));
                condition == Some("service_completed_successfully")
            };
            let waited = entries.iter().filter(|(_, value)| !ends(*value));
            waited.filter_map(|(name, _)| file.scalar(*name)).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// The compose files of a service, in the order in which compose merges them; none where one of them can not be read.
fn read(service: &ComposeService) -> Option<(Vec<PathBuf>, Vec<String>)> {
    if service.files.is_empty() || service.files.len() > MOST {
        return None;
    }
    let paths = paths(service)?;
    let texts = paths.iter().map(|path| text(path)).collect::<Option<_>>()?;
    Some((paths, texts))
}

/// Where the files are. Newer versions of compose name them with their whole path. Older ones name them as they were typed,
/// from a folder that they do not tell, and tell the project's folder, which is that of the first file.
fn paths(service: &ComposeService) -> Option<Vec<PathBuf>> {
    let named: Vec<&Path> = service.files.iter().map(Path::new).collect();
    if named.iter().all(|file| file.is_absolute()) {
        return Some(named.into_iter().map(Path::to_owned).collect());
    }
    let folder = Path::new(&service.working_dir);
    let inner = named[0].parent()?;
    let up = |path: &Path| path.components().any(|part| part == std::path::Component::ParentDir);
    if !folder.is_absolute() || named.iter().any(|file| up(file)) {
        return None;
    }
    let typed_in = if folder.ends_with(inner) { folder.ancestors().nth(inner.components().count())? } else { folder };
    Some(named.into_iter().map(|file| typed_in.join(file)).collect())
}

/// The content of a compose file. Labels may name anything, so only plain files of the usual names are opened.
fn text(path: &Path) -> Option<String> {
    let usual = path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml");
    if !usual || !fs::symlink_metadata(path).ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    File::open(path).ok()?.take(LONGEST + 1).read_to_string(&mut text).ok()?;
    (text.len() as u64 <= LONGEST).then_some(text)
}
