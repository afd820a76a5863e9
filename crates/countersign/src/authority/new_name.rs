//! What a new account may be called (RFC 8265 in spirit, Django in effect). Names that are there already, or come by an
//! import, stay as they are, and a sign-in compares exactly.

use unicode_normalization::UnicodeNormalization as _;

use super::accounts::is_usable_name;

/// The name under which a new account is stored, in NFKC as Django stores it: two spellings that look the same are one
/// name, so that nobody is confused with somebody. Upper and lower case stay apart. `None` if nobody may be called
/// that.
pub(super) fn new_name(wanted: &str) -> Option<String> {
    // One character may become eighteen.
    if !is_usable_name(wanted) {
        return None;
    }
    let name: String = wanted.nfkc().collect();
    let has_blank_ends = name.trim() != name;
    (is_usable_name(&name) && !has_blank_ends && !name.chars().any(is_unseen)).then_some(name)
}

/// Whether a character shows as nothing, or only changes how others show: Unicode's format characters (Cf) and those
/// that it calls default ignorable, and every blank but the ordinary one.
fn is_unseen(c: char) -> bool {
    (c.is_whitespace() && c != ' ')
        || matches!(u32::from(c),
            0x00AD
            | 0x034F
            | 0x0600..=0x0605
            | 0x061C
            | 0x06DD
            | 0x070F
            | 0x0890..=0x0891
            | 0x08E2
            | 0x115F..=0x1160
            | 0x17B4..=0x17B5
            | 0x180B..=0x180F
            | 0x200B..=0x200F
            | 0x202A..=0x202E
            | 0x2060..=0x206F
            | 0x2800
            | 0x3164
            | 0xFE00..=0xFE0F
            | 0xFEFF
            | 0xFFA0
            | 0xFFF0..=0xFFFB
            | 0x1_10BD
            | 0x1_10CD
            | 0x1_3430..=0x1_343F
            | 0x1_BCA0..=0x1_BCA3
            | 0x1_D173..=0x1_D17A
            | 0xE_0000..=0xE_0FFF
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_as_they_are_read() {
        for (wanted, stored) in [
            ("alice", "alice"),
            ("Alice", "Alice"),
            ("anna maria", "anna maria"),
            ("a.b+c@example.org", "a.b+c@example.org"),
            ("\u{17e}ofie", "\u{17e}ofie"),
            ("z\u{30c}ofie", "\u{17e}ofie"),
            ("\u{fb01}ona", "fiona"),
            ("\u{ff41}lice", "alice"),
            ("a\u{a0}b", "a b"),
            ("\u{2165}", "VI"),
            ("\u{5d0}\u{5d1}", "\u{5d0}\u{5d1}"),
            ("\u{1f980}", "\u{1f980}"),
        ] {
            assert_eq!(new_name(wanted).as_deref(), Some(stored), "{wanted:?}");
            assert_eq!(new_name(stored).as_deref(), Some(stored), "{stored:?}");
        }
    }

    #[test]
    fn what_nobody_sees_is_in_no_name() {
        for unseen in [
            '\0',
            '\t',
            '\n',
            '\u{7f}',
            '\u{85}',
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{115f}',
            '\u{180e}',
            '\u{200b}',
            '\u{200d}',
            '\u{200e}',
            '\u{2028}',
            '\u{2029}',
            '\u{202e}',
            '\u{2060}',
            '\u{2066}',
            '\u{2800}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{fff9}',
            '\u{1d173}',
            '\u{e0001}',
            '\u{e0061}',
            '\u{e0100}',
        ] {
            for name in [
                format!("al{unseen}ice"),
                format!("{unseen}alice"),
                format!("alice{unseen}"),
                unseen.to_string(),
            ] {
                assert_eq!(new_name(&name), None, "{name:?}");
            }
        }
    }

    #[test]
    fn no_blank_begins_or_ends_a_name() {
        for name in ["", " ", " alice", "alice ", "\u{a0}alice", "alice\u{3000}"] {
            assert_eq!(new_name(name), None, "{name:?}");
        }
    }

    #[test]
    fn a_name_is_as_long_as_it_is_stored() {
        assert!(new_name(&"x".repeat(150)).is_some());
        assert!(new_name(&"x".repeat(151)).is_none());
        assert!(new_name(&"\u{fdfa}".repeat(8)).is_some(), "144 characters");
        assert!(new_name(&"\u{fdfa}".repeat(9)).is_none(), "162 characters");
    }
}
