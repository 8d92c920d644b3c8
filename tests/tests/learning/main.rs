//! The stacks that people learn with, each as a whole story: how it works, and how it breaks for those who build it for the
//! first time. `docs/tutorial.md` tells the same stories, and the compose files are the ones of that page.

mod databases;
mod favorites;
mod front_end;
mod lessons;
mod loopback;
mod published;
