//! Why the engine could not even start the program of a container, by the words of its runtime.

use super::fixes::change;
use crate::report::Fix;

/// A start that failed before the program ran. Starting once more fails in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StartError<'a> {
    /// The program that was to be started.
    program: &'a str,
    reason: Reason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// There is no such file in the image, or in its search path.
    Missing,
    /// There is one that is no program, or lacks the right to be one.
    NotExecutable,
}

impl<'a> StartError<'a> {
    /// What the engine says of a container's last start (`State.Error`), where it is about its program: runc and crun name it as
    /// Go's `os/exec` does.
    pub(super) fn of(error: &'a str) -> Option<Self> {
        let (_, named) = error.split_once("exec: \"")?;
        let (program, reason) = named.split_once("\": ")?;
        let reason = if reason.contains("executable file not found") || reason.contains("no such file or directory") {
            Reason::Missing
        } else if reason.contains("permission denied") || reason.contains("is a directory") {
            Reason::NotExecutable
        } else {
            return None;
        };
        Some(Self { program, reason })
    }

    /// In a few words, for a title.
    pub(super) fn title(self) -> String {
        match self.reason {
            Reason::Missing => format!("there is no program `{}` in it", self.program),
            Reason::NotExecutable => format!("`{}` in it can not be executed", self.program),
        }
    }

    /// What to do.
    pub(super) fn fix(self, name: &str) -> Fix {
        let program = self.program;
        change(match self.reason {
            Reason::Missing => format!(
                "recreate {name} with a program that its image has: `{program}` is misspelt, not installed there, or hidden by a \
                 volume; `docker start` would fail again"
            ),
            Reason::NotExecutable => format!(
                "make `{program}` executable where the image is built (`RUN chmod +x {program}`, or `chmod +x` on the file that is \
                 mounted) and recreate {name}"
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(error: &str) -> Option<String> {
        StartError::of(error).map(StartError::title)
    }

    #[test]
    fn the_words_of_runtimes() {
        let missing = Some("there is no program `sleep` in it".to_owned());
        for error in [
            "OCI runtime create failed: container_linux.go:380: starting container process caused: exec: \"sleep\": executable \
             file not found in $PATH: unknown",
            "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable \
             to start container process: exec: \"sleep\": executable file not found in $PATH",
        ] {
            assert_eq!(said(error), missing, "{error}");
        }
        assert_eq!(
            said(
                "unable to start container process: exec: \"/run.sh\": stat /run.sh: no such file or directory: unknown"
            ),
            Some("there is no program `/run.sh` in it".to_owned())
        );
        assert_eq!(
            said("unable to start container process: exec: \"/run.sh\": permission denied: unknown"),
            Some("`/run.sh` in it can not be executed".to_owned())
        );
        for error in ["", "network n not found", "exec: \"", "exec: \"x\": text file busy"] {
            assert_eq!(said(error), None, "{error}");
        }
    }
}
