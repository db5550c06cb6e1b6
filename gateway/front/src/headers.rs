//! The headers of a request.

/// The headers of a request, in the order in which they came.
#[derive(Debug, Default)]
pub struct Headers(Vec<(String, Vec<u8>)>);

impl Headers {
    /// These headers; names may be in any case.
    pub fn new(headers: Vec<(String, Vec<u8>)>) -> Self {
        Self(headers)
    }

    /// Whether a header is there.
    pub fn contains(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// The values of a header.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let is_it = move |(found, _): &&(String, Vec<u8>)| found.eq_ignore_ascii_case(name);
        let found = self.0.iter().filter(is_it);
        found.map(|(_, value)| value.as_slice())
    }

    /// The value of a header that is there once, if it is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        let is_it = |(found, _): &&(String, Vec<u8>)| found.eq_ignore_ascii_case(name);
        let mut found = self.0.iter().filter(is_it);
        match (found.next(), found.next()) {
            (Some((_, value)), None) => std::str::from_utf8(value).ok(),
            _ => None,
        }
    }

    /// All of them.
    pub fn into_inner(self) -> Vec<(String, Vec<u8>)> {
        self.0
    }
}
