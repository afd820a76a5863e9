//! The members of a claims set, kept as the JSON text that will be signed.

use std::ops::Range;

use crate::json::push_ascii_string;

/// One text, and where in it names and values stand: a set costs two allocations however many claims
/// it has, and is written by lending it.
///
/// A claims set has a dozen members or two, so a name is looked up by comparing.
#[derive(Clone, Default)]
pub(super) struct Members {
    /// `{"name":value,…}` without blanks between members. Empty before the first one.
    json: String,
    places: Vec<Place>,
}

#[derive(Clone)]
struct Place {
    /// The name without its quotes, as it is spelled.
    name: Range<usize>,
    value: Range<usize>,
    /// The name itself, if it is spelled with escapes.
    unescaped: Option<Box<str>>,
}

impl Members {
    /// No members, and room for so many bytes.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self {
            json: String::with_capacity(bytes),
            places: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn as_json(&self) -> &str {
        if self.places.is_empty() {
            return "{}";
        }
        &self.json
    }

    /// Names and values, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.places
            .iter()
            .map(|place| (self.name(place), self.slice(&place.value)))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let place = self.places.get(self.position(name)?)?;
        Some(self.slice(&place.value))
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.position(name).is_some()
    }

    /// Sets a member, in its place if there is one of this name, to an acceptable JSON value.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        match self.position(name) {
            Some(position) => self.replace(position, value),
            None => self.push(name, value),
        }
    }

    /// Appends a member whose name is not there yet, with an acceptable JSON value.
    pub(super) fn push(&mut self, name: &str, value: &str) {
        self.open();
        let name_start = self.json.len() + 1;
        let is_plain = push_ascii_string(name, &mut self.json);
        let spelled = name_start..self.json.len() - 1;
        self.json.push(':');
        let value_start = self.json.len();
        self.json.push_str(value);
        let unescaped = (!is_plain).then(|| name.into());
        self.places.push(Place {
            name: spelled,
            value: value_start..self.json.len(),
            unescaped,
        });
        self.json.push('}');
    }

    fn replace(&mut self, position: usize, value: &str) {
        let Some(place) = self.places.get_mut(position) else {
            return;
        };
        let old = place.value.clone();
        place.value.end = old.start + value.len();
        self.json.replace_range(old.clone(), value);
        self.move_up(position + 1, old.len(), value.len());
    }

    /// Takes a member out; tells whether it was there.
    pub(super) fn remove(&mut self, name: &str) -> bool {
        let Some(position) = self.position(name) else {
            return false;
        };
        let removed = self.places.remove(position);
        // With the comma behind it; the last one with the comma before it, if there is one.
        let (start, end) = (removed.name.start - 1, removed.value.end);
        let gone = if position < self.places.len() {
            start..end + 1
        } else if position > 0 {
            start - 1..end
        } else {
            start..end
        };
        let length = gone.len();
        self.json.replace_range(gone, "");
        self.move_up(position, length, 0);
        true
    }

    /// Moves the places from this one on, after a piece of text before them was exchanged.
    fn move_up(&mut self, from: usize, old_length: usize, new_length: usize) {
        let moved = |at: &mut usize| *at = *at + new_length - old_length;
        for place in self.places.iter_mut().skip(from) {
            moved(&mut place.name.start);
            moved(&mut place.name.end);
            moved(&mut place.value.start);
            moved(&mut place.value.end);
        }
    }

    /// Takes the closing brace away and makes ready for one more member.
    fn open(&mut self) {
        if self.json.is_empty() {
            self.json.reserve(USUAL_BYTES);
            self.places.reserve(USUAL_MEMBERS);
            self.json.push('{');
        } else {
            self.json.pop();
        }
        if !self.places.is_empty() {
            self.json.push(',');
        }
    }

    fn position(&self, name: &str) -> Option<usize> {
        let mut places = self.places.iter();
        places.position(|place| match &place.unescaped {
            Some(known) => **known == *name,
            None => place.name.len() == name.len() && self.slice(&place.name) == name,
        })
    }

    fn name<'a>(&'a self, place: &'a Place) -> &'a str {
        match &place.unescaped {
            Some(name) => name,
            None => self.slice(&place.name),
        }
    }

    /// Places lie within the text and at ASCII characters, so the slice always exists.
    fn slice(&self, range: &Range<usize>) -> &str {
        self.json.get(range.clone()).unwrap_or_default()
    }
}

/// What the claims of most tokens need. Such a set lives briefly, and growing it costs more than the room.
const USUAL_BYTES: usize = 1000;
const USUAL_MEMBERS: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn members() -> Members {
        let mut members = Members::default();
        members.set("a", "1");
        members.set("é\"", r#"{"x":[2]}"#);
        members.set("c", "\"\"");
        members
    }

    fn rows(members: &Members) -> Vec<(&str, &str)> {
        members.iter().collect()
    }

    #[test]
    fn places_stay_right_whatever_is_replaced() {
        for (position, name) in ["a", "é\"", "c"].into_iter().enumerate() {
            for value in ["7", "null", r#""much longer than before""#] {
                let (before, mut members) = (members(), members());
                members.set(name, value);
                let mut expected = rows(&before);
                expected[position].1 = value;
                assert_eq!(rows(&members), expected);
            }
        }
    }

    #[test]
    fn commas_go_with_what_is_removed() {
        let cases: [(&[&str], &str, &str); 5] = [
            (&["a"], r#"{"\u00e9\"":{"x":[2]},"c":""}"#, ","),
            (&["é\""], r#"{"a":1,"c":""}"#, ","),
            (&["c"], r#"{"a":1,"\u00e9\"":{"x":[2]}}"#, ","),
            (&["c", "a"], r#"{"\u00e9\"":{"x":[2]}}"#, ","),
            (&["a", "é\"", "c"], "{}", ""),
        ];
        for (names, left, comma) in cases {
            let mut members = members();
            for name in names {
                assert!(members.remove(name), "{name}");
                assert!(!members.remove(name), "{name}");
            }
            assert_eq!(members.as_json(), left);
            members.set("z", "0");
            let open = left.strip_suffix('}').unwrap();
            assert_eq!(members.as_json(), format!(r#"{open}{comma}"z":0}}"#));
            assert_eq!(members.get("z"), Some("0"));
        }
    }
}
