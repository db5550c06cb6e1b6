//! Every setting: where its value comes from, what is no value for it, and what it does to requests.

mod resolution;
mod routing;
mod spelling;
mod table;
mod wire;
