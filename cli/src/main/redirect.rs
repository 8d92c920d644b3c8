//! Which regular file stdout is, for the arrow that a shell took for a redirect.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use dprobe::args::CheckArgs;
use dprobe::arrow::Redirect;
use dprobe_probes::text::printable;

use crate::console::Console;

/// The regular file that stdout is redirected to, if it is.
pub(crate) fn of_stdout() -> Option<Redirect> {
    let stdout = File::from(io::stdout().as_fd().try_clone_to_owned().ok()?);
    let metadata = stdout.metadata().ok().filter(fs::Metadata::is_file)?;
    let folder = std::env::current_dir().ok()?;
    let same =
        |path: &PathBuf| fs::metadata(path).is_ok_and(|m| (m.dev(), m.ino()) == (metadata.dev(), metadata.ino()));
    // Linux knows the name of an open file; elsewhere it is looked for where the shell has most likely put it.
    let path = fs::read_link("/proc/self/fd/1")
        .ok()
        .filter(same)
        .or_else(|| fs::read_dir(&folder).ok()?.flatten().map(|entry| entry.path()).find(same))?;
    Some(Redirect { path, folder })
}

/// Says what the shell has made of the arrow, and how to avoid it.
pub(crate) fn explain(redirect: &Redirect, args: &CheckArgs, console: &Console) {
    let path = redirect.path.strip_prefix(&redirect.folder).unwrap_or(&redirect.path);
    let targets: Vec<&str> = args.targets.iter().map(|target| target.typed.as_str()).collect();
    console.note(&format!(
        "the shell took `>` for a redirect and made (or emptied) the file `{}`; the report is in it too\n\
         with quotes there is no file: dprobe check '{} -> {}'",
        printable(path.as_os_str().as_encoded_bytes(), 200),
        args.from.typed,
        targets.join(" ")
    ));
}
