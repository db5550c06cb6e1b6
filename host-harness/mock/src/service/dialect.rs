//! What is at a path: the service speaks two dialects.

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Dialect {
    /// A resource, or a gateway before one.
    Resource,
    /// A project of Microsoft Foundry: no `api-version`, one audience, and a type on every input item.
    Project,
}

impl Dialect {
    /// The dialect that is spoken at this path. A gateway may put its own path in front of a project's.
    pub(crate) fn of(path: &str) -> Self {
        let name = path.split_once("/api/projects/").map(|(_, rest)| rest);
        let is_named = name.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'));
        if is_named {
            Self::Project
        } else {
            Self::Resource
        }
    }
}
