//! JSON at the border: one strict reader, one ASCII writer.
//!
//! `serde_json` reads values into types; it accepts repeated names where the type does not know
//! them, and does not look inside raw values at all. What decides whether a text is *acceptable*
//! is therefore the scanner of this module, which checks everything and keeps the text as it is.

mod ascii;
mod number;
mod scan;

pub(crate) use ascii::{push_ascii_string, to_ascii, write_ascii};
pub(crate) use number::whole_part;
pub use scan::{JsonError, JsonFault};
pub(crate) use scan::{scan_object, scan_value, string_value};
