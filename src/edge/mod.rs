//! The edges: implementations of [`crate::engine::edge::Edge`], one folder for each world that the component lives in.

pub(crate) mod wasi02;
