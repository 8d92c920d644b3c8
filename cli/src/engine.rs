//! Everything that talks to the engine.
